"""Commands of the operator.

- `herwa grant`, `herwa revoke`: the tier of a server and its end.
- `herwa kill-switch`: turn a feature off in all servers, and on again.
- `herwa tiers`: features and limits of all tiers.
- `herwa audit`: show an audit log.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa.commands.operator_session import get_shell_actor, open_operator_session, replace_unprintable, resolve_guild
from herwa.texts import operator as texts
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.models import Guild
from herwa_shared.operators.audit import record_server_act
from herwa_shared.services import subscriptions
from herwa_shared.services.audit import AuditLogEntry, list_entries
from herwa_shared.services.kill_switches import list_kill_switches, set_kill_switch
from herwa_shared.services.tiers import TierStatus, list_tiers, load_feature_titles, require_tier


@dataclass(frozen=True, slots=True)
class TierOverview:
    """All tiers, feature titles by key, and reasons of active kill switches by feature key."""

    tiers: tuple[TierStatus, ...]
    features: Mapping[str, str]
    kill_switch_reasons: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Serialize for `--json`."""
        return {"tiers": [tier.to_json() for tier in self.tiers], "kill_switches": dict(self.kill_switch_reasons)}


async def grant_tier(settings: Settings, *, guild: str, tier: str, days: int | None, reason: str) -> str:
    """Grant a tier to a server. Returns a sentence about its current tier.

    Raises NotFound, whose message lists the existing servers or tiers.
    """
    async with open_operator_session(settings) as session:
        target_guild = await resolve_guild(session, guild)
        actor = get_shell_actor()
        await subscriptions.grant(session, guild_id=target_guild.id, tier=tier, days=days, reason=reason, actor=actor)
        values = {"tier": tier, "days": days}
        await record_server_act(session, actor, "server.grant", guild_id=target_guild.id, values=values, reason=reason)
        return await _describe_tier(session, target_guild)


async def revoke_tier(settings: Settings, *, guild: str, reason: str) -> str:
    """Revoke all tiers granted to a server. Returns a sentence about its current tier."""
    async with open_operator_session(settings) as session:
        target_guild = await resolve_guild(session, guild)
        actor = get_shell_actor()
        count = await subscriptions.revoke(session, guild_id=target_guild.id, reason=reason, actor=actor)
        if not count:
            name = replace_unprintable(target_guild.name)
            return texts.format_nothing_granted(name, await _describe_tier(session, target_guild))
        values = {"subscriptions": count}
        await record_server_act(session, actor, "server.revoke", guild_id=target_guild.id, values=values, reason=reason)
        return await _describe_tier(session, target_guild)


async def change_kill_switch(settings: Settings, *, feature: str, on: bool, reason: str) -> str:
    """Set or clear the kill switch of a feature. Returns a sentence about its current status.

    Raises NotFound, BadRequest.
    """
    async with open_operator_session(settings) as session:
        is_changed = await set_kill_switch(session, feature=feature, active=on, reason=reason, actor=get_shell_actor())
        active_switches = {kill_switch.feature: kill_switch for kill_switch in await list_kill_switches(session)}
        suffix = "" if is_changed else texts.NO_CHANGE
        if feature in active_switches:
            kill_switch = active_switches[feature]
            return texts.format_kill_switch_on(kill_switch.title, kill_switch.reason) + suffix
        return texts.format_kill_switch_off(feature) + suffix


async def load_tier_overview(settings: Settings) -> TierOverview:
    """Load the current tiers, features and kill switches."""
    async with open_operator_session(settings) as session:
        reasons = {kill_switch.feature: kill_switch.reason for kill_switch in await list_kill_switches(session)}
        return TierOverview(await list_tiers(session), await load_feature_titles(session), reasons)


def render_tiers(overview: TierOverview) -> Table:
    """Render a table of features, then limits, with one column per tier."""
    table = Table(texts.FEATURE_COLUMN, "", box=None, pad_edge=False, header_style="bold")
    for tier in overview.tiers:
        table.add_column(tier.title, justify="right")
    for key, title in overview.features.items():
        suffix = f" [red]{texts.OFF_EVERYWHERE}[/red]" if key in overview.kill_switch_reasons else ""
        table.add_row(
            f"{title}{suffix}",
            f"[dim]{key}[/dim]",
            *(_format_included(key in tier.features) for tier in overview.tiers),
        )
    table.add_section()
    for limit in Limit:
        values = (_format_limit(tier.limits[limit]) for tier in overview.tiers)
        table.add_row(texts.LIMIT_TITLES[limit], f"[dim]{limit}[/dim]", *values)
    return table


async def read_audit_log(settings: Settings, *, guild: str | None, limit: int) -> tuple[AuditLogEntry, ...]:
    """Load a server's audit log, or the operator's if `guild` is None. Newest entry first."""
    async with open_operator_session(settings) as session:
        return await list_entries(session, guild_id=await _resolve_chain(session, guild), limit=limit)


def format_audit_entry(entry: AuditLogEntry) -> Text:
    """Format an entry as one line. Unprintable characters in user input are replaced."""
    text = Text(f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S}  ", style="dim")
    text.append(f"{replace_unprintable(entry.actor.name)} ({entry.actor.via})", style="bold")
    text.append(f"  {replace_unprintable(entry.action)} {replace_unprintable(entry.target)}  ", style="default")
    text.append(f"{_format_values(entry.before)} → {_format_values(entry.after)}", style="cyan")
    return text.append(f"  {replace_unprintable(entry.reason)}" if entry.reason else "")


async def _describe_tier(session: AsyncSession, guild: Guild) -> str:
    current = await subscriptions.get_current_tier(session, guild_id=guild.id, now=utc_now())
    title = (await require_tier(session, current.tier)).title
    return texts.format_tier(replace_unprintable(guild.name), guild.id, title, current.ends)


def _format_included(included: bool) -> str:
    return "[green]✓[/green]" if included else "[dim]·[/dim]"


def _format_limit(value: int | None) -> str:
    return texts.UNLIMITED if value is None else f"{value:,}"


def _format_values(values: Mapping[str, Any] | None) -> str:
    if values is None:
        return texts.NO_VALUE
    return ", ".join(
        f"{key}: {replace_unprintable(json.dumps(value, ensure_ascii=False))}" for key, value in values.items()
    )


async def _resolve_chain(session: AsyncSession, guild: str | None) -> int | None:
    return None if guild is None else (await resolve_guild(session, guild)).id
