"""Life of an API key: created within the tier's number, shown once, rotated, ended, and each step in the audit log."""

import re
from datetime import timedelta

import pytest

from herwa_shared.catalog import Scope, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import ApiKey
from herwa_shared.services import audit
from herwa_shared.services.api_key_authentication import KeyRefusal, ValidKey, authenticate_key
from herwa_shared.services.api_keys import (
    MAX_LIFETIME,
    KeyEnd,
    KeyLimitReached,
    NewKey,
    create_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.guilds import mark_guilds_left
from herwa_shared.services.subscriptions import grant
from herwa_shared.stores import Stores
from tests.support.row_factories import add_guild

PEPPER = b"pepper"


async def create_api_key(stores: Stores, guild_id: int, **overrides) -> NewKey:
    options = {"guild_id": guild_id, "name": "shop", "scopes": tuple(Scope), "pepper": PEPPER, "actor": SYSTEM}
    async with stores.database.transaction() as session:
        return await create_key(session, **options | overrides)


async def rotate(stores: Stores, guild_id: int, key: NewKey, **options) -> NewKey:
    async with stores.database.transaction() as session:
        return await rotate_key(
            session, guild_id=guild_id, key_id=key.status.id, pepper=PEPPER, actor=SYSTEM, **options
        )


async def authenticate(stores: Stores, key: str, **overrides):
    async with stores.database.transaction() as session:
        return await authenticate_key(session, **{"key": key, "peppers": [PEPPER], "now": utc_now()} | overrides)


async def list_api_keys(stores: Stores, guild_id: int):
    async with stores.database.transaction() as session:
        return await list_keys(session, guild_id=guild_id)


async def list_audit_entries(stores: Stores, guild_id: int):
    async with stores.database.transaction() as session:
        return await audit.list_entries(session, guild_id=guild_id)


async def test_key_authenticates_with_its_guild_and_scopes(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id, scopes=[Scope.STATS])

    principal = (await authenticate(stores, key.secret)).principal

    assert re.fullmatch(r"sk_live_hw_[0-9A-Za-z]{49}", key.secret)
    assert (principal.guild_id, principal.scopes) == (guild_id, {Scope.STATS})


async def test_key_itself_is_not_stored(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)

    (status,) = await list_api_keys(stores, guild_id)
    async with stores.database.transaction() as session:
        row = await session.get(ApiKey, status.id)
    assert status == key.status
    assert len(row.digest) == 32
    assert row.hint == key.secret[-4:]
    entries = await list_audit_entries(stores, guild_id)
    assert key.secret[:-4] not in repr((row, key, entries))


async def test_mistyped_key_is_not_authenticated(stores: Stores):
    key = (await create_api_key(stores, await add_guild(stores))).secret

    for index in range(len(key)):
        mistyped = key[:index] + ("a" if key[index] != "a" else "b") + key[index + 1 :]
        assert await authenticate(stores, mistyped) is KeyRefusal.MALFORMED


@pytest.mark.parametrize("key", ["", "sk_live_", "sk_test_" + "0" * 49, "sk_live_hw_" + "0" * 49, "é" * 57, "\x00"])
async def test_malformed_key_is_not_authenticated(stores: Stores, key):
    assert await authenticate(stores, key) is KeyRefusal.MALFORMED


async def test_key_is_authenticated_with_any_of_the_peppers(stores: Stores):
    key = (await create_api_key(stores, await add_guild(stores))).secret

    assert await authenticate(stores, key, peppers=[b"salt"]) is KeyRefusal.UNKNOWN
    assert isinstance(await authenticate(stores, key, peppers=[b"salt", PEPPER]), ValidKey)


async def test_key_expires_at_its_expiry_time(stores: Stores):
    expires_at = utc_now() + timedelta(hours=1)
    key = (await create_api_key(stores, await add_guild(stores), expires_at=expires_at)).secret

    assert isinstance(await authenticate(stores, key, now=expires_at - timedelta(seconds=1)), ValidKey)
    assert await authenticate(stores, key, now=expires_at) is KeyRefusal.EXPIRED


async def test_key_can_be_revoked_once_and_only_by_its_guild(stores: Stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    key = await create_api_key(stores, guild_id)

    async def revoke(revoking_guild_id: int):
        async with stores.database.transaction() as session:
            return await revoke_key(
                session, guild_id=revoking_guild_id, key_id=key.status.id, actor=SYSTEM, reason="leaked"
            )

    with pytest.raises(NotFound):
        await revoke(other_guild_id)
    first = await revoke(guild_id)
    assert await revoke(guild_id) == first

    assert await authenticate(stores, key.secret) is KeyRefusal.REVOKED
    assert (first.end_reason, first.revoked_at is None) == (KeyEnd.REVOKED, False)
    entries = await list_audit_entries(stores, guild_id)
    assert [(entry.action, entry.target) for entry in entries] == [
        ("api_key.revoke", str(key.status.id)),
        ("api_key.create", str(key.status.id)),
    ]
    assert entries[0].reason == "leaked"


async def test_free_server_has_one_key_and_a_premium_server_ten(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    with pytest.raises(KeyLimitReached, match="1 API key"):
        await create_api_key(stores, guild_id)

    async with stores.database.transaction() as session:
        await grant(session, guild_id=guild_id, tier=TierKey.PREMIUM, reason="test", actor=SYSTEM)
    for _ in range(9):
        await create_api_key(stores, guild_id)
    with pytest.raises(KeyLimitReached, match="10 API keys"):
        await create_api_key(stores, guild_id)

    async with stores.database.transaction() as session:
        await revoke_key(session, guild_id=guild_id, key_id=key.status.id, actor=SYSTEM)
    await create_api_key(stores, guild_id)


async def test_expired_key_does_not_count_against_the_number_of_keys(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id, expires_at=utc_now() + timedelta(minutes=1))
    async with stores.database.transaction() as session:
        (await session.get_one(ApiKey, key.status.id)).expires_at = utc_now()
    await create_api_key(stores, guild_id)


async def test_both_keys_are_valid_during_the_overlap_of_a_rotation(stores: Stores):
    guild_id = await add_guild(stores)
    old = await create_api_key(stores, guild_id, scopes=[Scope.STATS], networks=["192.0.2.0/24"])
    new = await rotate(stores, guild_id, old, overlap=timedelta(hours=2))

    assert isinstance(await authenticate(stores, old.secret), ValidKey)
    later = utc_now() + timedelta(hours=2)
    assert await authenticate(stores, old.secret, now=later) is KeyRefusal.EXPIRED
    valid_key = await authenticate(stores, new.secret, now=later)
    assert valid_key.principal.scopes == {Scope.STATS}
    assert (new.status.name, new.status.networks) == (old.status.name, ("192.0.2.0/24",))
    assert [entry.action for entry in await list_audit_entries(stores, guild_id)] == [
        "api_key.rotate",
        "api_key.create",
    ]
    old_status = (await list_api_keys(stores, guild_id))[1]
    assert old_status.successor_id == new.status.id
    with pytest.raises(KeyLimitReached):
        await create_api_key(stores, guild_id)


async def test_rotation_never_prolongs_a_key(stores: Stores):
    guild_id, expires_at = await add_guild(stores), utc_now() + timedelta(hours=1)
    old = await create_api_key(stores, guild_id, expires_at=expires_at)
    new = await rotate(stores, guild_id, old)
    assert new.status.expires_at == expires_at
    assert (await list_api_keys(stores, guild_id))[1].expires_at == expires_at


async def test_key_that_was_replaced_or_has_ended_cannot_be_rotated(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    new = await rotate(stores, guild_id, key)
    async with stores.database.transaction() as session:
        await revoke_key(session, guild_id=guild_id, key_id=new.status.id, actor=SYSTEM)
    for ended in (key, new):
        with pytest.raises(BadRequest):
            await rotate(stores, guild_id, ended)
    with pytest.raises(BadRequest, match="720 hours"):
        await rotate(stores, guild_id, key, overlap=timedelta(days=31))
    with pytest.raises(NotFound):
        await rotate(stores, await add_guild(stores), key)


async def test_keys_end_for_good_when_the_bot_leaves(stores: Stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    key, other_key = await create_api_key(stores, guild_id), await create_api_key(stores, other_guild_id)
    async with stores.database.transaction() as session:
        await mark_guilds_left(session, [guild_id])

    assert await authenticate(stores, key.secret) is KeyRefusal.REVOKED
    assert (await list_api_keys(stores, guild_id))[0].end_reason == KeyEnd.BOT_LEFT
    assert (await list_audit_entries(stores, guild_id))[0].action == "api_key.revoke"
    assert isinstance(await authenticate(stores, other_key.secret), ValidKey)


async def test_key_of_a_server_that_the_bot_left_is_refused(stores: Stores):
    guild_id = await add_guild(stores, left_at=utc_now())
    key = await create_api_key(stores, guild_id)
    assert await authenticate(stores, key.secret) is KeyRefusal.BOT_LEFT


@pytest.mark.parametrize(
    ("networks", "address", "expected"),
    [
        ((), "203.0.113.9", True),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.7",), "192.0.2.8", False),
        (("192.0.2.0/24", "2001:db8::/32"), "2001:db8::1", True),
        (("192.0.2.0/24",), "::ffff:192.0.2.1", True),
        (("192.0.2.0/24",), "2001:db8::1", False),
        (("192.0.2.0/24",), "", False),
    ],
)
async def test_key_is_for_the_addresses_of_its_networks(stores: Stores, networks, address, expected):
    key = await create_api_key(stores, await add_guild(stores), networks=networks)
    assert (await authenticate(stores, key.secret)).allows_address(address) is expected


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"name": ""}, "1 to 80"),
        ({"name": "  "}, "1 to 80"),
        ({"name": "x" * 81}, "1 to 80"),
        ({"name": "a\nb"}, "1 to 80"),
        ({"expires_at": utc_now() - timedelta(seconds=1)}, "future"),
        ({"expires_at": utc_now() + MAX_LIFETIME + timedelta(days=1)}, "ten years"),
        ({"scopes": []}, "at least one"),
        ({"scopes": [Scope.MEMBERS]}, "stats:read"),
        ({"scopes": [Scope.STATS, Scope.MEMBER_IDS]}, "members:read"),
        ({"scopes": [Scope.SETTINGS_WRITE]}, "settings:read"),
        ({"networks": ["example.com"]}, "IP address"),
        ({"networks": ["192.0.2.1"] * 21}, "at most 20"),
    ],
)
async def test_invalid_options_of_a_key_are_refused(stores: Stores, overrides, message):
    with pytest.raises(BadRequest, match=message):
        await create_api_key(stores, await add_guild(stores), **overrides)


async def test_every_change_of_a_key_changes_the_version_of_the_policy(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    before = await authenticate(stores, key.secret)
    await rotate(stores, guild_id, key)
    after = await authenticate(stores, key.secret)
    assert before.policy_version < after.policy_version


async def test_key_for_an_unknown_guild_is_refused_with_the_known_guilds(stores: Stores):
    with pytest.raises(NotFound, match=r"Unknown server 12\. The bot is in .*\(.+\)"):
        await create_api_key(stores, 12)
