"""How many API keys a guild has, and how many its tier allows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.models import ApiKey
from herwa_shared.services.policies import load_global_policy, load_policy


@dataclass(frozen=True, slots=True)
class KeyAllowance:
    """The number of valid keys and the highest number; None is unlimited.

    Keys that a rotation replaced do not count.
    """

    used: int
    limit: int | None

    @property
    def is_used_up(self) -> bool:
        """Whether no key can be created."""
        return self.limit is not None and self.used >= self.limit


async def load_key_allowance(
    session: AsyncSession, *, guild_id: int, now: datetime, is_test: bool = False
) -> KeyAllowance:
    """Load the allowance of a guild for live keys or for test keys."""
    policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
    query = select(func.count()).where(
        col(ApiKey.guild_id) == guild_id,
        col(ApiKey.is_test) == is_test,
        col(ApiKey.revoked_at).is_(None),
        col(ApiKey.successor_id).is_(None),
        or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
    )
    limit = resolve_entitlement(policy, now.timestamp()).limits.get(Limit.API_KEYS, 0)
    return KeyAllowance(await session.scalar(query) or 0, limit)
