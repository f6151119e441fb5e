"""`herwa grant` and `herwa revoke`: which tier a server has, and until when.

`herwa kill-switch`: a feature off everywhere, and back.

`herwa tiers`: what is offered, features and limits by tier.

`herwa keys`: make API keys from the command line.

`herwa audit`: the newest entries of an audit log, and whether its chain holds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa.commands.operator_session import meant_guild, operating, plain, typist
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.models import Guild
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services import subscriptions
from herwa_shared.services.api_keys import Scope, create_key, pepper_of
from herwa_shared.services.audit import Entry, entries, verify_chain
from herwa_shared.services.kill_switches import kill_switches, switch
from herwa_shared.services.tiers import TierStatus, feature_titles, list_tiers, require_tier
from herwa_shared.stores import open_stores


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


async def set_kill_switch(settings: Settings, *, feature: str, on: bool, reason: str) -> str:
    """Throw the kill switch of a feature or take it back; how it is now, in a sentence. Raises NotFound, BadRequest."""
    async with operating(settings) as session:
        changed = await switch(session, feature=feature, on=on, reason=reason, actor=typist())
        thrown = {one.feature: one for one in await kill_switches(session)}
        already = "" if changed else " It was so already."
        if feature in thrown:
            return f"{thrown[feature].title} is off in every server: {thrown[feature].reason}{already}"
        return f"No kill switch holds {feature}: servers have it as their tier and they themselves decide.{already}"


@dataclass(frozen=True, slots=True)
class Offered:
    """Every tier, every feature by key with its title, and the reasons of kill switches by feature."""

    tiers: tuple[TierStatus, ...]
    features: Mapping[str, str]
    off: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        tiers = [
            {
                "key": tier.key,
                "title": tier.title,
                "rank": tier.rank,
                "inherits": tier.inherits,
                "features": sorted(tier.features),
                "limits": dict(tier.limits),
            }
            for tier in self.tiers
        ]
        return {"tiers": tiers, "kill_switches": dict(self.off)}


async def read_offer(settings: Settings) -> Offered:
    """What holds now."""
    async with operating(settings) as session:
        off = {one.feature: one.reason for one in await kill_switches(session)}
        return Offered(await list_tiers(session), await feature_titles(session), off)


def as_table(offered: Offered) -> Table:
    """Features, then limits, a column a tier."""
    table = Table("Feature or limit", "", box=None, pad_edge=False, header_style="bold")
    for tier in offered.tiers:
        table.add_column(tier.title, justify="right")
    for key, title in offered.features.items():
        off = " [red]off everywhere[/red]" if key in offered.off else ""
        table.add_row(f"{title}{off}", f"[dim]{key}[/dim]", *(_mark(key in tier.features) for tier in offered.tiers))
    table.add_section()
    for limit in Limit:
        title = limit.replace("_", " ").capitalize()
        table.add_row(title, f"[dim]{limit}[/dim]", *(_amount(tier.limits[limit]) for tier in offered.tiers))
    return table


def _mark(included: bool) -> str:
    return "[green]✓[/green]" if included else "[dim]·[/dim]"


def _amount(value: int | None) -> str:
    return "unlimited" if value is None else f"{value:,}"


async def create(settings: Settings, *, guild_id: int, name: str) -> str:
    """A new key that may read the statistics and members of that server. Raises NotFound for a server nobody knows."""
    pepper = pepper_of(settings, DataFolder(settings.data_dir))
    async with open_stores(settings, say=lambda _: None) as stores, stores.database.transaction() as session:
        return await create_key(session, guild_id=guild_id, name=name, scopes=tuple(Scope), pepper=pepper)


class ChainBroken(HerwaError):
    """An audit log was changed afterwards."""

    code = "chain_broken"


async def newest(settings: Settings, *, guild: str | None, limit: int) -> tuple[Entry, ...]:
    """The newest entries of that server's log, or the operator's own, the newest first."""
    async with operating(settings) as session:
        return await entries(session, guild_id=await _chain(session, guild), limit=limit)


async def verify(settings: Settings, *, guild: str | None) -> str:
    """A sentence with the last digest, to compare another day. Raises ChainBroken naming the entry."""
    async with operating(settings) as session:
        guild_id = await _chain(session, guild)
        if broken := await verify_chain(session, guild_id=guild_id):
            raise ChainBroken(broken.why)
        last = await entries(session, guild_id=guild_id, limit=1)
        if not last:
            return "Nothing was ever written into this log."
        return f"All {last[0].number} entries are as they were written. The last digest is {last[0].digest.hex()}."


def as_text(entry: Entry) -> Text:
    """One line an entry; nothing that somebody typed breaks out of it."""
    text = Text(f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  ", style="dim")
    text.append(f"{plain(entry.actor.name)} ({entry.actor.via})", style="bold")
    text.append(f"  {plain(entry.action)} {plain(entry.target)}  ", style="default")
    text.append(f"{_said(entry.before)} → {_said(entry.after)}", style="cyan")
    return text.append(f"  {plain(entry.reason)}" if entry.reason else "")


def _said(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return "nothing"
    return ", ".join(f"{key}: {plain(json.dumps(value, ensure_ascii=False))}" for key, value in values.items())


async def _chain(session: AsyncSession, guild: str | None) -> int | None:
    return None if guild is None else (await meant_guild(session, guild)).id
