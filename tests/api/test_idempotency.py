"""`Idempotency-Key`: a repeated write is done once, also at the same time, and for a bounded number of requests."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlmodel import col, func, select

from herwa_shared.auth.encryption import Encryptor
from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_shared.models import IdempotentResponse
from herwa_shared.services import idempotency
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.idempotency import (
    IdempotencyKeyReused,
    IdempotentRequest,
    ResponseLost,
    StoredResponse,
    claim_key,
    delete_old_responses,
    store_response,
)
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.api.settings_client import SettingsClient, build_key_client, register_commands
from tests.support.row_factories import add_guild

RULE = {"allow": False, "subject_kind": "everyone", "target_kind": "command", "target_key": "server-stats"}
ENCRYPTOR = Encryptor("secret", purpose="test")
SCOPES = [Scope.SETTINGS_READ, Scope.SETTINGS_WRITE]


@pytest.fixture
async def settings_client(client: httpx.AsyncClient, stores: Stores, make_key: KeyFactory) -> SettingsClient:
    await register_commands(stores)
    guild_id = await add_guild(stores)
    return build_key_client(client, guild_id, await make_key(guild_id, SCOPES))


def build_request(guild_id: int, *, key: str = "k", content: bytes = b"1", caller: str = "user 5") -> IdempotentRequest:
    return IdempotentRequest(guild_id, caller, key, content)


async def count_responses(stores: Stores, guild_id: int) -> int:
    async with stores.database.transaction() as session:
        query = select(func.count()).where(col(IdempotentResponse.guild_id) == guild_id)
        return await session.scalar(query)


async def count_entries(client: SettingsClient) -> int:
    """Count the changes through the API; the entry about the key itself is older."""
    return sum(entry["actor"]["via"] == "api" for entry in (await client.get("audit"))["items"])


@pytest.mark.parametrize(
    ("method", "path", "template", "body"),
    [
        ("POST", "rules", "", RULE),
        ("PATCH", "features", "", {"features": {"voice.stats": False}}),
        ("PUT", "channel-lists/command:server-stats", "channel-lists/{target}", {"places": ["5"]}),
    ],
)
async def test_repeated_write_is_done_once_and_has_the_same_response(
    settings_client: SettingsClient, method, path, template, body
):
    headers = {"Idempotency-Key": str(uuid4())}
    first = await settings_client.send(method, path, template=template, json=body, headers=headers)
    assert first.is_success
    assert "Idempotency-Replayed" not in first.headers
    again = await settings_client.send(method, path, template=template, json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    for name in ("ETag", "Location"):
        assert again.headers.get(name) == first.headers.get(name)
    assert await count_entries(settings_client) == 1


async def test_repeated_deletion_is_done_once(settings_client: SettingsClient):
    rule = (await settings_client.send("POST", "rules", json=RULE)).json()
    url = f"/api/guilds/{settings_client.guild_id}/rules/{rule['id']}"
    headers = settings_client.headers | {"Idempotency-Key": "delete"}
    for _ in range(2):
        response = await settings_client.http.delete(url, headers=headers)
        assert (response.status_code, response.content) == (204, b"")
    assert (await settings_client.http.delete(url, headers=settings_client.headers)).status_code == 404


async def test_parallel_requests_with_one_key_are_done_once(settings_client: SettingsClient):
    headers = {"Idempotency-Key": "parallel"}
    responses = await asyncio.gather(
        *(settings_client.send("POST", "rules", json=RULE | {"note": "once"}, headers=headers) for _ in range(6))
    )
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotency-Replayed" in response.headers for response in responses) == 5
    assert await count_entries(settings_client) == 1


async def test_key_of_another_request_is_refused(settings_client: SettingsClient):
    headers = {"Idempotency-Key": "reused"}
    await settings_client.send("POST", "rules", json=RULE, headers=headers)
    for method, path, body in (
        ("POST", "rules", RULE | {"note": "other"}),
        ("PATCH", "features", {"features": {"voice.stats": False}}),
    ):
        response = await settings_client.send(method, path, json=body, headers=headers)
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert await count_entries(settings_client) == 1


async def test_failed_write_and_dry_run_do_not_use_the_key(settings_client: SettingsClient):
    headers = {"Idempotency-Key": "retried"}
    invalid = RULE | {"target_key": "nothing"}
    assert (await settings_client.send("POST", "rules", json=invalid, headers=headers)).status_code == 400
    dry = await settings_client.send("POST", "rules?dry_run=true", json=RULE, headers=headers)
    assert dry.status_code == 200
    assert (await settings_client.send("POST", "rules", json=RULE, headers=headers)).status_code == 201


async def test_keys_of_other_callers_are_independent(
    settings_client: SettingsClient, stores: Stores, make_key: KeyFactory
):
    other_guild_id = await add_guild(stores)
    other_guild = build_key_client(settings_client.http, other_guild_id, await make_key(other_guild_id, SCOPES))
    other_key = await make_key(settings_client.guild_id, SCOPES)
    colleague = build_key_client(settings_client.http, settings_client.guild_id, other_key)
    for number, client in enumerate((settings_client, other_guild, colleague)):
        rule = RULE | {"note": str(number), "subject_kind": "role", "subject_id": str(number + 1)}
        response = await client.send("POST", "rules", json=rule, headers={"Idempotency-Key": "same"})
        assert (response.status_code, response.json()["note"]) == (201, str(number))


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "k\u00e9y"])
async def test_malformed_key_is_refused(settings_client: SettingsClient, key):
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = await settings_client.http.post(
        f"/api/guilds/{settings_client.guild_id}/rules", json=RULE, headers=settings_client.headers | headers
    )
    assert response.status_code == 400
    assert await count_entries(settings_client) == 0


async def test_request_that_runs_too_long_is_in_progress_for_the_second(
    settings_client: SettingsClient, stores: Stores, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(idempotency, "LOCK_TIMEOUT_MS", 300)
    headers = {"Idempotency-Key": "slow"}
    async with stores.database.transaction() as session:
        await lock_guild(session, settings_client.guild_id)
        first = asyncio.create_task(settings_client.send("POST", "rules", json=RULE, headers=headers))
        await asyncio.sleep(0.5)
        second = await settings_client.send("POST", "rules", json=RULE, headers=headers)
        assert (second.status_code, second.json()["code"]) == (409, "request_in_progress")
    assert (await first).status_code == 201


async def test_stored_body_is_encrypted(settings_client: SettingsClient, stores: Stores):
    note = "not readable in the database"
    await settings_client.send("POST", "rules", json=RULE | {"note": note}, headers={"Idempotency-Key": "secret"})
    async with stores.database.transaction() as session:
        query = select(IdempotentResponse).where(col(IdempotentResponse.guild_id) == settings_client.guild_id)
        row = (await session.scalars(query)).one()
    assert row.status == 201
    assert note.encode() not in row.encrypted_body
    assert len(row.encrypted_body) > len(note)


async def test_response_is_kept_for_a_day(stores: Stores):
    guild_id, now = await add_guild(stores), utc_now()
    request, other = build_request(guild_id), build_request(guild_id, content=b"2")
    async with stores.database.transaction() as session:
        assert await claim_key(session, request, encryptor=ENCRYPTOR, now=now) is None
        await store_response(session, request, StoredResponse(201, b"{}"), encryptor=ENCRYPTOR)
    almost = now + timedelta(days=1) - timedelta(seconds=1)
    async with stores.database.transaction() as session:
        assert await claim_key(session, request, encryptor=ENCRYPTOR, now=almost) == StoredResponse(201, b"{}")
        with pytest.raises(IdempotencyKeyReused):
            await claim_key(session, other, encryptor=ENCRYPTOR, now=almost)
        assert await claim_key(session, other, encryptor=ENCRYPTOR, now=now + timedelta(days=1)) is None
    async with stores.database.transaction() as session:
        assert await delete_old_responses(session, now=now + timedelta(days=2)) >= 1
    assert await count_responses(stores, guild_id) == 0


async def test_number_and_size_of_responses_are_bounded(stores: Stores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(idempotency, "MAX_RESPONSES_PER_GUILD", 3)
    guild_id, now = await add_guild(stores), utc_now()
    for number in range(6):
        request = build_request(guild_id, key=str(number))
        async with stores.database.transaction() as session:
            at = now + timedelta(seconds=number)
            assert await claim_key(session, request, encryptor=ENCRYPTOR, now=at) is None
            body = b"x" * (idempotency.MAX_BODY_BYTES + number - 5)
            await store_response(session, request, StoredResponse(200, body), encryptor=ENCRYPTOR)
    assert await count_responses(stores, guild_id) == 3
    async with stores.database.transaction() as session:
        kept = await claim_key(session, build_request(guild_id, key="5"), encryptor=ENCRYPTOR, now=now)
        assert kept is not None
    async with stores.database.transaction() as session:
        request = build_request(guild_id, key="big")
        await claim_key(session, request, encryptor=ENCRYPTOR, now=now + timedelta(seconds=9))
        big = StoredResponse(200, b"x" * (idempotency.MAX_BODY_BYTES + 1))
        await store_response(session, request, big, encryptor=ENCRYPTOR)
        with pytest.raises(ResponseLost):
            await claim_key(session, request, encryptor=ENCRYPTOR, now=now + timedelta(seconds=9))


async def test_response_of_a_lost_secret_is_not_invented(stores: Stores):
    guild_id, now = await add_guild(stores), utc_now()
    request = build_request(guild_id)
    async with stores.database.transaction() as session:
        await claim_key(session, request, encryptor=ENCRYPTOR, now=now)
        await store_response(session, request, StoredResponse(204, None), encryptor=ENCRYPTOR)
        assert await claim_key(session, request, encryptor=ENCRYPTOR, now=now) == StoredResponse(204, None)
        with pytest.raises(ResponseLost):
            await claim_key(session, request, encryptor=Encryptor("other", purpose="test"), now=now)
