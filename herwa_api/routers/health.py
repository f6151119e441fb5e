"""Is this process alive, and can it answer? For supervisors and load balancers; no key needed."""

import asyncio
from collections.abc import Awaitable

from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from herwa_api.app_state import ClickHouse, PostgreSQL
from herwa_api.schemas.serializers import Json
from herwa_shared.db import Database

router = APIRouter(tags=["health"])
PATIENCE = 2.0


@router.get("/healthz", summary="The process runs")
async def healthz() -> Response:
    return Json({"status": "ok"})


@router.get("/readyz", summary="The process and both stores answer", responses={503: {"description": "One does not"}})
async def readyz(database: PostgreSQL, clickhouse: ClickHouse) -> Response:
    postgresql, engine = await asyncio.gather(_answers(_connect(database)), _answers(clickhouse.ping()))
    ready = postgresql and engine
    stores = {"postgresql": _word(postgresql), "clickhouse": _word(engine)}
    return Json({"status": _word(ready), "stores": stores}, 200 if ready else 503)


async def _connect(database: Database) -> bool:
    """The pool asks a connection for a sign of life before it hands it out."""
    async with database.raw():
        return True


async def _answers(question: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await question
    except (OSError, SQLAlchemyError, ClickHouseError):
        return False


def _word(well: bool) -> str:
    return "ok" if well else "down"
