"""Dry runs: who would gain and lose what by a change of settings, as the save bar of the dashboard says it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from herwa_api.app_state import AppState
from herwa_api.schemas.setting_changes import (
    serialize_change,
    serialize_member_impact,
    serialize_place_impact,
    serialize_uses,
)
from herwa_api.settings_access import SettingsCaller
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.guardrail.impact import list_available_surfaces
from herwa_shared.guardrail.member_impact import compute_member_impacts
from herwa_shared.guardrail.place_impact import compute_place_impacts
from herwa_shared.services.change_preview import ChangePreview, build_hypothetical_members
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.display_names import list_recent_members
from herwa_shared.services.guilds import get_owner_id
from herwa_shared.services.setting_changes import SettingChange

RECENT = timedelta(days=30)
MAX_NAMED_MEMBERS = 100


async def describe_dry_run(
    app_state: AppState, caller: SettingsCaller, changes: Sequence[SettingChange], preview: ChangePreview
) -> dict[str, Any]:
    """Build the body of a dry run. Callers who see pseudonyms get only numbers of members."""
    now = utc_now()
    async with app_state.stores.database.transaction() as session:
        surfaces = await load_surfaces(session)
        owner_id = await get_owner_id(session, guild_id=caller.guild_id)
        recent = await list_recent_members(session, guild_id=caller.guild_id, since=now - RECENT)
    at = now.timestamp()
    before, after = (list_available_surfaces(policy, surfaces, at=at) for policy in (preview.before, preview.after))
    effects = {
        "started": serialize_uses([surface for surface in after if surface not in before]),
        "stopped": serialize_uses([surface for surface in before if surface not in after]),
        "members": await _describe_members(
            app_state, preview, surfaces, owner_id, None if caller.members.is_hidden else recent, now
        ),
        "places": [
            serialize_place_impact(impact)
            for impact in compute_place_impacts(preview.before, preview.after, surfaces, at=at)
        ],
    }
    return {
        "dry_run": True,
        "changes": [serialize_change(change, caller.members) for change in changes],
        "effects": effects,
    }


async def _describe_members(
    app_state: AppState,
    preview: ChangePreview,
    surfaces: SurfaceRegistry,
    owner_id: int,
    recent_names: Mapping[int, str] | None,
    now: datetime,
) -> list[dict[str, Any]] | None:
    """Describe the effects of rules on members; None if Discord does not list them now."""
    if preview.before.rules == preview.after.rules:
        return []
    guild_id = preview.before.guild_id
    try:
        reader = app_state.require_guild_reader()
        roles, members = await reader.list_roles(guild_id), await reader.list_members(guild_id)
    except DiscordUnavailable:
        return None
    if members is None:
        return None
    people = [member for member in members if not member.is_bot]
    hypothetical = build_hypothetical_members(people, roles, guild_id=guild_id, owner_id=owner_id)
    impacts = compute_member_impacts(preview.before, preview.after, surfaces, hypothetical, at=now.timestamp())
    member_ids = [member.id for member in people]
    return [
        serialize_member_impact(impact, member_ids, recent_names, max_members=MAX_NAMED_MEMBERS) for impact in impacts
    ]
