"""Liveness and readiness checks for supervisors and load balancers. They need no API key."""

from fastapi import APIRouter, Response

from herwa_api import texts
from herwa_api.app_state import AppDep
from herwa_api.schemas.serializers import OrjsonResponse

router = APIRouter(tags=["health"])


@router.get("/healthz", summary=texts.ROUTE_SUMMARIES["healthz"], description=texts.ROUTE_DESCRIPTIONS["healthz"])
async def check_liveness() -> Response:
    """Return 200 while the process runs. No database is queried."""
    return OrjsonResponse({"status": "ok"})


@router.get(
    "/readyz",
    summary=texts.ROUTE_SUMMARIES["readyz"],
    description=texts.ROUTE_DESCRIPTIONS["readyz"],
    responses={503: {"description": texts.STORE_DOWN_DESCRIPTION}},
)
async def check_readiness(app_state: AppDep) -> Response:
    """Return 200 if PostgreSQL and ClickHouse respond within two seconds, else 503; 503 too while the process stops.

    The body names the state of each database. It is at most a second old.
    """
    if app_state.readiness.is_stopping:
        return OrjsonResponse({"status": "stopping"}, 503)
    status = await app_state.readiness.check()
    stores = {"postgresql": _format_status(status.postgresql), "clickhouse": _format_status(status.clickhouse)}
    return OrjsonResponse(
        {"status": _format_status(status.is_ready), "stores": stores}, 200 if status.is_ready else 503
    )


def _format_status(is_up: bool) -> str:
    return "ok" if is_up else "down"
