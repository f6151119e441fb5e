"""Record the use of API keys: in memory, saved every few seconds.

If the process is killed, the requests since the last save are not recorded.
"""

from time import perf_counter

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Scope

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.api_key_usage import KeyRequest, UsageBatch, save_usage

limited_log = RateLimitedLogger(get_logger(__name__))
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class UsageRecorder:
    """Collects the requests of this process that were made with a valid key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch = UsageBatch()

    def record(self, scope: Scope, *, status: int, started_at: float, request_id: str) -> None:
        """Record a request that has ended. `started_at` is a time of `perf_counter`. Does nothing without a key."""
        state = scope.get("state", {})
        principal = state.get("api_key")
        if not isinstance(principal, Principal):
            return
        request = KeyRequest(
            principal.key_id,
            utc_now(),
            _get_endpoint(scope),
            status,
            state.get("problem_code", ""),
            round((perf_counter() - started_at) * 1_000),
            request_id,
        )
        if not self._batch.add(request):
            self._warn_of_full_batch()

    async def save(self) -> None:
        """Save what was recorded since the last time. If that fails, it is saved the next time."""
        batch, self._batch = self._batch, UsageBatch()
        if not batch:
            return
        try:
            async with self._database.transaction() as session:
                await save_usage(session, batch)
        except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            limited_log.warning("use of API keys not saved", kind=type(error).__name__, error=format_reason(error))
            if not batch.merge(self._batch):
                self._warn_of_full_batch()
            self._batch = batch

    def _warn_of_full_batch(self) -> None:
        limited_log.warning("use of API keys not counted", kind="too many different requests")


def _get_endpoint(scope: Scope) -> str:
    """Return method and template of the path; an empty text for a request that reached no endpoint."""
    route, method = scope.get("route"), scope["method"]
    return f"{method} {route.path}" if route is not None and method in METHODS else ""
