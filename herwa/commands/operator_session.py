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
from herwa_shared.services.audit import Actor, Via
from herwa_shared.services.guilds import known_guilds

NAMED_AT_MOST = 5


class NotSetUp(HerwaError):
    """The database lacks tables that this version needs."""

    code = "not_set_up"
    status = 503
    message = "This copy's database is not on the newest schema: run `herwa migrate`, or `herwa up`."


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[AsyncSession]:
    """One transaction in PostgreSQL. Nothing else is asked, so that the operator can act while something is down."""
    async with _address(settings) as url:
        database = Database(url, pool_size=1)
        try:
            async with database.transaction() as session:
                yield session
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) == asyncpg.UndefinedTableError.sqlstate:
                raise NotSetUp from error
            raise
        finally:
            await database.close()


@asynccontextmanager
async def _address(settings: Settings) -> AsyncIterator[str]:
    """Where PostgreSQL is; an embedded one runs at least as long as this block."""
    if given := settings.stores.database_url:
        yield given.get_secret_value()
        return
    lease = await asyncio.to_thread(lease_engines, settings, DataFolder(settings.data_dir), say=lambda _: None)
    try:
        yield lease.urls.database
    finally:
        await asyncio.to_thread(lease.release)


def typist() -> Actor:
    """Whoever is at this shell, by the name of their account on this machine."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "operator"
    return Actor(Via.CLI, None, name)


async def meant_guild(session: AsyncSession, typed: str) -> Guild:
    """The server of this id or exact name. Raises NotFound naming the nearest, BadRequest naming those of one name."""
    known = await known_guilds(session)
    by_id = [guild for guild in known if str(guild.id) == typed]
    found = by_id or [guild for guild in known if guild.name == typed]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadRequest(f"There are {len(found)} servers “{typed}”: say which by its id, {_named(found)}.")
    if not known:
        raise NotFound("The bot has not been in any server yet.")
    titles = {guild.name.casefold(): guild for guild in known} | {str(guild.id): guild for guild in known}
    near = list(dict.fromkeys(titles[title].id for title in get_close_matches(typed.casefold(), titles, cutoff=0.55)))
    if near:
        raise NotFound(f"No server “{typed}”. Did you mean {_named([one for one in known if one.id in near])}?")
    raise NotFound(f"No server “{typed}”. The bot knows {_named(known)}.")


def plain(words: str) -> str:
    """What somebody typed, as one line that no terminal takes for a command."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)


def _named(guilds: Sequence[Guild]) -> str:
    more = ", …" if len(guilds) > NAMED_AT_MOST else ""
    return " or ".join(f"{guild.id} ({plain(guild.name)})" for guild in guilds[:NAMED_AT_MOST]) + more
