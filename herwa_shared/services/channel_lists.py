"""Channel lists: channels and categories to which commands, features or modules are limited."""

from collections.abc import Collection

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.guardrail.texts import format_target
from herwa_shared.models import ChannelListEntry
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.rule_targets import require_places, require_target

MAX_PLACES = 100


async def add_places(
    session: AsyncSession,
    *,
    guild_id: int,
    target_kind: TargetKind,
    target_key: str,
    place_ids: Collection[int],
    actor: Actor,
) -> int | None:
    """Add channels or categories to the target's list; creates the list if needed.

    Returns and raises as `set_list`.
    """
    await lock_guild(session, guild_id)
    current = await CHANNEL_LIST_SETTING.read(session, guild_id, format_list_target(target_kind, target_key))
    current_ids = [int(place_id) for place_id in current["places"]] if current else []
    return await set_list(
        session,
        guild_id=guild_id,
        target_kind=target_kind,
        target_key=target_key,
        place_ids=[*current_ids, *place_ids],
        actor=actor,
    )


async def set_list(
    session: AsyncSession,
    *,
    guild_id: int,
    target_kind: TargetKind,
    target_key: str,
    place_ids: Collection[int],
    actor: Actor,
) -> int | None:
    """Restrict the target to these channels and categories.

    Returns the id of the audit entry, None if nothing changed. Raises NotFound for an unknown target, and BadRequest
    for no places, more than MAX_PLACES, or places of another guild.
    """
    unique_ids = sorted(set(place_ids))
    if not unique_ids:
        raise BadRequest(texts.NO_PLACES)
    if len(unique_ids) > MAX_PLACES:
        raise BadRequest(texts.format_too_many_places(MAX_PLACES))
    await require_target(session, target_kind, target_key)
    await require_places(session, guild_id, unique_ids)
    await lock_guild(session, guild_id)
    value = {"places": [str(place_id) for place_id in unique_ids]}
    target = format_list_target(target_kind, target_key)
    return await apply_change(session, CHANNEL_LIST_SETTING, guild_id=guild_id, target=target, value=value, actor=actor)


async def clear_list(
    session: AsyncSession, *, guild_id: int, target_kind: TargetKind, target_key: str, actor: Actor
) -> int | None:
    """Remove the target's channel list, so that it may run anywhere.

    Returns the id of the audit entry, None if there was no list.
    """
    await lock_guild(session, guild_id)
    target = format_list_target(target_kind, target_key)
    return await apply_change(session, CHANNEL_LIST_SETTING, guild_id=guild_id, target=target, value=None, actor=actor)


async def list_channel_lists(session: AsyncSession, *, guild_id: int) -> tuple[ChannelList, ...]:
    """List all channel lists of the guild, sorted by target."""
    table = ChannelListEntry
    rows = await session.execute(
        select(table.target_kind, table.target_key, table.place_id)
        .where(col(table.guild_id) == guild_id)
        .order_by(table.target_kind, table.target_key)
    )
    place_ids_by_target: dict[tuple[str, str], set[int]] = {}
    for kind, key, place_id in rows:
        place_ids_by_target.setdefault((kind, key), set()).add(place_id)
    return tuple(
        ChannelList(TargetKind(kind), key, frozenset(place_ids))
        for (kind, key), place_ids in place_ids_by_target.items()
    )


def format_list_target(kind: TargetKind, key: str) -> str:
    """Format a target as the audit log stores it: `kind:key`."""
    return f"{kind}:{key}"


def parse_list_target(target: str) -> dict[str, str]:
    """Split a target as the audit log stores it into `target_kind` and `target_key`."""
    kind, _, key = target.partition(":")
    return {"target_kind": kind, "target_key": key}


async def _read(session: AsyncSession, guild_id: int, target: str) -> SettingValue | None:
    query = select(ChannelListEntry.place_id).filter_by(guild_id=guild_id, **parse_list_target(target))
    place_ids = sorted(await session.scalars(query))
    return {"places": [str(place_id) for place_id in place_ids]} if place_ids else None


async def _write(session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, _actor: Actor) -> None:
    filters = {"guild_id": guild_id, **parse_list_target(target)}
    await session.execute(delete(ChannelListEntry).filter_by(**filters))
    if value is not None:
        rows = [{**filters, "place_id": int(place_id)} for place_id in value["places"]]
        await session.execute(insert(ChannelListEntry), rows)


def _format_title(target: str, _value: SettingValue | None) -> str:
    parts = parse_list_target(target)
    return texts.format_channel_list_title(format_target(TargetKind(parts["target_kind"]), parts["target_key"]))


CHANNEL_LIST_SETTING = SettingKind(
    read=_read,
    write=_write,
    get_action=lambda _before, after: "list.clear" if after is None else "list.set",
    format_title=_format_title,
)
