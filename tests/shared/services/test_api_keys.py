"""A key is shown once, kept as a keyed hash, and found again only while it is whole and alive."""

import re
from datetime import timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import ApiKey
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import Scope, create_key, find_key, list_keys, pepper_of, revoke_key
from herwa_shared.stores import Stores
from tests.activity import add_guild

PEPPER = b"pepper"


async def make(stores: Stores, guild_id: int, **more) -> str:
    async with stores.database.transaction() as session:
        return await create_key(
            session, **{"guild_id": guild_id, "name": "shop", "scopes": tuple(Scope), "pepper": PEPPER} | more
        )


async def find(stores: Stores, key: str, **more):
    async with stores.database.transaction() as session:
        return await find_key(session, **{"key": key, "pepper": PEPPER, "now": utc_now()} | more)


async def listed(stores: Stores, guild_id: int):
    async with stores.database.transaction() as session:
        return await list_keys(session, guild_id=guild_id)


async def test_a_key_is_found_with_its_guild_and_its_scopes(stores: Stores):
    guild_id = await add_guild(stores)
    key = await make(stores, guild_id, scopes=[Scope.STATS])

    principal = await find(stores, key)

    assert re.fullmatch(r"sk_live_[0-9A-Za-z]{49}", key)
    assert (principal.guild_id, principal.scopes) == (guild_id, {Scope.STATS})


async def test_the_key_itself_is_stored_nowhere(stores: Stores):
    guild_id = await add_guild(stores)
    key = await make(stores, guild_id)

    (status,) = await listed(stores, guild_id)
    async with stores.database.transaction() as session:
        row = await session.get(ApiKey, status.id)
    assert len(row.digest) == 32
    assert row.hint == key[-4:]
    assert key[:-4] not in repr(row)


async def test_every_single_typing_mistake_is_noticed(stores: Stores):
    key = await make(stores, await add_guild(stores))

    for at in range(len(key)):
        mistyped = key[:at] + ("a" if key[at] != "a" else "b") + key[at + 1 :]
        assert await find(stores, mistyped) is None


@pytest.mark.parametrize("key", ["", "sk_live_", "sk_test_" + "0" * 49, "sk_live_" + "0" * 49, "é" * 57, "\x00"])
async def test_what_is_no_key_is_nobody(stores: Stores, key):
    assert await find(stores, key) is None


async def test_a_key_is_worthless_with_another_pepper(stores: Stores):
    key = await make(stores, await add_guild(stores))

    assert await find(stores, key, pepper=b"salt") is None


async def test_a_key_ends_at_its_moment(stores: Stores):
    end = utc_now() + timedelta(hours=1)
    key = await make(stores, await add_guild(stores), expires_at=end)

    assert await find(stores, key, now=end - timedelta(seconds=1)) is not None
    assert await find(stores, key, now=end) is None


async def test_revoking_ends_a_key_once_and_only_by_its_own_guild(stores: Stores):
    guild_id, other = await add_guild(stores), await add_guild(stores)
    key = await make(stores, guild_id)
    (status,) = await listed(stores, guild_id)
    now = utc_now()

    async with stores.database.transaction() as session:
        with pytest.raises(NotFound):
            await revoke_key(session, guild_id=other, key_id=status.id, now=now)
        await revoke_key(session, guild_id=guild_id, key_id=status.id, now=now)
        await revoke_key(session, guild_id=guild_id, key_id=status.id, now=now + timedelta(hours=1))

    assert await find(stores, key) is None
    assert (await listed(stores, guild_id))[0].revoked_at == now


async def test_use_is_noted_once_a_minute(stores: Stores):
    guild_id = await add_guild(stores)
    key = await make(stores, guild_id)
    first = utc_now()

    for seconds in (0, 59, 60):
        await find(stores, key, now=first + timedelta(seconds=seconds))
        (status,) = await listed(stores, guild_id)
        assert status.last_used_at == first + timedelta(seconds=60 if seconds == 60 else 0)


async def test_a_key_for_an_unknown_guild_is_refused_and_the_known_ones_are_named(stores: Stores):
    with pytest.raises(NotFound, match=r"knows no server 12\. The bot is in .*\(.+\)"):
        await make(stores, 12)


async def test_a_key_needs_a_name(stores: Stores):
    guild_id = await add_guild(stores)
    for name in ("", "  ", "x" * 81):
        with pytest.raises(BadRequest, match="1 to 80"):
            await make(stores, guild_id, name=name)


def test_the_pepper_is_the_setting_or_else_stays_in_the_data_folder(tmp_path):
    def settings(**more):
        return Settings(data_dir=tmp_path, discord=DiscordSettings(), stores=StoreSettings(), **more)

    folder = DataFolder(tmp_path)
    assert pepper_of(settings(secret_key="given"), folder) == b"given"
    assert pepper_of(settings(secret_key=None), folder) == folder.secret("api_key_pepper").encode()
