"""The commands of `herwa admin`: the services of the operator's panel, at a shell."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from herwa.commands.operator_session import (
    get_shell_actor,
    open_operator_database,
    open_operator_session,
    replace_unprintable,
    resolve_guild,
)
from herwa.texts import admin as texts
from herwa_shared.catalog import Limit
from herwa_shared.config import Settings
from herwa_shared.errors import BadRequest
from herwa_shared.operators import server_changes, tier_editor
from herwa_shared.operators.announcements import end_announcement, list_announcements, publish_announcement
from herwa_shared.operators.audit import list_operator_entries, serialize_entry
from herwa_shared.operators.health import HealthReport, load_health
from herwa_shared.operators.jobs import request_job
from herwa_shared.operators.overview import PanelOverview, load_overview
from herwa_shared.operators.server_criteria import ServerFilter
from herwa_shared.operators.server_detail import ServerDetails, load_server_details
from herwa_shared.operators.server_search import FoundServers, search_servers
from herwa_shared.operators.tier_editor import (
    INHERITED,
    LimitChoice,
    TierDraft,
    TierEffect,
    preview_tier_change,
    save_lowest_tier,
    save_tier,
)
from herwa_shared.services.kill_switches import list_kill_switches, set_kill_switch
from herwa_shared.services.tiers import TierStatus, list_tiers

ACTS: Mapping[str, Callable[..., Awaitable[object]]] = {
    "grant": server_changes.grant_tier,
    "extend": server_changes.extend_tier,
    "revoke": server_changes.revoke_tier,
    "feature": server_changes.add_feature_override,
    "limit": server_changes.add_limit_override,
    "revoke-override": server_changes.revoke_override,
    "note": server_changes.add_note,
}
"""Changes of a server, by the command that makes them."""


@dataclass(frozen=True, slots=True)
class TierEdit:
    """Changes of a tier; None leaves what it inherits from, and the SKU that sells it."""

    tier: str
    added: frozenset[str]
    removed: frozenset[str]
    limits: Mapping[Limit, LimitChoice]
    inherits: str | None
    sku: str | None

    def build_draft(self, tiers: Sequence[TierStatus]) -> TierDraft:
        """Build the draft from the tier as it is. Raises BadRequest if the SKU is no number."""
        status = next((tier for tier in tiers if tier.key == self.tier), None)
        if status is None:
            return TierDraft(self.tier, frozenset(), {}, None, None)  # saving it raises the error that lists the tiers
        inherits = status.inherits if self.inherits is None else self.inherits
        features = (status.own_features | self.added) - self.removed
        sku_id = status.sku_id if self.sku is None else parse_sku(self.sku)
        return TierDraft(self.tier, features, self.limits, None if inherits == texts.NONE else inherits, sku_id)


async def find_servers(settings: Settings, criteria: ServerFilter) -> FoundServers:
    """Search servers."""
    async with open_operator_session(settings) as session:
        return await search_servers(session, criteria)


async def show_server(settings: Settings, *, guild: str) -> ServerDetails:
    """Load one server, by id or exact name. Raises NotFound."""
    async with open_operator_session(settings) as session:
        return await load_server_details(session, guild_id=(await resolve_guild(session, guild)).id)


async def change_server(settings: Settings, *, guild: str, act: str, values: Mapping[str, Any]) -> ServerDetails:
    """Do one of `ACTS` in one transaction, and return how the server is then. Raises what it raises, and NotFound."""
    async with open_operator_session(settings) as session:
        guild_id = (await resolve_guild(session, guild)).id
        await ACTS[act](session, guild_id=guild_id, actor=get_shell_actor(), **values)
        return await load_server_details(session, guild_id=guild_id)


async def list_acts(settings: Settings, *, before: int | None) -> list[dict[str, Any]]:
    """List a page of the operators' audit log, newest first."""
    async with open_operator_session(settings) as session:
        return [serialize_entry(entry) for entry in await list_operator_entries(session, before=before)]


async def announce(settings: Settings, *, text: str, tier: str | None, hours: int) -> list[dict[str, Any]]:
    """Publish an announcement, unless the text is empty; returns the newest ones. Raises NotFound, BadRequest."""
    async with open_operator_session(settings) as session:
        if text:
            await publish_announcement(session, text=text, tier=tier, hours=hours, actor=get_shell_actor())
        return [status.to_json() for status in await list_announcements(session)]


async def finish_announcement(settings: Settings, *, announcement_id: int) -> list[dict[str, Any]]:
    """End an announcement; returns the newest ones. Raises NotFound, BadRequest."""
    async with open_operator_session(settings) as session:
        await end_announcement(session, announcement_id=announcement_id, actor=get_shell_actor())
        return [status.to_json() for status in await list_announcements(session)]


async def read_overview(settings: Settings) -> PanelOverview:
    """Load the overview."""
    async with open_operator_session(settings) as session:
        return await load_overview(session)


async def read_health(settings: Settings) -> HealthReport:
    """Load the health of this copy."""
    async with open_operator_database(settings) as database:
        return await load_health(database, settings.data_dir)


async def run_job(settings: Settings, *, name: str) -> None:
    """Request a run of a job. Raises NotFound."""
    async with open_operator_session(settings) as session:
        await request_job(session, name=name, actor=get_shell_actor())


