"""Discovery: register declared modules, features and surfaces in the database.

Reports what is new, changed and retired. Never overwrites settings of operators or guilds.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from herwa_shared.catalog import FEATURES, MODULES, Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import Feature, Module, SurfaceRow, TierFeature, TierRow
from herwa_shared.policy_cache.notifications import publish_policy_change

DISCOVERY_LOCK_ID = 0x444953434F564552  # "DISCOVER" in ASCII; an advisory lock, as processes start concurrently

TableRow = dict[str, Any]
"""Column values of a row, by column name."""
RowKey = tuple[str, ...]
"""Values of the primary key columns of a row."""


@dataclass(frozen=True, slots=True)
class CatalogDiff:
    """Differences between declaration and database, as names.

    Examples of names are `feature voice.stats` and `command help`.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    retired: tuple[str, ...]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.retired)

    def format_lines(self) -> tuple[str, ...]:
        """Format one line per difference, for people; empty without differences."""
        return (
            *(f"new: {name}" for name in self.new),
            *(f"changed: {name}" for name in self.changed),
            *(f"retired: {name}" for name in self.retired),
        )

    def to_log_fields(self) -> dict[str, str]:
        """Return the differences as log fields: a comma-separated text per kind of difference."""
        kinds = {"new": self.new, "changed": self.changed, "retired": self.retired}
        return {kind: ", ".join(names) for kind, names in kinds.items() if names}


@dataclass(frozen=True, slots=True)
class DeclaredSurfaces:
    """The surface kinds that a package declares, and all its surfaces of these kinds."""

    kinds: frozenset[SurfaceKind]
    surfaces: tuple[Surface, ...]


@dataclass(frozen=True, slots=True)
class _TableDiff:
    """The differences of one table: rows to insert or update, and keys to retire.

    `changed` maps a key to the declared row and a description of the changes.
    """

    table: type[SQLModel]
    key_columns: RowKey
    new: dict[RowKey, TableRow]
    changed: dict[RowKey, tuple[TableRow, str]]
    retired: tuple[RowKey, ...]
    unchanged: int


async def compare(session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: Iterable[Surface]) -> CatalogDiff:
    """Compute what `register` would change, without changing anything (dry run)."""
    return _merge_diffs(await _diff_tables(session, kinds, tuple(surfaces)))


async def register(session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: Iterable[Surface]) -> CatalogDiff:
    """Register the catalog and these surfaces, which must be all surfaces of these kinds.

    Idempotent. Returns what was changed. A new feature is added to its lowest tier. What is no longer declared is
    retired; what is declared again is no longer retired. Takes an advisory lock if anything differs.
    """
    surfaces = tuple(surfaces)
    if not (planned_diff := await compare(session, kinds, surfaces)):
        return planned_diff
    await session.execute(select(func.pg_advisory_xact_lock(DISCOVERY_LOCK_ID)))
    table_diffs = await _diff_tables(session, kinds, surfaces)
    for table_diff in table_diffs:
        await _write(session, table_diff)
    await _add_to_lowest_tiers(session, table_diffs)
    if diff := _merge_diffs(table_diffs):
        await publish_policy_change(session, guild_id=None)
    return diff


async def load_surfaces(session: AsyncSession) -> SurfaceRegistry:
    """Load all registered surfaces of all processes, sorted by kind and key."""
    query = select(SurfaceRow).where(col(SurfaceRow.retired_at).is_(None)).order_by(SurfaceRow.kind, SurfaceRow.key)
    return SurfaceRegistry(
        Surface(SurfaceKind(row.kind), row.key, FeatureKey(row.feature_key), row.title, Audience(row.audience))
        for row in await session.scalars(query)
        if row.feature_key in FEATURES
    )


def to_json(surfaces: Iterable[Surface]) -> str:
    """Serialize surfaces as the JSON list in the field `surfaces` that `from_json` parses."""
    return json.dumps(
        [
            {
                "kind": surface.kind,
                "key": surface.key,
                "feature": surface.feature,
                "title": surface.title,
                "audience": surface.audience,
            }
            for surface in surfaces
        ]
    )


