"""Transactions for changes of settings, which tell whether a change that failed may have been saved."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.db import Database
from herwa_shared.errors import HerwaError
from herwa_shared.services import texts


class NotSaved(HerwaError):
    """The database is unavailable and nothing was changed."""

    code = "not_saved"
    status = 503
    message = texts.NOT_SAVED


class SaveUnconfirmed(HerwaError):
    """The connection to the database was lost during the commit, which may have succeeded."""

    code = "save_unconfirmed"
    status = 503
    message = texts.SAVE_UNCONFIRMED


@asynccontextmanager
async def open_write_transaction(database: Database) -> AsyncIterator[AsyncSession]:
    """Open a transaction for a change.

    If the database becomes unavailable, raises NotSaved before the commit and SaveUnconfirmed during the commit.
    """
    is_committing = False
    try:
        async with database.transaction() as session:
            yield session
            is_committing = True
    except (OSError, DBAPIError, PoolTimeoutError) as error:
        if isinstance(error, DBAPIError) and not error.connection_invalidated:
            raise
        raise SaveUnconfirmed if is_committing else NotSaved from error
