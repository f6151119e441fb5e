"""Where something may run: lists of channels and categories, added to, cleared and shown."""

from collections.abc import Collection

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.policy import ChannelList, TargetKind
from herwa_shared.guardrail.texts import title_of
from herwa_shared.models import ChannelListEntry
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import Choice, State, change, hold_guild
from herwa_shared.services.rule_targets import require_places, require_target

PLACES_AT_MOST = 100


async def allow(
    session: AsyncSession,
    *,
    guild_id: int,
    target_kind: TargetKind,
    target_key: str,
    place_ids: Collection[int],
    actor: Actor,
) -> int | None:
    """Add places to the target's list, which begins with them if there is none. As `set_list` otherwise."""
    await hold_guild(session, guild_id)
    listed = await LIST.read(session, guild_id, _target(target_kind, target_key))
    known = [int(place) for place in listed["places"]] if listed else []
    return await set_list(
        session,
        guild_id=guild_id,
        target_kind=target_kind,
        target_key=target_key,
        place_ids=[*known, *place_ids],
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
    """From now on the target runs in these places alone; the audit entry's id, None when it was so already.

    Raises NotFound for a target that there is not, BadRequest for no places, too many, or such of another guild.
    """
    places = sorted(set(place_ids))
    if not places:
        raise BadRequest("Choose at least one channel or category; to let it run anywhere, clear the list.")
    if len(places) > PLACES_AT_MOST:
        raise BadRequest(f"A list has at most {PLACES_AT_MOST} places: list a category in place of its channels.")
    await require_target(session, target_kind, target_key)
    await require_places(session, guild_id, places)
    await hold_guild(session, guild_id)
    state = {"places": [str(place) for place in places]}
    target = _target(target_kind, target_key)
    return await change(session, LIST, guild_id=guild_id, target=target, state=state, actor=actor)


async def clear(
    session: AsyncSession, *, guild_id: int, target_kind: TargetKind, target_key: str, actor: Actor
) -> int | None:
    """Let the target run anywhere again; the audit entry's id, None when there was no list."""
    await hold_guild(session, guild_id)
    target = _target(target_kind, target_key)
    return await change(session, LIST, guild_id=guild_id, target=target, state=None, actor=actor)


async def lists(session: AsyncSession, *, guild_id: int) -> tuple[ChannelList, ...]:
    """Every list of the guild, by target."""
    entries = ChannelListEntry
    rows = await session.execute(
        select(entries.target_kind, entries.target_key, entries.place_id)
        .where(col(entries.guild_id) == guild_id)
        .order_by(entries.target_kind, entries.target_key)
    )
    found: dict[tuple[str, str], set[int]] = {}
    for kind, key, place_id in rows:
        found.setdefault((kind, key), set()).add(place_id)
    return tuple(ChannelList(TargetKind(kind), key, frozenset(places)) for (kind, key), places in found.items())


def _target(kind: TargetKind, key: str) -> str:
    """How the audit log names it."""
    return f"{kind}:{key}"


def _parts(target: str) -> dict[str, str]:
    kind, _, key = target.partition(":")
    return {"target_kind": kind, "target_key": key}


async def _read(session: AsyncSession, guild_id: int, target: str) -> State | None:
    listed = select(ChannelListEntry.place_id).filter_by(guild_id=guild_id, **_parts(target))
    places = sorted(await session.scalars(listed))
    return {"places": [str(place) for place in places]} if places else None


async def _write(session: AsyncSession, guild_id: int, target: str, state: State | None, _actor: Actor) -> None:
    which = {"guild_id": guild_id, **_parts(target)}
    await session.execute(delete(ChannelListEntry).filter_by(**which))
    if state is not None:
        rows = [{**which, "place_id": int(place)} for place in state["places"]]
        await session.execute(insert(ChannelListEntry), rows)


def _title(target: str, _state: State | None) -> str:
    parts = _parts(target)
    return f"the channel list of {title_of(TargetKind(parts['target_kind']), parts['target_key'])}"


LIST = Choice(
    read=_read,
    write=_write,
    action=lambda _before, after: "list.clear" if after is None else "list.set",
    title=_title,
)
