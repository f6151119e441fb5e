"""Shared parts of the operator commands: a PostgreSQL session, the guild lookup, the actor."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches
from typing import Protocol, TypeVar

import asyncpg
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa.texts import operator as texts
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import lease_engines
from herwa_shared.errors import BadRequest, HerwaError, NotFound
from herwa_shared.models import Guild
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.guilds import list_guilds

MAX_NAMED_GUILDS = 5
GuildT = TypeVar("GuildT", bound="NamedGuild")


class NamedGuild(Protocol):
    """A server that can be chosen by id or name."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


class OutdatedSchemaError(HerwaError):
    """The database is missing tables that this version needs."""

    code = "not_set_up"
    status = 503
    message = texts.SCHEMA_OUTDATED


@asynccontextmanager
async def open_operator_session(settings: Settings) -> AsyncIterator[AsyncSession]:
    """Run a block in one PostgreSQL transaction. Raises OutdatedSchemaError.

    No other service is needed, so that the operator can act while something else is down.
    """
    async with open_operator_database(settings) as database, database.transaction() as session:
        yield session


@asynccontextmanager
async def open_operator_database(settings: Settings) -> AsyncIterator[Database]:
    """Open PostgreSQL for one block. Raises OutdatedSchemaError."""
    async with _open_database_url(settings) as url:
        audit_key = load_audit_key(settings, DataFolder(settings.data_dir))
        database = Database(url, pool_size=1, audit_key=audit_key)
        try:
            yield database
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) == asyncpg.UndefinedTableError.sqlstate:
                raise OutdatedSchemaError from error
            raise
        finally:
            await database.close()


def get_shell_actor() -> Actor:
    """Get the audit actor for this shell: the name of the system user."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "operator"
    return Actor(ChangeSource.CLI, None, name)


async def resolve_guild(session: AsyncSession, query: str) -> Guild:
    """Resolve a server by id or exact name, as `choose_guild` does."""
    return choose_guild(await list_guilds(session), query)


def choose_guild(guilds: Sequence[GuildT], query: str) -> GuildT:
    """Choose a server by id or exact name.

    Raises NotFound, whose message suggests similar names, and BadRequest if several servers have this name.
    """
    id_matches = [guild for guild in guilds if str(guild.id) == query]
    matches = id_matches or [guild for guild in guilds if guild.name == query]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise BadRequest(texts.format_ambiguous_guild(query, len(matches), _format_guilds(matches)))
    if not guilds:
        raise NotFound(texts.NO_SERVERS)
    guilds_by_key = {guild.name.casefold(): guild for guild in guilds} | {str(guild.id): guild for guild in guilds}
    similar_ids = list(
        dict.fromkeys(guilds_by_key[key].id for key in get_close_matches(query.casefold(), guilds_by_key, cutoff=0.55))
    )
    if similar_ids:
        similar_guilds = [guild for guild in guilds if guild.id in similar_ids]
        raise NotFound(texts.format_similar_guilds(query, _format_guilds(similar_guilds)))
    raise NotFound(texts.format_unknown_guild(query, _format_guilds(guilds, ", ")))


def replace_unprintable(text: str) -> str:
    """Replace unprintable characters: user input must not break lines or control the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


@asynccontextmanager
async def _open_database_url(settings: Settings) -> AsyncIterator[str]:
    """Yield the URL of PostgreSQL. An embedded one is kept running during the block."""
    if database_url := settings.stores.database_url:
        yield database_url.get_secret_value()
        return
    lease = await asyncio.to_thread(lease_engines, settings, DataFolder(settings.data_dir), report=lambda _: None)
    try:
        yield lease.urls.database
    finally:
        await asyncio.to_thread(lease.release)


def _format_guilds(guilds: Sequence[NamedGuild], separator: str = " or ") -> str:
    suffix = ", …" if len(guilds) > MAX_NAMED_GUILDS else ""
    return (
        separator.join(f"{guild.id} ({replace_unprintable(guild.name)})" for guild in guilds[:MAX_NAMED_GUILDS])
        + suffix
    )
