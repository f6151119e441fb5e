"""A session lasts while it is used, not for ever, and only whoever holds its secret has it."""

from datetime import timedelta

import pytest

from herwa_shared.auth.discord_oauth import Account, Tokens
from herwa_shared.auth.encryption import Seal
from herwa_shared.auth.sessions import (
    Viewer,
    close_session,
    cookie_name,
    open_session,
    remove_expired,
    secret_in,
    viewer_of,
)
from herwa_shared.auth.users import SPENT_KEPT, forget_absent, release_tokens, save_login, spend_login
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.models import SpentLogin, User, UserGuild, UserToken, WebSession
from herwa_shared.stores import Stores

DAY = timedelta(days=1)
SECRET = "a" * 43
SEAL = Seal("secret", purpose="test")


def settings(**more) -> Settings:
    return Settings(discord=DiscordSettings(), stores=StoreSettings(), **more)


@pytest.fixture
async def user_id(stores: Stores, guild_id: int) -> int:
    await log_in(stores, guild_id, name="Ada")
    return guild_id


async def log_in(stores: Stores, user_id: int, *, name: str) -> None:
    tokens = Tokens("access", "refresh", utc_now() + DAY)
    async with stores.database.transaction() as session:
        await save_login(session, account=Account(user_id, name, None), tokens=tokens, seal=SEAL, now=utc_now())


async def begin(stores: Stores, user_id: int, *, now=None) -> str:
    async with stores.database.transaction() as session:
        return await open_session(session, user_id=user_id, now=now or utc_now())


async def viewer(stores: Stores, secret: str, *, now=None) -> Viewer | None:
    async with stores.database.transaction() as session:
        return await viewer_of(session, secret=secret, now=now or utc_now())


async def test_the_secret_leads_to_the_viewer_and_nothing_like_it_does(stores: Stores, user_id: int):
    secret = await begin(stores, user_id)

    assert len(secret) == 43
    assert await viewer(stores, secret) == Viewer(user_id, "Ada", None)
    for wrong in ("", secret[:-1], secret + "A", secret.swapcase(), SECRET, "ü", "\x00"):
        assert await viewer(stores, wrong) is None


async def test_a_closed_session_is_over_and_others_of_the_same_user_are_not(stores: Stores, user_id: int):
    first, second = await begin(stores, user_id), await begin(stores, user_id)
    async with stores.database.transaction() as session:
        await close_session(session, secret=first)
        await close_session(session, secret=first)

    assert await viewer(stores, first) is None
    assert await viewer(stores, second) is not None


async def test_a_session_that_nobody_uses_ends_after_thirty_days(stores: Stores, user_id: int):
    now = utc_now()
    secret = await begin(stores, user_id, now=now)

    assert await viewer(stores, secret, now=now + 30 * DAY) is None
    assert await viewer(stores, secret, now=now + 30 * DAY - timedelta(seconds=1)) is not None
    assert await viewer(stores, secret, now=now + 59 * DAY) is not None


async def test_a_session_in_daily_use_ends_after_ninety_days(stores: Stores, user_id: int):
    now = utc_now()
    secret = await begin(stores, user_id, now=now)

    assert [await viewer(stores, secret, now=now + day * DAY) is not None for day in range(0, 100, 10)] == [
        True
    ] * 9 + [False]


async def test_use_is_noted_at_most_once_a_minute(stores: Stores, user_id: int):
    now = utc_now()
    secret = await begin(stores, user_id, now=now)
    for seconds, noted in ((59, 0), (60, 60), (100, 60)):
        await viewer(stores, secret, now=now + timedelta(seconds=seconds))
        async with stores.database.raw() as connection:
            seen = await connection.fetchval("SELECT seen_at FROM web_session WHERE user_id = $1", user_id)
        assert seen == now + timedelta(seconds=noted)


async def test_a_new_name_at_discord_is_ours_after_the_next_log_in(stores: Stores, user_id: int):
    secret = await begin(stores, user_id)
    await log_in(stores, user_id, name="Ada 🌱")

    assert (await viewer(stores, secret)).name == "Ada 🌱"


async def test_what_is_over_is_removed_and_with_the_last_session_all_that_was_kept_for_it(stores: Stores, user_id: int):
    now, other = utc_now(), user_id + 1
    await log_in(stores, other, name="Bob")
    await begin(stores, user_id, now=now - 31 * DAY)
    await begin(stores, other, now=now)
    async with stores.database.transaction() as session:
        for user in (user_id, other):
            session.add(UserGuild(user_id=user, guild_id=1, name="Tea", owner=True, permissions=8))
        assert await spend_login(session, digest=str(user_id).encode(), now=now - SPENT_KEPT)
    async with stores.database.transaction() as session:
        assert await remove_expired(session, now=now) >= 1
        await forget_absent(session, now=now)
    async with stores.database.transaction() as session:
        kept = [
            (await session.get(User, user) is not None, await session.get(UserToken, user) is not None)
            for user in (user_id, other)
        ]
        assert kept == [(True, False), (True, True)]
        assert await session.get(UserGuild, (user_id, 1)) is None
        assert await session.get(UserGuild, (other, 1)) is not None
        assert await session.get(SpentLogin, str(user_id).encode()) is None
        assert await session.get(WebSession, b"") is None


async def test_a_log_in_is_spent_once(stores: Stores, user_id: int):
    digest = f"state {user_id}".encode()
    for first in (True, False, False):
        async with stores.database.transaction() as session:
            assert await spend_login(session, digest=digest, now=utc_now()) is first


async def test_tokens_are_released_with_the_last_session_only(stores: Stores, user_id: int):
    secret = await begin(stores, user_id)
    async with stores.database.transaction() as session:
        assert await release_tokens(session, user_id=user_id, seal=SEAL) is None
        await close_session(session, secret=secret)
        assert (await release_tokens(session, user_id=user_id, seal=SEAL)).refresh == "refresh"
        assert await release_tokens(session, user_id=user_id, seal=SEAL) is None


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("{name}=" + SECRET, True),
        ("a=b; {name}=" + SECRET + "; c=d", True),
        ("a=b;{name}=" + SECRET, True),
        ("broken; =; {name}=" + SECRET, True),
        ("{name}=stale; {name}=" + SECRET, True),
        ("", False),
        ("{name}=", False),
        ("{name}=short", False),
        ("{name}=" + SECRET + "A", False),
        ("{name}=" + "ü" * 43, False),
        ('{name}="' + SECRET + '"', False),
        ("x{name}=" + SECRET, False),
        ("a={name}=" + SECRET, False),
    ],
)
def test_the_secret_is_found_among_cookies(header, found):
    for one in (settings(), settings(public_url="https://herwa.example")):
        assert secret_in(header.format(name=cookie_name(one)), one) == (SECRET if found else None)


def test_two_copies_on_one_machine_do_not_share_a_session():
    assert cookie_name(settings(port=8321)) != cookie_name(settings(port=8322))


def test_on_https_the_cookie_is_the_hosts_alone():
    assert cookie_name(settings(public_url="https://herwa.example")) == "__Host-herwa_session"
