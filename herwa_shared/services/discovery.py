"""The catalogue and the surfaces as the rows that register them.

Register what the code declares, and say what is new, changed and retired. What people chose is never overwritten.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, select

from herwa_shared.catalog import FEATURES, MODULES, Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import Feature, Module, Tier, TierFeature
from herwa_shared.models import Surface as SurfaceRow
from herwa_shared.policy_cache.notifications import touch

Row = dict[str, Any]


def module_rows() -> list[Row]:
    return [
        {"key": str(one.key), "title": one.title, "sentence": one.sentence, "position": position}
        for position, one in enumerate(MODULES.values())
    ]


def feature_rows() -> list[Row]:
    return [
        {
            "key": str(one.key),
            "module_key": str(one.module),
            "title": one.title,
            "sentence": one.sentence,
            "lowest_tier": str(one.lowest_tier),
            "on_by_default": one.on_by_default,
            "essential": str(one.essential),
        }
        for one in FEATURES.values()
    ]


def surface_rows(surfaces: Iterable[Surface]) -> list[Row]:
    return [
        {
            "kind": str(one.kind),
            "key": one.key,
            "feature_key": str(one.feature),
            "title": one.title,
            "audience": str(one.audience),
        }
        for one in surfaces
    ]


DISCOVERY_LOCK = 0x444953434F564552  # "DISCOVER": several processes start at the same time

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is declared, beside what is registered: names such as `feature voice.stats` and `command help`."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.retired)

    def lines(self) -> tuple[str, ...]:
        """One line each, for people; none when nothing is different."""
        return (
            *(f"new: {name}" for name in self.new),
            *(f"changed: {name}" for name in self.changed),
            *(f"retired: {name}" for name in self.retired),
        )

    def brief(self) -> dict[str, str]:
        """What is different, each kind of difference in one text, for a log."""
        kinds = {"new": self.new, "changed": self.changed, "retired": self.retired}
        return {kind: ", ".join(names) for kind, names in kinds.items() if names}


@dataclass(frozen=True, slots=True)
class Declared:
    """What rooms declare: the kinds that are theirs to declare, and every surface of these kinds."""

    kinds: frozenset[SurfaceKind]
    surfaces: tuple[Surface, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One table's part of the difference: rows to write, keys to retire, and the names of all that."""

    table: type[SQLModel]
    key: Key
    new: dict[Key, Row]
    changed: dict[Key, tuple[Row, str]]
    retired: tuple[Key, ...]
    unchanged: int


async def compare(session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: Iterable[Surface]) -> Difference:
    """What `register` would do. It changes nothing."""
    return _difference(await _find(session, kinds, tuple(surfaces)))


async def register(session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: Iterable[Surface]) -> Difference:
    """Write down the catalogue and these surfaces, which are all there are of these kinds; what was done.

    A new feature goes to its lowest tier. What is no longer declared is retired, what is declared again is back.
    """
    surfaces = tuple(surfaces)
    if not (nothing := await compare(session, kinds, surfaces)):
        return nothing
    await session.execute(select(func.pg_advisory_xact_lock(DISCOVERY_LOCK)))
    found = await _find(session, kinds, surfaces)
    for one in found:
        await _write(session, one)
    await _give_to_lowest_tiers(session, found)
    if difference := _difference(found):
        await touch(session, guild_id=None)
    return difference


def as_json(surfaces: Iterable[Surface]) -> str:
    """The surfaces as a JSON list, as `from_json` reads it in a room's answer."""
    return json.dumps(
        [
            {"kind": one.kind, "key": one.key, "feature": one.feature, "title": one.title, "audience": one.audience}
            for one in surfaces
        ]
    )


