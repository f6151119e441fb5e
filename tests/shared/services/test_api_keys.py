"""API keys: stored only as a keyed hash, authenticated until they expire or are revoked."""

import re
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import ApiKey
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import (
    KeyRefusal,
    Scope,
    ValidKey,
    authenticate_key,
    create_key,
    list_keys,
    load_pepper,
    record_key_use,
    revoke_key,
)
from herwa_shared.stores import Stores
from tests.support.row_factories import add_guild

PEPPER = b"pepper"


async def create_api_key(stores: Stores, guild_id: int, **overrides) -> str:
    async with stores.database.transaction() as session:
        return await create_key(
            session, **{"guild_id": guild_id, "name": "shop", "scopes": tuple(Scope), "pepper": PEPPER} | overrides
        )


async def authenticate(stores: Stores, key: str, **overrides):
    async with stores.database.transaction() as session:
        return await authenticate_key(session, **{"key": key, "pepper": PEPPER, "now": utc_now()} | overrides)


async def list_api_keys(stores: Stores, guild_id: int):
    async with stores.database.transaction() as session:
        return await list_keys(session, guild_id=guild_id)


async def test_key_authenticates_with_its_guild_and_scopes(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id, scopes=[Scope.STATS])

    principal = (await authenticate(stores, key)).principal

    assert re.fullmatch(r"sk_live_[0-9A-Za-z]{49}", key)
    assert (principal.guild_id, principal.scopes) == (guild_id, {Scope.STATS})


async def test_key_itself_is_not_stored(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)

    (status,) = await list_api_keys(stores, guild_id)
    async with stores.database.transaction() as session:
        row = await session.get(ApiKey, status.id)
    assert len(row.digest) == 32
    assert row.hint == key[-4:]
    assert key[:-4] not in repr(row)


async def test_mistyped_key_is_not_authenticated(stores: Stores):
    key = await create_api_key(stores, await add_guild(stores))

    for index in range(len(key)):
        mistyped = key[:index] + ("a" if key[index] != "a" else "b") + key[index + 1 :]
        assert await authenticate(stores, mistyped) is KeyRefusal.MALFORMED


@pytest.mark.parametrize("key", ["", "sk_live_", "sk_test_" + "0" * 49, "sk_live_" + "0" * 49, "é" * 57, "\x00"])
async def test_malformed_key_is_not_authenticated(stores: Stores, key):
    assert await authenticate(stores, key) is KeyRefusal.MALFORMED


async def test_key_is_not_authenticated_with_another_pepper(stores: Stores):
    key = await create_api_key(stores, await add_guild(stores))

    assert await authenticate(stores, key, pepper=b"salt") is KeyRefusal.UNKNOWN


async def test_key_expires_at_its_expiry_time(stores: Stores):
    expires_at = utc_now() + timedelta(hours=1)
    key = await create_api_key(stores, await add_guild(stores), expires_at=expires_at)

    assert isinstance(await authenticate(stores, key, now=expires_at - timedelta(seconds=1)), ValidKey)
    assert await authenticate(stores, key, now=expires_at) is KeyRefusal.EXPIRED


async def test_key_can_be_revoked_once_and_only_by_its_guild(stores: Stores):
    guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    (status,) = await list_api_keys(stores, guild_id)
    now = utc_now()

    async with stores.database.transaction() as session:
        with pytest.raises(NotFound):
            await revoke_key(session, guild_id=other_guild_id, key_id=status.id, now=now)
        await revoke_key(session, guild_id=guild_id, key_id=status.id, now=now)
        await revoke_key(session, guild_id=guild_id, key_id=status.id, now=now + timedelta(hours=1))

    assert await authenticate(stores, key) is KeyRefusal.REVOKED
    assert (await list_api_keys(stores, guild_id))[0].revoked_at == now


async def test_only_a_later_use_is_recorded(stores: Stores):
    guild_id = await add_guild(stores)
    key = (await authenticate(stores, await create_api_key(stores, guild_id))).principal
    first_use_at = utc_now()

    for seconds, expected_seconds in ((0, 0), (60, 60), (30, 60)):
        async with stores.database.transaction() as session:
            await record_key_use(session, key_id=key.key_id, now=first_use_at + timedelta(seconds=seconds))
        (status,) = await list_api_keys(stores, guild_id)
        assert status.last_used_at == first_use_at + timedelta(seconds=expected_seconds)


async def test_authentication_returns_the_version_of_the_policy(stores: Stores):
    guild_id = await add_guild(stores)
    key = await create_api_key(stores, guild_id)
    before = await authenticate(stores, key)
    async with stores.database.transaction() as session:
        await publish_policy_change(session, guild_id=guild_id)
    after = await authenticate(stores, key)
    assert before.policy_version < after.policy_version


async def test_key_for_an_unknown_guild_is_refused_with_the_known_guilds(stores: Stores):
    with pytest.raises(NotFound, match=r"Unknown server 12\. The bot is in .*\(.+\)"):
        await create_api_key(stores, 12)


async def test_key_requires_a_name(stores: Stores):
    guild_id = await add_guild(stores)
    for name in ("", "  ", "x" * 81):
        with pytest.raises(BadRequest, match="1 to 80"):
            await create_api_key(stores, guild_id, name=name)


def test_pepper_is_the_secret_key_or_a_secret_of_the_data_folder(tmp_path):
    def build_settings(**overrides):
        return Settings(data_dir=tmp_path, discord=DiscordSettings(), stores=StoreSettings(), **overrides)

    folder = DataFolder(tmp_path)
    assert load_pepper(build_settings(secret_key="given"), folder) == b"given"
    assert (
        load_pepper(build_settings(secret_key=None), folder) == folder.get_or_create_secret("api_key_pepper").encode()
    )
