"""What every command of the operator needs: PostgreSQL alone, the server that was meant, and who is typing."""

import asyncio
import getpass
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from difflib import get_close_matches

import asyncpg
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import lease_engines
from herwa_shared.errors import BadRequest, HerwaError, NotFound
from herwa_shared.models import Guild
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.guilds import list_guilds

MAX_NAMED_GUILDS = 5


class OutdatedSchemaError(HerwaError):
    """The database lacks tables that this version needs."""

    code = "not_set_up"
    status = 503
    message = "This copy's database is not on the newest schema: run `herwa migrate`, or `herwa up`."


@asynccontextmanager
async def open_operator_session(settings: Settings) -> AsyncIterator[AsyncSession]:
    """One transaction in PostgreSQL. Nothing else is asked, so that the operator can act while something is down."""
    async with _open_database_url(settings) as url:
        database = Database(url, pool_size=1)
        try:
            async with database.transaction() as session:
                yield session
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) == asyncpg.UndefinedTableError.sqlstate:
                raise OutdatedSchemaError from error
            raise
        finally:
            await database.close()


@asynccontextmanager
async def _open_database_url(settings: Settings) -> AsyncIterator[str]:
    """Where PostgreSQL is; an embedded one runs at least as long as this block."""
    if database_url := settings.stores.database_url:
        yield database_url.get_secret_value()
        return
    lease = await asyncio.to_thread(lease_engines, settings, DataFolder(settings.data_dir), report=lambda _: None)
    try:
        yield lease.urls.database
    finally:
        await asyncio.to_thread(lease.release)


def get_shell_actor() -> Actor:
    """Whoever is at this shell, by the name of their account on this machine."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "operator"
    return Actor(ChangeSource.CLI, None, name)


async def resolve_guild(session: AsyncSession, query: str) -> Guild:
    """The server of this id or exact name. Raises NotFound naming the nearest, BadRequest naming those of one name."""
    guilds = await list_guilds(session)
    id_matches = [guild for guild in guilds if str(guild.id) == query]
    matches = id_matches or [guild for guild in guilds if guild.name == query]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise BadRequest(f"There are {len(matches)} servers “{query}”: say which by its id, {_format_guilds(matches)}.")
    if not guilds:
        raise NotFound("The bot has not been in any server yet.")
    ids_by_title = {guild.name.casefold(): guild for guild in guilds} | {str(guild.id): guild for guild in guilds}
    similar_ids = list(
        dict.fromkeys(
            ids_by_title[title].id for title in get_close_matches(query.casefold(), ids_by_title, cutoff=0.55)
        )
    )
    if similar_ids:
        raise NotFound(
            f"No server “{query}”. Did you mean {_format_guilds([guild for guild in guilds if guild.id in similar_ids])}?"
        )
    raise NotFound(f"No server “{query}”. The bot knows {_format_guilds(guilds)}.")


def replace_unprintable(text: str) -> str:
    """What somebody typed, as one line that no terminal takes for a command."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _format_guilds(guilds: Sequence[Guild]) -> str:
    suffix = ", …" if len(guilds) > MAX_NAMED_GUILDS else ""
    return (
        " or ".join(f"{guild.id} ({replace_unprintable(guild.name)})" for guild in guilds[:MAX_NAMED_GUILDS]) + suffix
    )
