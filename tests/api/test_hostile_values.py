"""Values that are no such value: SQL, numbers out of range, NUL, broken Unicode. Each is refused, none causes a failure."""

import json

import httpx
import pytest

from herwa_shared.catalog import Limit
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.grants import grant_limit
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.documented_routes import list_routes
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild
from tests.support.statement_log import count_selects

QUERY_VALUES = [
    "'",
    "1'+OR+'1'='1",
    "messages')+UNION+ALL+SELECT+name+FROM+system.tables--",
    "1;DROP+TABLE+activity_events",
    "{x:UInt64}",
    "%00",
    "day%00",
    "%ff%fe",
    "%ED%A0%80",
    "%E2%80%AEyad",
    "../../etc/passwd",
    "%0d%0aSet-Cookie:+x=1",
    "-1",
    "1e309",
    "NaN",
    "9" * 5000,
    "18446744073709551616",
    "[]",
]
BODIES = [
    "NaN",
    "1" + "0" * 5000,
    "[" * 30_000,
    '{"a":' * 10_000,
    '"\\ud800"',
    "\\u0000",
    "\xff",
    "null",
    "[]",
]
FIELD_VALUES = [
    "NaN",
    "Infinity",
    "1e400",
    "9" * 400,
    "-1",
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"' + "a" * 5000 + '"',
    "[" * 5000 + "]" * 5000,
    "{}",
    '["\\u0000"]',
    '["\\ud800"]',
    "[[]]",
    "[null]",
]


KEY_PATHS = ("/keys", "/rotate")
"""Routes whose bodies have no free text. In a note of a rule, for example, any text is valid."""


async def allow_many_requests(stores: Stores, guild_id: int) -> None:
    async with stores.database.transaction() as session:
        await grant_limit(
            session, guild_id=guild_id, limit=Limit.REQUESTS_PER_MINUTE, value=100_000, reason="test", actor=SYSTEM
        )


async def test_no_hostile_value_of_a_parameter_reaches_clickhouse(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    await allow_many_requests(stores, guild_id)
    authorization = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    routes = [route for route in await list_routes(client) if route.query_parameters and route.is_of_a_guild]
    assert routes
    selects_before = await count_selects(stores.clickhouse)
    for route in routes:
        for name in route.query_parameters:
            for value in QUERY_VALUES:
                response = await client.get(f"{route.fill(guild_id)}?{name}={value}", headers=authorization)
                assert response.status_code < 500, (route, name, value)
                if route.is_statistics:
                    assert response.status_code == 400, (route, name, value)
                    assert [error["field"] for error in response.json()["errors"]] == [name]
    assert await count_selects(stores.clickhouse) - selects_before == 1


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_malformed_body_is_refused(browser: Browser, server: ManagedServer, stores: Stores, body):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    for response in await send_to_all(browser, server.id, body):
        assert 400 <= response.status_code < 500, response.request.url


@pytest.mark.parametrize("value", FIELD_VALUES, ids=range(len(FIELD_VALUES)))
@pytest.mark.slow
async def test_hostile_value_of_a_field_is_refused(browser: Browser, server: ManagedServer, stores: Stores, value):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    document = (await browser.herwa.get("/api/openapi.json")).json()
    for route in await list_routes(browser.herwa):
        if "requestBody" not in route.operation:
            continue
        schema = document["components"]["schemas"][route.body_schemas[0]]
        examples = {name: entry["examples"][0] for name, entry in schema["properties"].items() if "examples" in entry}
        for name in schema["properties"]:
            body = json.dumps(examples | {name: "<value>"}).replace('"<value>"', value)
            response = await browser.herwa.request(
                route.method,
                route.fill(server.id),
                content=body,
                headers={"Origin": browser.settings.origin, "Content-Type": "application/json"},
            )
            assert response.status_code < 500, (route, name)
            if route.path.endswith(KEY_PATHS):
                assert response.status_code == 400, (route, name)


async def send_to_all(browser: Browser, guild_id: int, body: str) -> list[httpx.Response]:
    """Send the body to every route that takes one."""
    headers = {"Origin": browser.settings.origin, "Content-Type": "application/json"}
    return [
        await browser.herwa.request(route.method, route.fill(guild_id), content=body.encode("latin-1"), headers=headers)
        for route in await list_routes(browser.herwa)
        if "requestBody" in route.operation
    ]
