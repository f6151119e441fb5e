"""Reports of leaked keys: keys are found in any text, revoked at once, and the audit log says why."""

import pytest

from herwa_shared.services.api_key_authentication import KeyRefusal, ValidKey
from herwa_shared.services.api_key_format import generate_key
from herwa_shared.services.api_key_leaks import MAX_KEYS, REPORT, find_keys, revoke_leaked_keys
from herwa_shared.services.api_keys import KeyEnd, KeyState
from herwa_shared.stores import Stores
from tests.shared.services.test_api_keys import (
    PEPPER,
    authenticate,
    create_api_key,
    list_api_keys,
    list_audit_entries,
)
from tests.support.row_factories import add_guild

LIVE, TEST = generate_key(), generate_key(is_test=True)


async def report(stores: Stores, *keys: str) -> list[int]:
    async with stores.database.transaction() as session:
        return await revoke_leaked_keys(session, keys=keys, peppers=[b"earlier", PEPPER])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (LIVE, (LIVE,)),
        (f"  {LIVE}\n", (LIVE,)),
        (f'curl -H "Authorization: Bearer {TEST}" https://example.com?key={LIVE}&{LIVE}', (TEST, LIVE)),
        (LIVE[:-1], ()),
        (LIVE[:-1] + ("0" if LIVE[-1] != "0" else "1"), ()),
        ("sk_live_51H", ()),
        ("", ()),
    ],
    ids=["key", "spaces", "several", "cut", "mistyped", "foreign", "empty"],
)
def test_keys_are_found_in_a_text(text, keys):
    assert find_keys(text) == keys


def test_at_most_ten_keys_are_taken_from_a_text():
    assert len(find_keys(" ".join(generate_key() for _ in range(MAX_KEYS + 1)))) == MAX_KEYS


async def test_real_keys_are_revoked_and_others_untouched(stores: Stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    key, other_key = await create_api_key(stores, guild_id), await create_api_key(stores, other_guild_id)

    assert await report(stores, LIVE, key.secret) == [key.status.id]

    assert await authenticate(stores, key.secret) is KeyRefusal.REVOKED
    assert isinstance(await authenticate(stores, other_key.secret), ValidKey)
    (status,) = await list_api_keys(stores, guild_id)
    assert (status.end_reason, status.get_state(status.created_at)) == (KeyEnd.LEAKED, KeyState.LEAKED)
    entry = (await list_audit_entries(stores, guild_id))[0]
    assert (entry.action, entry.actor, bool(entry.reason)) == ("api_key.revoke", REPORT, True)
    assert key.secret not in repr(entry)


async def test_second_report_changes_nothing(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    for _ in range(2):
        assert await report(stores, key.secret) == [key.status.id]
    assert len(await list_audit_entries(stores, guild_id)) == 2


async def test_keys_of_several_servers_in_one_report_are_revoked(stores: Stores):
    guild_ids = [await add_guild(stores) for _ in range(3)]
    keys = [await create_api_key(stores, guild_id, is_test=True) for guild_id in guild_ids]
    assert len(await report(stores, *(key.secret for key in reversed(keys)))) == 3
    assert [(await list_api_keys(stores, guild_id))[0].end_reason for guild_id in guild_ids] == [KeyEnd.LEAKED] * 3
