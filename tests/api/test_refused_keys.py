"""All keys that are not valid look the same: the same response for the same statements, whatever the reason is."""

import secrets
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.services.api_key_format import generate_key
from herwa_shared.services.api_keys import list_keys, revoke_key
from herwa_shared.services.audit import SYSTEM
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild
from tests.support.statement_log import Transaction, report_transactions


@pytest.fixture
async def refused_keys(stores: Stores, make_key: KeyFactory) -> list[str]:
    """Keys that do not exist, have expired, were revoked, end with another checksum, or are of a server without the bot."""
    guild_id, left_id = await add_guild(stores), await add_guild(stores, left_at=utc_now())
    expired = await make_key(guild_id, expires_at=utc_now() - timedelta(hours=1))
    revoked = await make_key(guild_id)
    async with stores.database.transaction() as session:
        newest, _ = await list_keys(session, guild_id=guild_id)
        await revoke_key(session, guild_id=guild_id, key_id=newest.id, actor=SYSTEM)
    return [generate_key(), generate_key(), expired, revoked, await make_key(left_id)]


async def observe(client, path: str, key: str) -> tuple[int, bytes, dict[str, str], list[Transaction]]:
    """Request the path with this key; return what the caller sees, and the transactions."""
    transactions: list[Transaction] = []
    with report_transactions(transactions.append):
        response = await client.get(path, headers={"Authorization": f"Bearer {key}"})
    headers = {name: value for name, value in response.headers.items() if name not in ("x-request-id", "ratelimit")}
    return response.status_code, response.content, headers, transactions


async def test_every_refused_key_gets_the_same_response(client, refused_keys: list[str]):
    first, *others = [await observe(client, "/api/me", key) for key in refused_keys]
    assert (first[0], len(first[3])) == (401, 1)
    assert others == [first] * len(others)


async def test_text_that_is_no_key_costs_no_statement(client, refused_keys: list[str]):
    key = refused_keys[2]
    unknown = await observe(client, "/api/me", generate_key())
    for text in (key[:-1], key + "0", key[:-6] + "000000", secrets.token_urlsafe(40), "sk_live_hw_", key.swapcase()):
        status, body, headers, transactions = await observe(client, "/api/me", text)
        assert (status, body, headers) == unknown[:3]
        assert transactions == []
