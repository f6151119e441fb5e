"""Saves access rules."""

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.services.access_rules import NewRule, save_rule
from herwa_shared.services.audit import Actor


async def add_rule(session: AsyncSession, *, guild_id: int, rule: NewRule, actor: Actor) -> int:
    """Save a rule and return its id."""
    return (await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)).id
