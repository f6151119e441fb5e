"""Log-ins, ended sessions and everything that is refused are events of the log, without tokens, keys and addresses."""

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog

from herwa_api import auth, errors
from herwa_api.routers import auth as auth_router
from herwa_shared.auth.sessions import ABSOLUTE_TIMEOUT, create_session
from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.services.api_keys import list_keys
from herwa_shared.stores import Stores
from herwa_worker.jobs import WorkerJobs
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild

LogLines = list[MutableMapping[str, Any]]


@pytest.fixture
def lines(monkeypatch) -> Iterator[LogLines]:
    """The lines that are logged during the test, none of them dropped because of other tests."""
    for module in (auth, auth_router, errors):
        monkeypatch.setattr(module, "limited_log", RateLimitedLogger(get_logger("test")))
    with structlog.testing.capture_logs() as lines:
        yield lines


def select_lines(lines: LogLines, event: str) -> LogLines:
    return [
        {name: value for name, value in line.items() if name not in ("event", "log_level")}
        for line in lines
        if line["event"] == event
    ]


async def test_login_and_logout_are_logged_with_the_user(browser: Browser, server: ManagedServer, lines: LogLines):
    await browser.log_in(server.owner)
    await browser.log_in(server.owner)
    await browser.log_out()
    assert select_lines(lines, "logged in") == [{"user": server.owner}] * 2
    assert select_lines(lines, "session ended") == [
        {"user": server.owner, "reason": "replaced"},
        {"user": server.owner, "reason": "logged_out"},
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda callback: callback.copy_set_param("state", "A" * 43), "login_expired"),
        (lambda callback: callback.copy_set_param("code", "guessed"), "login_rejected"),
        (lambda callback: callback.copy_remove_param("code"), "login_rejected"),
        (lambda callback: callback.copy_set_param("error", "access_denied"), "denied_by_user"),
    ],
)
async def test_refused_login_is_logged_with_its_reason(
    browser: Browser, server: ManagedServer, lines: LogLines, change, reason
):
    callback = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))
    await browser.herwa.get(change(callback))
    assert select_lines(lines, "log-in refused") == [{"kind": reason}]
    assert callback.params["code"] not in str(lines)


async def test_refused_key_is_logged_with_its_reason_and_without_the_key(
    client, stores: Stores, make_key: KeyFactory, lines: LogLines
):
    guild_id = await add_guild(stores)
    expired = await make_key(guild_id, expires_at=utc_now() - timedelta(hours=1))
    for authorization in (f"Bearer {expired}", "Bearer nonsense", f"Basic {expired}"):
        await client.get(f"/api/guilds/{guild_id}/stats", headers={"Authorization": authorization})
    assert select_lines(lines, "API key refused") == [{"kind": "expired"}, {"kind": "malformed"}, {"kind": "malformed"}]
    assert expired not in str(lines)


async def test_many_refused_keys_are_three_lines(client, stores: Stores, lines: LogLines):
    guild_id = await add_guild(stores)
    for _ in range(50):
        await client.get(f"/api/guilds/{guild_id}/stats", headers={"Authorization": "Bearer nonsense"})
    assert len(select_lines(lines, "API key refused")) == 3


async def test_expired_sessions_are_logged_with_their_number(
    browser: Browser, server: ManagedServer, stores: Stores, lines: LogLines
):
    await browser.log_in(server.owner)
    async with stores.database.transaction() as session:
        await create_session(session, user_id=server.owner, now=utc_now() - ABSOLUTE_TIMEOUT)
    await WorkerJobs(stores).purge_expired()
    assert {"count": 1, "reason": "expired"} in select_lines(lines, "sessions ended")


async def test_refused_access_is_logged_with_its_caller(
    browser: Browser, client, server: ManagedServer, stores: Stores, make_key: KeyFactory, lines: LogLines
):
    await save_server(stores, server)
    await browser.log_in(server.member)
    key = await make_key(server.id, [Scope.SETTINGS_READ])
    async with stores.database.transaction() as session:
        [status] = await list_keys(session, guild_id=server.id)

    await browser.herwa.get(f"/api/guilds/{server.id}/stats")
    await client.get(f"/api/guilds/{server.id}/stats", headers={"Authorization": f"Bearer {key}"})
    await browser.herwa.delete("/api/sessions", headers={"Origin": "https://evil.example"})

    route = {"method": "GET", "route": "/api/guilds/{guild_id}/stats", "guild": str(server.id)}
    assert select_lines(lines, "access refused") == [
        route | {"kind": "not_found", "user": server.member, "key": None},
        route | {"kind": Reason.SCOPE, "user": None, "key": status.id},
        {"kind": "forbidden", "method": "DELETE", "route": "/api/sessions", "guild": "", "user": None, "key": None},
    ]
