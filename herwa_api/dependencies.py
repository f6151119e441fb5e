"""What every route may ask for: the stores, and the key of key hashes."""

from dataclasses import dataclass, field
from typing import Annotated

from clickhouse_connect.driver.asyncclient import AsyncClient
from fastapi import Depends, Request

from herwa_shared.db import Database
from herwa_shared.stores import Stores


@dataclass(frozen=True, slots=True)
class Access:
    """What the process was started with."""

    stores: Stores
    pepper: bytes = field(repr=False)


def access_of(request: Request) -> Access:
    """As `create_app` was given it."""
    access: Access = request.app.state.access
    return access


def _database(access: Annotated[Access, Depends(access_of)]) -> Database:
    return access.stores.database


def _clickhouse(access: Annotated[Access, Depends(access_of)]) -> AsyncClient:
    return access.stores.clickhouse


PostgreSQL = Annotated[Database, Depends(_database)]
ClickHouse = Annotated[AsyncClient, Depends(_clickhouse)]
