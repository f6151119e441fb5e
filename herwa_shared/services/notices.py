"""What the bot still has to say: decisions about requests that were made on the web, and welcomes in new guilds.

Each notice is claimed by one process before it is sent, so it is sent at most once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.models import AccessRequest, AccessRuleRow, Guild
from herwa_shared.models.access import AccessDecision

MAX_NOTICES = 20


@dataclass(frozen=True, slots=True)
class DecisionNotice:
    """A decided request of a member. `until` is the end of the allowance, None if the request was declined."""

    user_id: int
    guild_name: str
    command: str
    until: datetime | None


async def claim_decisions(session: AsyncSession) -> tuple[DecisionNotice, ...]:
    """Claim decided requests whose members do not know the decision yet, the oldest first."""
    query = (
        select(AccessRequest, Guild.name, AccessRuleRow.until)
        .join(Guild, col(Guild.id) == col(AccessRequest.guild_id))
        .outerjoin(AccessRuleRow, col(AccessRuleRow.id) == col(AccessRequest.rule_id))
        .where(col(AccessRequest.decided_at).is_not(None), col(AccessRequest.notified_at).is_(None))
        .order_by(col(AccessRequest.decided_at))
        .limit(MAX_NOTICES)
        .with_for_update(skip_locked=True, of=AccessRequest)
    )
    notices = []
    for request, guild_name, until in (await session.execute(query)).all():
        request.notified_at = utc_now()
        is_allowed = request.decision == AccessDecision.ALLOWED
        if not is_allowed or until is not None:  # a rule without an end was made otherwise, or is deleted
            notices.append(DecisionNotice(request.user_id, guild_name, request.command, until if is_allowed else None))
    await session.flush()
    return tuple(notices)


async def mark_notified(session: AsyncSession, *, request_id: int) -> None:
    """Record that the caller informs the member of the decision."""
    await session.execute(
        update(AccessRequest).where(col(AccessRequest.id) == request_id).values(notified_at=utc_now())
    )


async def claim_welcomes(session: AsyncSession, *, has_guild: Callable[[int], bool]) -> tuple[int, ...]:
    """Claim new guilds of this process (`has_guild`) in which the bot has not said hello yet."""
    query = select(Guild).where(col(Guild.welcomed_at).is_(None), col(Guild.left_at).is_(None))
    rows = await session.scalars(query.limit(MAX_NOTICES).with_for_update(skip_locked=True))
    claimed = [guild for guild in rows if has_guild(guild.id)]
    for guild in claimed:
        guild.welcomed_at = utc_now()
    await session.flush()
    return tuple(guild.id for guild in claimed)