def from_json(text: str) -> Declared:
    """What a room printed: `{"kinds": […], "surfaces": […]}`. Raises BadRequest for anything else."""
    try:
        said = json.loads(text)
        return Declared(
            kinds=frozenset(SurfaceKind(kind) for kind in said["kinds"]),
            surfaces=tuple(
                Surface(
                    SurfaceKind(one["kind"]),
                    one["key"],
                    FeatureKey(one["feature"]),
                    one["title"],
                    Audience(one["audience"]),
                )
                for one in said["surfaces"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"This is not what a room says of its surfaces: {error}.") from error


async def _find(
    session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: tuple[Surface, ...]
) -> tuple[_Found, ...]:
    if strangers := [one.key for one in surfaces if one.kind not in kinds]:
        raise ValueError(f"surfaces of kinds that are another room's to declare: {strangers}")
    rows = await session.scalars(select(SurfaceRow))
    ours = [row for row in rows if row.kind in kinds]
    return (
        _found(Module, ("key",), await _rows(session, Module), module_rows()),
        _found(Feature, ("key",), await _rows(session, Feature), feature_rows()),
        _found(SurfaceRow, ("kind", "key"), [row.model_dump() for row in ours], surface_rows(surfaces)),
    )


async def _rows(session: AsyncSession, table: type[SQLModel]) -> list[Row]:
    return [row.model_dump() for row in await session.scalars(select(table))]


def _found(table: type[SQLModel], key: Key, registered: list[Row], declared: list[Row]) -> _Found:
    known = {tuple(row[name] for name in key): row for row in registered}
    new: dict[Key, Row] = {}
    changed: dict[Key, tuple[Row, str]] = {}
    for row in declared:
        which = tuple(row[name] for name in key)
        if which not in known:
            new[which] = row
        elif parts := _parts(known[which], row):
            changed[which] = (row, parts)
    there = {tuple(row[name] for name in key) for row in declared}
    retired = tuple(which for which, row in known.items() if which not in there and row["retired_at"] is None)
    return _Found(table, key, new, changed, retired, len(declared) - len(new) - len(changed))


def _parts(known: Row, declared: Row) -> str:
    """What is different about it, in words; nothing when nothing is."""
    parts = [name.removesuffix("_key").replace("_", " ") for name, value in declared.items() if known[name] != value]
    return ", ".join(parts + ["is back"] * (known["retired_at"] is not None))


def _difference(found: tuple[_Found, ...]) -> Difference:
    return Difference(
        new=tuple(_name(one, which) for one in found for which in one.new),
        changed=tuple(f"{_name(one, which)} ({parts})" for one in found for which, (_, parts) in one.changed.items()),
        retired=tuple(_name(one, which) for one in found for which in one.retired),
        unchanged=sum(one.unchanged for one in found),
    )


def _name(found: _Found, which: Key) -> str:
    return " ".join(which) if found.table is SurfaceRow else f"{found.table.__name__.lower()} {which[0]}"


async def _write(session: AsyncSession, found: _Found) -> None:
    rows = [*found.new.values(), *(row for row, _ in found.changed.values())]
    if rows:
        statement = insert(found.table)
        said = {name: statement.excluded[name] for name in rows[0] if name not in found.key}
        upsert = statement.on_conflict_do_update(index_elements=found.key, set_={**said, "retired_at": None})
        await session.execute(upsert, rows)
    for which in found.retired:
        gone = update(found.table).filter_by(**dict(zip(found.key, which, strict=True)))
        await session.execute(gone.values(retired_at=utc_now()))


async def _give_to_lowest_tiers(session: AsyncSession, found: tuple[_Found, ...]) -> None:
    """New features only: what an operator has moved elsewhere stays there."""
    tiers = set(await session.scalars(select(Tier.key)))
    given = [
        {"tier_key": row["lowest_tier"], "feature_key": row["key"]}
        for one in found
        if one.table is Feature
        for row in one.new.values()
        if row["lowest_tier"] in tiers
    ]
    if given:
        await session.execute(insert(TierFeature).on_conflict_do_nothing(), given)
