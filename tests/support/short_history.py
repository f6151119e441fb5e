"""A tier whose history is short, granted to one guild."""

from herwa_shared.catalog import Limit
from herwa_shared.models import TierRow
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import grant, revoke
from herwa_shared.services.tiers import set_tier_limit
from herwa_shared.stores import Stores


async def grant_short_history(stores: Stores, guild_id: int, days: int) -> None:
    """Create a tier like Free with a history of `days`, and grant it to the guild."""
    key = f"brief-{guild_id}"
    async with stores.database.transaction() as session:
        session.add(TierRow(key=key, title="Brief", rank=guild_id % 2_000_000_000, inherits="free"))
        await session.flush()
        await set_tier_limit(session, tier=key, limit=Limit.HISTORY_DAYS, value=days, reason="test", actor=SYSTEM)
        await grant(session, guild_id=guild_id, tier=key, reason="test", actor=SYSTEM)


async def revoke_tier(stores: Stores, guild_id: int) -> None:
    """End the tier of the guild, which is Free then."""
    async with stores.database.transaction() as session:
        await revoke(session, guild_id=guild_id, reason="test", actor=SYSTEM)
