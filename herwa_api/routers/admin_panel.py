"""Routes of the operator's panel about this copy: overview, health, tiers, kill switches."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from herwa_api.app_state import AppDep, DatabaseDep
from herwa_api.operator_gate import PANEL_PREFIX, OperatorDep, RecentOperatorDep
from herwa_api.schemas import admin as schemas
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.auth.operators import Operator
from herwa_shared.db import Database
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.operators.announcements import end_announcement, list_announcements, publish_announcement
from herwa_shared.operators.audit import build_operator_actor
from herwa_shared.operators.health import load_health
from herwa_shared.operators.jobs import request_job
from herwa_shared.operators.overview import load_overview
from herwa_shared.operators.tier_editor import (
    add_tier,
    preview_tier_change,
    remove_tier,
    save_lowest_tier,
    save_tier,
)
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.kill_switches import list_kill_switches, set_kill_switch
from herwa_shared.services.tiers import list_tiers
from herwa_shared.services.write_transaction import open_write_transaction

router = APIRouter(prefix=PANEL_PREFIX, include_in_schema=False)
Key = Annotated[str, Path(max_length=64)]
RowId = Annotated[int, Path(ge=1, le=MAX_SNOWFLAKE)]
DryRun = Annotated[bool, Query()]


@router.get("/overview")
async def show_overview(_operator: OperatorDep, database: DatabaseDep) -> Response:
    """Show the overview."""
    async with database.transaction() as session:
        return OrjsonResponse((await load_overview(session)).to_json())


@router.get("/health")
async def show_health(_operator: OperatorDep, app_state: AppDep) -> Response:
    """Show the health of this copy."""
    report = await load_health(app_state.stores.database, app_state.settings.data_dir)
    return OrjsonResponse(report.to_json())


@router.post("/jobs/{name}/run")
async def run_job(operator: OperatorDep, database: DatabaseDep, name: Key) -> Response:
    """Let the worker run a job now."""
    async with open_write_transaction(database) as session:
        await request_job(session, name=name, actor=_build_actor(operator))
    return OrjsonResponse({"job": name})


@router.get("/tiers")
async def show_tiers(_operator: OperatorDep, database: DatabaseDep) -> Response:
    """Show all tiers."""
    return OrjsonResponse(await _load_tiers(database))


@router.put("/tiers/{tier}")
async def change_tier(
    operator: RecentOperatorDep, database: DatabaseDep, tier: Key, body: schemas.TierBody, dry_run: DryRun = False
) -> Response:
    """Save a tier; with `dry_run=true` only tell what that would change."""
    draft, actor = body.to_draft(tier), _build_actor(operator)
    async with open_write_transaction(database) as session:
        effects = await preview_tier_change(
            session, lambda inner: save_tier(inner, draft, reason=body.reason, actor=actor)
        )
        if not dry_run:
            await save_tier(session, draft, reason=body.reason, actor=actor)
    return OrjsonResponse({"effects": [effect.to_json() for effect in effects], **await _load_tiers(database)})


@router.post("/tiers")
async def create_tier(operator: RecentOperatorDep, database: DatabaseDep, body: schemas.NewTierBody) -> Response:
    """Create a tier."""
    async with open_write_transaction(database) as session:
        await add_tier(
            session, key=body.key, title=body.title, above=body.above, reason=body.reason, actor=_build_actor(operator)
        )
    return OrjsonResponse(await _load_tiers(database))


@router.delete("/tiers/{tier}")
async def delete_tier(
    operator: RecentOperatorDep, database: DatabaseDep, tier: Key, body: schemas.ReasonBody
) -> Response:
    """Delete a tier that nothing uses."""
    async with open_write_transaction(database) as session:
        await remove_tier(session, tier=tier, reason=body.reason, actor=_build_actor(operator))
    return OrjsonResponse(await _load_tiers(database))


@router.put("/features/{feature}/lowest-tier")
async def change_lowest_tier(
    operator: RecentOperatorDep,
    database: DatabaseDep,
    feature: Key,
    body: schemas.LowestTierBody,
    dry_run: DryRun = False,
) -> Response:
    """Make a tier the lowest one with a feature; with `dry_run=true` only tell what that would change."""
    change: dict[str, Any] = {
        "feature": feature,
        "tier": body.tier,
        "reason": body.reason,
        "actor": _build_actor(operator),
    }
    async with open_write_transaction(database) as session:
        effects = await preview_tier_change(session, lambda inner: save_lowest_tier(inner, **change))
        if not dry_run:
            await save_lowest_tier(session, **change)
    return OrjsonResponse({"effects": [effect.to_json() for effect in effects], **await _load_tiers(database)})


@router.get("/kill-switches")
async def show_kill_switches(_operator: OperatorDep, database: DatabaseDep) -> Response:
    """Show the features that are off everywhere."""
    return OrjsonResponse(await _load_kill_switches(database))


@router.put("/kill-switches/{feature}")
async def switch_off(
    operator: RecentOperatorDep, database: DatabaseDep, feature: Key, body: schemas.ReasonBody
) -> Response:
    """Turn a feature off everywhere."""
    async with open_write_transaction(database) as session:
        await set_kill_switch(session, feature=feature, active=True, reason=body.reason, actor=_build_actor(operator))
    return OrjsonResponse(await _load_kill_switches(database))


@router.delete("/kill-switches/{feature}")
async def switch_on(operator: RecentOperatorDep, database: DatabaseDep, feature: Key) -> Response:
    """Turn a feature on again."""
    async with open_write_transaction(database) as session:
        await set_kill_switch(session, feature=feature, active=False, reason="", actor=_build_actor(operator))
    return OrjsonResponse(await _load_kill_switches(database))


@router.get("/announcements")
async def show_announcements(_operator: OperatorDep, database: DatabaseDep) -> Response:
    """List the newest announcements."""
    return OrjsonResponse(await _load_announcements(database))


@router.post("/announcements")
async def publish(operator: OperatorDep, database: DatabaseDep, body: schemas.AnnouncementBody) -> Response:
    """Publish an announcement."""
    async with open_write_transaction(database) as session:
        await publish_announcement(
            session, text=body.text, tier=body.tier, hours=body.hours, actor=_build_actor(operator)
        )
    return OrjsonResponse(await _load_announcements(database))


@router.delete("/announcements/{announcement_id}")
async def end(operator: OperatorDep, database: DatabaseDep, announcement_id: RowId) -> Response:
    """End an announcement."""
    async with open_write_transaction(database) as session:
        await end_announcement(session, announcement_id=announcement_id, actor=_build_actor(operator))
    return OrjsonResponse(await _load_announcements(database))


async def _load_announcements(database: Database) -> dict[str, Any]:
    async with database.transaction() as session:
        return {"items": [status.to_json() for status in await list_announcements(session)]}


async def _load_tiers(database: Database) -> dict[str, Any]:
    async with database.transaction() as session:
        return {"tiers": [tier.to_json() for tier in await list_tiers(session)]}


async def _load_kill_switches(database: Database) -> dict[str, Any]:
    async with database.transaction() as session:
        switches = await list_kill_switches(session)
    items = [
        {"feature": switch.feature, "reason": switch.reason, "by": switch.by, "at": switch.at.isoformat()}
        for switch in switches
    ]
    return {"items": items}


def _build_actor(operator: Operator) -> Actor:
    return build_operator_actor(operator, ChangeSource.API)
