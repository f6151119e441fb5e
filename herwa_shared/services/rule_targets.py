"""What a guild's choices may be about: features, modules and commands that there are, and places of its own."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from sqlalchemy import ARRAY, BigInteger, any_, literal
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Essential, SurfaceKind
from herwa_shared.discord.constants import MAX_SNOWFLAKE, THREAD_CHANNEL_TYPES
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.models import Channel, Feature, Module, Surface

LONGEST_KEY = 64
NAMED_AT_MOST = 12


async def require_feature(session: AsyncSession, key: str) -> Feature:
    """The feature's row. Raises NotFound naming the nearest ones."""
    known = {row.key: row for row in await session.scalars(select(Feature).where(col(Feature.retired_at).is_(None)))}
    if key not in known:
        raise NotFound(_unknown("feature", key, {row.key: row.title for row in known.values()}))
    return known[key]


async def require_module(session: AsyncSession, key: str) -> Module:
    """The module's row. Raises NotFound naming the nearest ones."""
    known = {row.key: row for row in await session.scalars(select(Module).where(col(Module.retired_at).is_(None)))}
    if key not in known:
        raise NotFound(_unknown("module", key, {row.key: row.title for row in known.values()}))
    return known[key]


async def require_target(session: AsyncSession, kind: TargetKind, key: str) -> None:
    """Raises NotFound for what there is not, and BadRequest for what no rule and no list reaches."""
    if kind == TargetKind.EVERYTHING:
        if key:
            raise BadRequest("Everything has no key: leave it empty.")
    elif kind == TargetKind.MODULE:
        await require_module(session, key)
    elif kind == TargetKind.FEATURE:
        _require_reach((await require_feature(session, key)).essential, key)
    else:
        await _require_command(session, key)


async def require_places(session: AsyncSession, guild_id: int, place_ids: Collection[int]) -> None:
    """Raises BadRequest for what cannot be a channel or category of this guild. One too new to be known may be one."""
    if any(not 0 < place_id <= MAX_SNOWFLAKE for place_id in place_ids):
        raise BadRequest("A channel's id is a positive number: pick channels and categories from the list.")
    known = select(Channel).where(col(Channel.id) == any_(literal(list(place_ids), ARRAY(BigInteger))))
    for channel in await session.scalars(known):
        if channel.guild_id != guild_id:
            raise BadRequest("A channel of another server cannot be chosen here.")
        if channel.kind in THREAD_CHANNEL_TYPES:
            raise BadRequest(f"“{channel.name}” is a thread, and threads follow their channel: choose the channel.")


async def _require_command(session: AsyncSession, key: str) -> None:
    """Also the first words of commands will do: `permissions` is all that begins with it."""
    rows = await session.execute(
        select(Surface.key, Feature.essential)
        .join(Feature, col(Feature.key) == col(Surface.feature_key))
        .where(col(Surface.kind).in_([SurfaceKind.COMMAND, SurfaceKind.MENU]), col(Surface.retired_at).is_(None))
    )
    known = {name: essential for name, essential in rows if len(name) <= LONGEST_KEY}
    meant = [essential for name, essential in known.items() if name == key or name.startswith(f"{key} ")]
    if not key or not meant:
        raise NotFound(_unknown("command", key, dict.fromkeys(known, "")))
    if all(essential == Essential.ALWAYS for essential in meant):
        _require_reach(Essential.ALWAYS, f"/{key}")


def _require_reach(essential: str, name: str) -> None:
    if essential == Essential.ALWAYS:
        raise BadRequest(f"{name} answers everybody, always: nothing can be ruled about it.")


def _unknown(what: str, key: str, known: Mapping[str, str]) -> str:
    """`known` are keys with their titles."""
    names = {name.casefold(): one for one, title in known.items() for name in (one, title) if name}
    near = dict.fromkeys(names[name] for name in get_close_matches(key.casefold(), names, n=3))
    if near:
        return f"There is no {what} “{key}”. Did you mean {' or '.join(near)}?"
    if not known:
        return f"There is no {what} “{key}”, as none is registered yet: run `herwa discover`."
    more = ", …" if len(known) > NAMED_AT_MOST else ""
    return f"There is no {what} “{key}”. There are {', '.join(sorted(known)[:NAMED_AT_MOST])}{more}."
