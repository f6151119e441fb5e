"""A response to a key is repeated without its route while nothing about it changes, and not a moment longer."""

import httpx
import pytest

from herwa_api.known_responses import KnownResponses
from herwa_shared.catalog import FeatureKey, Scope
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.governance_client import GovernanceClient
from tests.support.row_factories import EventRow, add_guild, add_imported_period, insert_events, make_utc
from tests.support.waiting import wait_until

MARCH = {"from": "2025-03-01", "to": "2025-04-01"}


class KnownQuestion:
    """A question of a key, which the API has answered and can repeat."""

    def __init__(self, client: httpx.AsyncClient, guild_id: int, key: str) -> None:
        self.client, self.guild_id = client, guild_id
        self.path = f"/api/guilds/{guild_id}/stats"
        self.headers = {"Authorization": f"Bearer {key}"}

    async def send(self, **params: str) -> httpx.Response:
        return await self.client.get(self.path, params={**MARCH, **params}, headers=self.headers)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request since then was answered from the known responses."""
    results: list[bool] = []
    find = KnownResponses.find

    def note_result(self, scope):
        known = find(self, scope)
        results.append(known is not None)
        return known

    monkeypatch.setattr(KnownResponses, "find", note_result)
    return results


@pytest.fixture
async def question(client: httpx.AsyncClient, stores: Stores, make_key: KeyFactory, found: list[bool]) -> KnownQuestion:
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2025, 3, 1), make_utc(2025, 4, 1))
    await insert_events(stores, guild_id, [EventRow(make_utc(2025, 3, 2))])
    known = KnownQuestion(client, guild_id, await make_key(guild_id))

    async def is_known() -> bool:
        await known.send()
        return found[-1]

    await wait_until(is_known)
    return known


async def test_repeated_response_is_the_same_but_for_what_is_its_own(question, found):
    first, second = await question.send(), await question.send()
    assert found[-2:] == [True, True]
    assert first.content == second.content
    own = {"x-request-id", "ratelimit"}
    first_headers, second_headers = (
        {name: value for name, value in response.headers.items() if name not in own} for response in (first, second)
    )
    assert first_headers == second_headers
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["ratelimit"] != second.headers["ratelimit"], "each request is counted"
    assert (
        await question.client.get(
            question.path, params=MARCH, headers={**question.headers, "If-None-Match": first.headers["etag"]}
        )
    ).status_code == 304


async def test_other_question_is_not_answered_from_it(question, found):
    response = await question.send(interval="month")
    assert (found[-1], response.json()["interval"]) == (False, "month")


async def test_new_data_is_answered(question, stores):
    total = (await question.send()).json()["total"]
    await insert_events(stores, question.guild_id, [EventRow(make_utc(2025, 3, 3))])

    async def is_new() -> bool:
        return (await question.send()).json()["total"] == total + 1

    await wait_until(is_new)


async def test_refusal_of_the_guardrail_ends_it(question, stores):
    await GovernanceClient(stores).set_feature(question.guild_id, FeatureKey.API_STATISTICS, enabled=False)

    async def is_refused() -> bool:
        return (await question.send()).status_code == 403

    await wait_until(is_refused)


async def test_key_of_the_same_server_without_the_scope_gets_nothing_of_it(question, make_key):
    key = await make_key(question.guild_id, [Scope.SETTINGS_READ])
    response = await question.client.get(question.path, params=MARCH, headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 403


async def test_another_key_gets_its_own_response(question, make_key, found):
    key = await make_key(question.guild_id)
    response = await question.client.get(question.path, params=MARCH, headers={"Authorization": f"Bearer {key}"})
    assert (found[-1], response.status_code) == (False, 200)


async def test_wrong_key_and_no_key_get_nothing_of_it(question):
    for headers in ({}, {"Authorization": "Bearer sk_live_hw_wrong"}):
        response = await question.client.get(question.path, params=MARCH, headers=headers)
        assert response.status_code == 401
