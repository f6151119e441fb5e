"""Liveness and readiness checks for supervisors and load balancers. They need no API key."""

import asyncio
from collections.abc import Awaitable

from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from herwa_api import texts
from herwa_api.app_state import ClickHouseDep, DatabaseDep
from herwa_api.schemas.serializers import OrjsonResponse
from herwa_shared.db import Database

router = APIRouter(tags=["health"])
STORE_TIMEOUT_SECONDS = 2.0


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
async def check_readiness(database: DatabaseDep, clickhouse: ClickHouseDep) -> Response:
    """Return 200 if PostgreSQL and ClickHouse respond within two seconds, else 503.

    The body names the state of each.
    """
    postgresql_ok, clickhouse_ok = await asyncio.gather(
        _is_reachable(_check_database(database)), _is_reachable(clickhouse.ping())
    )
    all_ok = postgresql_ok and clickhouse_ok
    stores = {"postgresql": _format_status(postgresql_ok), "clickhouse": _format_status(clickhouse_ok)}
    return OrjsonResponse({"status": _format_status(all_ok), "stores": stores}, 200 if all_ok else 503)


async def _check_database(database: Database) -> bool:
    """Acquire a connection of PostgreSQL: the pool pings each connection before it returns it."""
    async with database.acquire_connection():
        return True


async def _is_reachable(check: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
            return await check
    except (OSError, SQLAlchemyError, ClickHouseError):
        return False


def _format_status(is_up: bool) -> str:
    return "ok" if is_up else "down"
