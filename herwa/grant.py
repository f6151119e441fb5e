"""`herwa grant` and `herwa revoke`: which tier a server has, and until when."""

from sqlalchemy.ext.asyncio import AsyncSession

from herwa.operating import meant_guild, operating, plain, typist
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Guild
from herwa_shared.services import subscriptions
from herwa_shared.services.tiers import require_tier


async def grant(settings: Settings, *, guild: str, tier: str, days: int | None, reason: str) -> str:
    """Give that server a tier; what it has now, in a sentence. Raises NotFound naming what there is."""
    async with operating(settings) as session:
        meant = await meant_guild(session, guild)
        await subscriptions.grant(session, guild_id=meant.id, tier=tier, days=days, reason=reason, actor=typist())
        return await _now_has(session, meant)


async def revoke(settings: Settings, *, guild: str, reason: str) -> str:
    """End whatever that server was granted; what it has now, in a sentence."""
    async with operating(settings) as session:
        meant = await meant_guild(session, guild)
        if not await subscriptions.revoke(session, guild_id=meant.id, reason=reason, actor=typist()):
            return f"Nothing was granted to {plain(meant.name)}. {await _now_has(session, meant)}"
        return await _now_has(session, meant)


async def _now_has(session: AsyncSession, guild: Guild) -> str:
    now = await subscriptions.in_force(session, guild_id=guild.id, now=utc_now())
    title = (await require_tier(session, now.tier)).title
    until = f" until {now.ends:%Y-%m-%d %H:%M} UTC" if now.ends else ""
    return f"{plain(guild.name)} ({guild.id}) has {title}{until}."