def from_json(text: str) -> DeclaredSurfaces:
    """Parse the declaration that a package prints: `{"kinds": […], "surfaces": […]}`.

    Raises BadRequest for anything else.
    """
    try:
        data = json.loads(text)
        return DeclaredSurfaces(
            kinds=frozenset(SurfaceKind(kind) for kind in data["kinds"]),
            surfaces=tuple(
                Surface(
                    SurfaceKind(item["kind"]),
                    item["key"],
                    FeatureKey(item["feature"]),
                    item["title"],
                    Audience(item["audience"]),
                )
                for item in data["surfaces"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"The list of surfaces is invalid: {error}.") from error


def build_module_rows() -> list[TableRow]:
    """Build the rows of all modules of the catalog."""
    return [
        {"key": str(module.key), "title": module.title, "sentence": module.description, "position": position}
        for position, module in enumerate(MODULES.values())
    ]


def build_feature_rows() -> list[TableRow]:
    """Build the rows of all features of the catalog."""
    return [
        {
            "key": str(feature.key),
            "module_key": str(feature.module),
            "title": feature.title,
            "sentence": feature.description,
            "lowest_tier": str(feature.lowest_tier),
            "on_by_default": feature.on_by_default,
            "essential": str(feature.essential),
        }
        for feature in FEATURES.values()
    ]


def build_surface_rows(surfaces: Iterable[Surface]) -> list[TableRow]:
    """Build the rows of these surfaces."""
    return [
        {
            "kind": str(surface.kind),
            "key": surface.key,
            "feature_key": str(surface.feature),
            "title": surface.title,
            "audience": str(surface.audience),
        }
        for surface in surfaces
    ]


async def _diff_tables(
    session: AsyncSession, kinds: Collection[SurfaceKind], surfaces: tuple[Surface, ...]
) -> tuple[_TableDiff, ...]:
    if unexpected_keys := [surface.key for surface in surfaces if surface.kind not in kinds]:
        raise ValueError(f"surfaces of kinds that another package declares: {unexpected_keys}")
    rows = await session.scalars(select(SurfaceRow))
    own_rows = [row for row in rows if row.kind in kinds]
    return (
        _diff_table(Module, ("key",), await _load_rows(session, Module), build_module_rows()),
        _diff_table(Feature, ("key",), await _load_rows(session, Feature), build_feature_rows()),
        _diff_table(SurfaceRow, ("kind", "key"), [row.model_dump() for row in own_rows], build_surface_rows(surfaces)),
    )


async def _load_rows(session: AsyncSession, table: type[SQLModel]) -> list[TableRow]:
    return [row.model_dump() for row in await session.scalars(select(table))]


def _diff_table(
    table: type[SQLModel], key_columns: RowKey, registered: list[TableRow], declared: list[TableRow]
) -> _TableDiff:
    known_rows = {tuple(row[name] for name in key_columns): row for row in registered}
    new: dict[RowKey, TableRow] = {}
    changed: dict[RowKey, tuple[TableRow, str]] = {}
    for row in declared:
        row_key = tuple(row[name] for name in key_columns)
        if row_key not in known_rows:
            new[row_key] = row
        elif changes := _describe_changes(known_rows[row_key], row):
            changed[row_key] = (row, changes)
    declared_keys = {tuple(row[name] for name in key_columns) for row in declared}
    retired = tuple(
        row_key for row_key, row in known_rows.items() if row_key not in declared_keys and row["retired_at"] is None
    )
    return _TableDiff(table, key_columns, new, changed, retired, len(declared) - len(new) - len(changed))


def _describe_changes(known_row: TableRow, declared_row: TableRow) -> str:
    """Describe the changed columns of a row; an empty text if nothing changed."""
    changes = [
        name.removesuffix("_key").replace("_", " ") for name, value in declared_row.items() if known_row[name] != value
    ]
    return ", ".join(changes + ["is back"] * (known_row["retired_at"] is not None))


def _merge_diffs(table_diffs: tuple[_TableDiff, ...]) -> CatalogDiff:
    return CatalogDiff(
        new=tuple(_format_name(table_diff, row_key) for table_diff in table_diffs for row_key in table_diff.new),
        changed=tuple(
            f"{_format_name(table_diff, row_key)} ({changes})"
            for table_diff in table_diffs
            for row_key, (_, changes) in table_diff.changed.items()
        ),
        retired=tuple(
            _format_name(table_diff, row_key) for table_diff in table_diffs for row_key in table_diff.retired
        ),
        unchanged=sum(table_diff.unchanged for table_diff in table_diffs),
    )


def _format_name(table_diff: _TableDiff, row_key: RowKey) -> str:
    return " ".join(row_key) if table_diff.table is SurfaceRow else f"{table_diff.table.__name__.lower()} {row_key[0]}"


async def _write(session: AsyncSession, table_diff: _TableDiff) -> None:
    rows = [*table_diff.new.values(), *(row for row, _ in table_diff.changed.values())]
    if rows:
        statement = insert(table_diff.table)
        values = {name: statement.excluded[name] for name in rows[0] if name not in table_diff.key_columns}
        upsert = statement.on_conflict_do_update(
            index_elements=table_diff.key_columns, set_={**values, "retired_at": None}
        )
        await session.execute(upsert, rows)
    for row_key in table_diff.retired:
        retire = update(table_diff.table).filter_by(**dict(zip(table_diff.key_columns, row_key, strict=True)))
        await session.execute(retire.values(retired_at=utc_now()))


async def _add_to_lowest_tiers(session: AsyncSession, table_diffs: tuple[_TableDiff, ...]) -> None:
    """Add new features to their lowest tier.

    Only new ones: an existing feature may have been moved by the operator and is not moved back.
    """
    tiers = set(await session.scalars(select(TierRow.key)))
    rows = [
        {"tier_key": row["lowest_tier"], "feature_key": row["key"]}
        for table_diff in table_diffs
        if table_diff.table is Feature
        for row in table_diff.new.values()
        if row["lowest_tier"] in tiers
    ]
    if rows:
        await session.execute(insert(TierFeature).on_conflict_do_nothing(), rows)
