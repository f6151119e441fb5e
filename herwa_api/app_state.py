"""What every route may ask for: the stores, the settings, and what logs people in."""

from dataclasses import dataclass, field
from typing import Annotated

from clickhouse_connect.driver.asyncclient import AsyncClient
from fastapi import Depends, Request

from herwa_shared.auth.discord_oauth import DiscordLogin
from herwa_shared.auth.encryption import Seal, seal_of
from herwa_shared.auth.guild_access import TOKENS, Rights, redirect_uri
from herwa_shared.authorization import Clearance
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.endpoints import discord_cdn, discord_place
from herwa_shared.errors import LogInNotSetUp
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import pepper_of
from herwa_shared.stores import Stores


@dataclass(frozen=True, slots=True)
class LogIns:
    """What it takes to log people in. `attempts` seals what browsers keep for us, `tokens` what the database keeps."""

    discord: DiscordLogin
    rights: Rights
    attempts: Seal
    tokens: Seal


@dataclass(frozen=True, slots=True)
class Access:
    """What the process was started with. Without `log_ins` only keys open anything."""

    stores: Stores
    clearance: Clearance
    settings: Settings
    cdn: str
    pepper: bytes = field(repr=False)
    log_ins: LogIns | None

    def logging_in(self) -> LogIns:
        """Raises LogInNotSetUp."""
        if self.log_ins is None:
            raise LogInNotSetUp
        return self.log_ins


def open_access(stores: Stores, settings: Settings, policies: PolicyCache) -> Access:
    """Everything, by these settings. There is nothing to close but stores and policies, which the caller opened."""
    folder = DataFolder(settings.data_dir)
    log_ins = _log_ins(stores, settings, folder)
    return Access(
        stores=stores,
        clearance=Clearance(policies, stores.database, log_ins.rights if log_ins else None),
        settings=settings,
        cdn=discord_cdn(settings, folder),
        pepper=pepper_of(settings, folder),
        log_ins=log_ins,
    )


def _log_ins(stores: Stores, settings: Settings, folder: DataFolder) -> LogIns | None:
    place = discord_place(settings, folder)
    if place is None:
        return None
    discord = DiscordLogin(place, redirect_uri(settings))
    attempts, tokens = (seal_of(settings, folder, purpose=purpose) for purpose in ("attempts", TOKENS))
    return LogIns(discord, Rights(stores.database, discord, tokens), attempts, tokens)


def access_of(request: Request) -> Access:
    """As `create_app` was given it."""
    access: Access = request.app.state.access
    return access


def _database(access: Annotated[Access, Depends(access_of)]) -> Database:
    return access.stores.database


def _clickhouse(access: Annotated[Access, Depends(access_of)]) -> AsyncClient:
    return access.stores.clickhouse


Given = Annotated[Access, Depends(access_of)]
PostgreSQL = Annotated[Database, Depends(_database)]
ClickHouse = Annotated[AsyncClient, Depends(_clickhouse)]
