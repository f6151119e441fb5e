"""Validate targets (features, modules, commands) and places (channels, categories)."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Essential, SurfaceKind
from herwa_shared.discord.constants import MAX_SNOWFLAKE, THREAD_CHANNEL_TYPES
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models import Channel, Feature, Module, SurfaceRow
from herwa_shared.models.columns import matches_any
from herwa_shared.services import texts

MAX_KEY_LENGTH = 64
MAX_LISTED_NAMES = 12


async def require_feature(session: AsyncSession, key: str) -> Feature:
    """Return the feature's row. Raises NotFound, with similar features in its message."""
    features = {row.key: row for row in await session.scalars(select(Feature).where(col(Feature.retired_at).is_(None)))}
    if key not in features:
        raise NotFound(_format_unknown("feature", key, {row.key: row.title for row in features.values()}))
    return features[key]


async def require_module(session: AsyncSession, key: str) -> Module:
    """Return the module's row. Raises NotFound, with similar modules in its message."""
    modules = {row.key: row for row in await session.scalars(select(Module).where(col(Module.retired_at).is_(None)))}
    if key not in modules:
        raise NotFound(_format_unknown("module", key, {row.key: row.title for row in modules.values()}))
    return modules[key]


async def require_target(session: AsyncSession, kind: TargetKind, key: str) -> None:
    """Require that a rule or channel list may be about the target.

    Raises NotFound for an unknown target, and BadRequest for one that is always available (Essential.ALWAYS),
    to which rules and lists do not apply.
    """
    if kind == TargetKind.EVERYTHING:
        if key:
            raise BadRequest(texts.EVERYTHING_HAS_NO_KEY)
    elif kind == TargetKind.MODULE:
        await require_module(session, key)
    elif kind == TargetKind.FEATURE:
        _require_configurable((await require_feature(session, key)).essential, key)
    else:
        await _require_command(session, key)


async def require_places(session: AsyncSession, guild_id: int, place_ids: Collection[int]) -> None:
    """Raise BadRequest for ids that cannot be channels or categories of this guild.

    Unknown ids are accepted: a channel may be too new to be stored yet.
    """
    if any(not 0 < place_id <= MAX_SNOWFLAKE for place_id in place_ids):
        raise BadRequest(texts.INVALID_PLACE)
    query = select(Channel).where(matches_any(Channel.id, place_ids))
    for channel in await session.scalars(query):
        if channel.guild_id != guild_id:
            raise BadRequest(texts.FOREIGN_PLACE)
        if channel.kind in THREAD_CHANNEL_TYPES:
            raise BadRequest(texts.format_thread_place(channel.name))


async def _require_command(session: AsyncSession, key: str) -> None:
    """Require a command, menu or command group.

    A group is a prefix: `permissions` matches all its subcommands.
    """
    rows = await session.execute(
        select(SurfaceRow.key, Feature.essential)
        .join(Feature, col(Feature.key) == col(SurfaceRow.feature_key))
        .where(col(SurfaceRow.kind).in_([SurfaceKind.COMMAND, SurfaceKind.MENU]), col(SurfaceRow.retired_at).is_(None))
    )
    essential_by_command = {name: essential for name, essential in rows if len(name) <= MAX_KEY_LENGTH}
    matching = [
        essential for name, essential in essential_by_command.items() if name == key or name.startswith(f"{key} ")
    ]
    if not key or not matching:
        raise NotFound(_format_unknown("command", key, dict.fromkeys(essential_by_command, "")))
    if all(essential == Essential.ALWAYS for essential in matching):
        _require_configurable(Essential.ALWAYS, f"/{key}")


def _require_configurable(essential: str, name: str) -> None:
    if essential == Essential.ALWAYS:
        raise BadRequest(texts.format_always_available(name))


def _format_unknown(kind: str, key: str, titles: Mapping[str, str]) -> str:
    """Format an error message with similar or available keys; `titles` maps keys to titles."""
    names = {name.casefold(): known_key for known_key, title in titles.items() for name in (known_key, title) if name}
    suggestions = dict.fromkeys(names[name] for name in get_close_matches(key.casefold(), names, n=3))
    if suggestions:
        return texts.format_unknown_name(kind, key, list(suggestions))
    known_names = sorted(titles)[:MAX_LISTED_NAMES]
    return texts.format_unlisted_name(kind, key, known_names, has_more=len(titles) > MAX_LISTED_NAMES)
