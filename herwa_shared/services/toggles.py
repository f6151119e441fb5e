"""The rows of what a guild has switched: kept only where it chose, read together with what holds by default."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, select

from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.words import title_of
from herwa_shared.models import Feature, FeatureToggle, ModuleToggle
from herwa_shared.services.audit import Actor
from herwa_shared.services.choices import Choice, State


async def _read_feature(session: AsyncSession, guild_id: int, key: str) -> State | None:
    default = await session.scalar(select(Feature.on_by_default).where(col(Feature.key) == key))
    chosen = await session.get(FeatureToggle, (guild_id, key), populate_existing=True)
    return {"enabled": default if chosen is None else chosen.enabled, "by_default": chosen is None}


async def _read_module(session: AsyncSession, guild_id: int, key: str) -> State | None:
    chosen = await session.get(ModuleToggle, (guild_id, key), populate_existing=True)
    return {"enabled": chosen is None or chosen.enabled, "by_default": chosen is None}


async def _write_feature(session: AsyncSession, guild_id: int, key: str, state: State | None, _actor: Actor) -> None:
    await _write(session, FeatureToggle, {"guild_id": guild_id, "feature_key": key}, state)


async def _write_module(session: AsyncSession, guild_id: int, key: str, state: State | None, _actor: Actor) -> None:
    await _write(session, ModuleToggle, {"guild_id": guild_id, "module_key": key}, state)


async def _write(
    session: AsyncSession, table: type[SQLModel], which: dict[str, int | str], state: State | None
) -> None:
    if state is None or state["by_default"]:
        await session.execute(delete(table).filter_by(**which))
        return
    said = {"enabled": state["enabled"], "changed_at": utc_now()}
    upsert = insert(table).values(**which, **said)
    await session.execute(upsert.on_conflict_do_update(index_elements=list(which), set_=said))


FEATURE = Choice(
    read=_read_feature,
    write=_write_feature,
    action=lambda _before, _after: "feature.set",
    title=lambda key, _state: title_of(TargetKind.FEATURE, key),
)
MODULE = Choice(
    read=_read_module,
    write=_write_module,
    action=lambda _before, _after: "module.set",
    title=lambda key, _state: title_of(TargetKind.MODULE, key),
)
