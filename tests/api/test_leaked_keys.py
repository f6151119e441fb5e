"""`/api/leaked-keys`: anyone reports a leaked key, which stops working at once; nothing of it is logged."""

import httpx
import pytest

from herwa_api import texts
from herwa_api.error_pages import LEAK_FORM_PATH, LEAK_PAGE
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_shared.services.api_key_format import generate_key
from herwa_shared.stores import Stores
from tests.api.browser import BROWSER_HEADERS
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild
from tests.support.waiting import wait_until

URL = "/api/leaked-keys"


async def is_refused(client: httpx.AsyncClient, key: str) -> bool:
    return (await client.get("/api/me", headers={"Authorization": f"Bearer {key}"})).status_code == 401


async def test_reported_key_stops_working_within_a_second(client, stores: Stores, make_key: KeyFactory):
    key = await make_key(await add_guild(stores))
    assert not await is_refused(client, key)
    response = await client.post(URL, json={"text": f"token = '{key}' and {generate_key()}"})
    assert (response.status_code, response.json()) == (200, {"found": 2, "revoked": 1})

    async def has_ended() -> bool:
        return await is_refused(client, key)

    await wait_until(has_ended, timeout_seconds=1)
    again = await client.post(URL, json={"text": key})
    assert again.json() == {"found": 1, "revoked": 1}


async def test_text_without_a_real_key_revokes_nothing(client):
    for text, found in (("nothing here", 0), (generate_key(), 1), ("", 0)):
        response = await client.post(URL, json={"text": text})
        assert (response.status_code, response.json()) == (200, {"found": found, "revoked": 0})


@pytest.mark.parametrize("body", [{}, {"text": 5}, {"text": "x" * 10_001}, {"text": "x", "guild_id": "1"}, ["x"]])
async def test_invalid_report_is_refused_without_an_echo(client, body):
    response = await client.post(URL, json=body)
    assert response.status_code == 400
    assert "xxx" not in response.text


async def test_form_is_followed_by_a_page(client, stores: Stores, make_key: KeyFactory, caplog):
    key = await make_key(await add_guild(stores))
    response = await client.post(LEAK_FORM_PATH, data={"text": f" {key} "}, headers=BROWSER_HEADERS)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert texts.LEAK_REVOKED_TITLE in response.text
    assert f'href="{LEAK_PAGE}"' in response.text
    unknown = await client.post(LEAK_FORM_PATH, data={"text": "<script>"}, headers=BROWSER_HEADERS)
    assert texts.LEAK_UNKNOWN_TITLE in unknown.text
    assert "<script>" not in unknown.text
    assert key not in response.text + caplog.text
    assert (await client.post(LEAK_FORM_PATH, content=b"\xff=&&text", headers=BROWSER_HEADERS)).status_code == 200


async def test_reports_are_limited_per_address(client):
    limit = RATE_LIMITS.leak_reports.amount
    responses = [await client.post(URL, json={"text": "x"}) for _ in range(limit + 1)]
    assert [response.status_code for response in responses] == [200] * limit + [429]
    assert responses[-1].json()["limit"] == LimitName.LEAK_REPORTS
    for _ in range(limit + 1):
        response = await client.post(LEAK_FORM_PATH, data={"text": "x"}, headers=BROWSER_HEADERS)
    assert (response.status_code, texts.WAIT_A_MINUTE in response.text) == (429, True)