async def switch_feature(settings: Settings, *, feature: str, on: bool, reason: str) -> list[dict[str, Any]]:
    """Set or clear a kill switch; returns all that are active. Raises NotFound, BadRequest."""
    async with open_operator_session(settings) as session:
        await set_kill_switch(session, feature=feature, active=on, reason=reason, actor=get_shell_actor())
        return [
            {"feature": switch.feature, "reason": switch.reason, "by": switch.by}
            for switch in await list_kill_switches(session)
        ]


async def change_tier(settings: Settings, edit: TierEdit, *, reason: str, is_dry_run: bool) -> tuple[TierEffect, ...]:
    """Change a tier unless it is a dry run; returns the effect. Raises NotFound, BadRequest."""
    actor = get_shell_actor()
    async with open_operator_session(settings) as session:
        draft = edit.build_draft(await list_tiers(session))

        async def save(inner: AsyncSession) -> object:
            return await save_tier(inner, draft, reason=reason, actor=actor)

        effects = await preview_tier_change(session, save)
        if not is_dry_run:
            await save(session)
        return effects


async def add_tier(settings: Settings, *, key: str, title: str, above: str, reason: str) -> tuple[TierStatus, ...]:
    """Create a tier; returns all tiers, lowest first. Raises NotFound, BadRequest."""
    async with open_operator_session(settings) as session:
        await tier_editor.add_tier(session, key=key, title=title, above=above, reason=reason, actor=get_shell_actor())
        return await list_tiers(session)


async def remove_tier(settings: Settings, *, tier: str, reason: str) -> tuple[TierStatus, ...]:
    """Delete a tier that nothing uses; returns all tiers, lowest first. Raises NotFound, BadRequest."""
    async with open_operator_session(settings) as session:
        await tier_editor.remove_tier(session, tier=tier, reason=reason, actor=get_shell_actor())
        return await list_tiers(session)


async def change_lowest_tier(
    settings: Settings, *, feature: str, tier: str, reason: str, is_dry_run: bool
) -> tuple[TierEffect, ...]:
    """Change the lowest tier of a feature unless it is a dry run; returns the effect. Raises NotFound, BadRequest."""
    actor = get_shell_actor()
    async with open_operator_session(settings) as session:

        async def save(inner: AsyncSession) -> object:
            return await save_lowest_tier(inner, feature=feature, tier=tier, reason=reason, actor=actor)

        effects = await preview_tier_change(session, save)
        if not is_dry_run:
            await save(session)
        return effects


def render_effects(effects: Sequence[TierEffect]) -> str:
    """Render the effect of a change of tiers, one line each."""
    lines = [texts.format_effect(effect.title, effect.gaining, effect.losing) for effect in effects]
    return "\n".join(lines) or texts.NOTHING_CHANGES


def render_tiers(tiers: Sequence[TierStatus]) -> str:
    """Render the tiers, lowest first, one line each."""
    return "\n".join(replace_unprintable(texts.format_tier(tier.key, tier.title)) for tier in tiers)


def render_health(report: HealthReport) -> str:
    """Render what is wrong, one line each."""
    lines = [texts.format_problem(problem.kind, problem.subject) for problem in report.problems]
    return "\n".join(lines) or texts.ALL_WELL


def parse_limit_value(text: str) -> int | None:
    """Parse the value of a limit; None is unlimited. Raises BadRequest."""
    if text == texts.UNLIMITED:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(texts.NOT_A_LIMIT)
    return int(text)


def parse_sku(text: str) -> int | None:
    """Parse the id of a SKU; None for "none". Raises BadRequest."""
    if text == texts.NONE:
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(texts.NOT_A_SKU)
    return int(text)


def parse_limits(assignments: Sequence[str]) -> dict[Limit, LimitChoice]:
    """Parse limits such as `api_keys=20`. Raises BadRequest."""
    limits: dict[Limit, LimitChoice] = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name not in set(Limit):
            raise BadRequest(texts.NOT_AN_ASSIGNMENT)
        limits[Limit(name)] = INHERITED if value == texts.INHERITED else parse_limit_value(value)
    return limits


def render_servers(found: FoundServers) -> Table | str:
    """Render found servers as a table."""
    if not found.servers:
        return texts.NO_SERVERS_FOUND
    table = Table(*texts.SERVER_COLUMNS, box=None, pad_edge=False, header_style="bold")
    for server in found.servers:
        table.add_row(
            replace_unprintable(server.name),
            str(server.id),
            f"{server.member_count:,}",
            server.tier,
            f"{server.events:,}",
            ", ".join(texts.TROUBLE[trouble] for trouble in server.trouble),
        )
    return table


def describe_change(details: ServerDetails) -> str:
    """Say what tier a server has after a change."""
    return texts.format_done(replace_unprintable(details.server.name), details.tier_title)


def render_lines(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Render an object as indented lines, or a list as one line each. Unprintable characters are replaced."""
    if isinstance(value, Mapping):
        parts = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    else:
        parts = [json.dumps(item, ensure_ascii=False) for item in value]
    return "\n".join(replace_unprintable(part) for part in parts)
