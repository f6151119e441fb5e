"""Web sessions: found only by their token, ended after disuse and after a maximum age, cookies, clean-up."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from pathlib import Path

import pytest

from herwa_shared.auth.discord_oauth import DiscordUser, OAuthTokens
from herwa_shared.auth.encryption import Encryptor
from herwa_shared.auth.sessions import (
    ABSOLUTE_TIMEOUT,
    IDLE_TIMEOUT,
    MAX_SESSIONS,
    SessionUser,
    create_session,
    delete_expired_sessions,
    delete_session,
    find_session_user,
    get_cookie_name,
    get_session_id,
    list_sessions,
    parse_session_token,
)
from herwa_shared.auth.users import (
    USED_STATE_RETENTION,
    consume_oauth_state,
    purge_logged_out_users,
    release_tokens,
    save_login,
)
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.models import UsedOAuthState, User, UserGuild, UserToken, WebSession
from herwa_shared.stores import Stores

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"
DAY = timedelta(days=1)
SESSION_TOKEN = "a" * 43
ENCRYPTOR = Encryptor("secret", purpose="test")


def build_settings(**overrides) -> Settings:
    return Settings(discord=DiscordSettings(), stores=StoreSettings(), **overrides)


@pytest.fixture
async def user_id(stores: Stores, guild_id: int) -> int:
    await log_in(stores, guild_id, name="Ada")
    return guild_id


async def log_in(stores: Stores, user_id: int, *, name: str) -> None:
    tokens = OAuthTokens("access", "refresh", utc_now() + DAY)
    async with stores.database.transaction() as session:
        await save_login(
            session, account=DiscordUser(user_id, name, None), tokens=tokens, encryptor=ENCRYPTOR, now=utc_now()
        )


async def start_session(stores: Stores, user_id: int, *, now=None) -> str:
    async with stores.database.transaction() as session:
        return await create_session(session, user_id=user_id, now=now or utc_now())


async def find_user(stores: Stores, token: str, *, now=None) -> SessionUser | None:
    async with stores.database.transaction() as session:
        return await find_session_user(session, token=token, now=now or utc_now())


async def test_only_the_exact_token_finds_the_user(stores: Stores, user_id: int):
    token = await start_session(stores, user_id)

    assert len(token) == 43
    assert await find_user(stores, token) is not None
    for invalid_token in ("", token[:-1], token + "A", token.swapcase(), SESSION_TOKEN, "ü", "\x00"):
        assert await find_user(stores, invalid_token) is None


async def test_deleted_session_does_not_end_other_sessions_of_the_user(stores: Stores, user_id: int):
    first, second = await start_session(stores, user_id), await start_session(stores, user_id)
    async with stores.database.transaction() as session:
        await delete_session(session, token=first)
        await delete_session(session, token=first)

    assert await find_user(stores, first) is None
    assert await find_user(stores, second) is not None


async def test_unused_session_ends_after_thirty_days(stores: Stores, user_id: int):
    now = utc_now()
    token = await start_session(stores, user_id, now=now)

    assert await find_user(stores, token, now=now + 30 * DAY) is None
    assert await find_user(stores, token, now=now + 30 * DAY - timedelta(seconds=1)) is not None
    assert await find_user(stores, token, now=now + 59 * DAY) is not None


async def test_session_in_use_ends_after_ninety_days(stores: Stores, user_id: int):
    now = utc_now()
    token = await start_session(stores, user_id, now=now)

    assert [await find_user(stores, token, now=now + day * DAY) is not None for day in range(0, 100, 10)] == [
        True
    ] * 9 + [False]


async def test_expired_sessions_are_not_listed(stores: Stores, user_id: int):
    now = utc_now()
    current = await start_session(stores, user_id, now=now - DAY)
    used = await start_session(stores, user_id, now=now)
    await start_session(stores, user_id, now=now - 30 * DAY)
    async with stores.database.transaction() as session:
        listed = await list_sessions(session, user_id=user_id, current_token=current, now=now)

    assert [(item.id, item.is_current) for item in listed] == [
        (get_session_id(current), True),
        (get_session_id(used), False),
    ]
    assert [item.ends_at for item in listed] == [now + 29 * DAY, now + 30 * DAY]


async def test_last_use_is_saved_at_most_once_a_minute(stores: Stores, user_id: int):
    now = utc_now()
    token = await start_session(stores, user_id, now=now)
    for seconds, expected_seconds in ((59, 0), (60, 60), (100, 60)):
        await find_user(stores, token, now=now + timedelta(seconds=seconds))
        async with stores.database.acquire_connection() as connection:
            seen_at = await connection.fetchval("SELECT seen_at FROM web_session WHERE user_id = $1", user_id)
        assert seen_at == now + timedelta(seconds=expected_seconds)


async def test_login_updates_the_user_name(stores: Stores, user_id: int):
    token = await start_session(stores, user_id)
    await log_in(stores, user_id, name="Ada 🌱")

    assert (await find_user(stores, token)).name == "Ada 🌱"


async def test_cleanup_deletes_expired_sessions_and_data_of_logged_out_users(stores: Stores, user_id: int):
    now, other_id = utc_now(), user_id + 1
    await log_in(stores, other_id, name="Bob")
    await start_session(stores, user_id, now=now - 31 * DAY)
    await start_session(stores, other_id, now=now)
    async with stores.database.transaction() as session:
        for stored_user_id in (user_id, other_id):
            session.add(UserGuild(user_id=stored_user_id, guild_id=1, name="Tea", owner=True, permissions=8))
        assert await consume_oauth_state(session, digest=str(user_id).encode(), now=now - USED_STATE_RETENTION)
    async with stores.database.transaction() as session:
        assert await delete_expired_sessions(session, now=now) >= 1
        await purge_logged_out_users(session, now=now)
    async with stores.database.transaction() as session:
        is_stored = [
            (
                await session.get(User, stored_user_id) is not None,
                await session.get(UserToken, stored_user_id) is not None,
            )
            for stored_user_id in (user_id, other_id)
        ]
        assert is_stored == [(True, False), (True, True)]
        assert await session.get(UserGuild, (user_id, 1)) is None
        assert await session.get(UserGuild, (other_id, 1)) is not None
        assert await session.get(UsedOAuthState, str(user_id).encode()) is None
        assert await session.get(WebSession, b"") is None


async def test_oauth_state_can_be_used_once(stores: Stores, user_id: int):
    digest = f"state {user_id}".encode()
    for is_first in (True, False, False):
        async with stores.database.transaction() as session:
            assert await consume_oauth_state(session, digest=digest, now=utc_now()) is is_first


async def test_tokens_are_released_with_the_last_session(stores: Stores, user_id: int):
    token = await start_session(stores, user_id)
    async with stores.database.transaction() as session:
        assert await release_tokens(session, user_id=user_id, encryptor=ENCRYPTOR) is None
        await delete_session(session, token=token)
        assert (await release_tokens(session, user_id=user_id, encryptor=ENCRYPTOR)).refresh == "refresh"
        assert await release_tokens(session, user_id=user_id, encryptor=ENCRYPTOR) is None


@pytest.mark.parametrize(
    ("header", "is_present"),
    [
        ("{name}=" + SESSION_TOKEN, True),
        ("a=b; {name}=" + SESSION_TOKEN + "; c=d", True),
        ("a=b;{name}=" + SESSION_TOKEN, True),
        ("broken; =; {name}=" + SESSION_TOKEN, True),
        ("{name}=stale; {name}=" + SESSION_TOKEN, True),
        ("", False),
        ("{name}=", False),
        ("{name}=short", False),
        ("{name}=" + SESSION_TOKEN + "A", False),
        ("{name}=" + "ü" * 43, False),
        ('{name}="' + SESSION_TOKEN + '"', False),
        ("x{name}=" + SESSION_TOKEN, False),
        ("a={name}=" + SESSION_TOKEN, False),
    ],
)
def test_session_token_is_parsed_from_the_cookie_header(header, is_present):
    for instance_settings in (build_settings(), build_settings(public_url="https://herwa.example")):
        assert parse_session_token(header.format(name=get_cookie_name(instance_settings)), instance_settings) == (
            SESSION_TOKEN if is_present else None
        )


def test_copies_on_different_ports_use_different_cookie_names():
    assert get_cookie_name(build_settings(port=8321)) != get_cookie_name(build_settings(port=8322))


def test_https_cookie_has_the_host_prefix():
    assert get_cookie_name(build_settings(public_url="https://herwa.example")) == "__Host-herwa_session"


async def test_session_used_longest_ago_ends_when_a_user_has_too_many(stores: Stores, user_id: int):
    now = utc_now()
    other_user_id = user_id + 1
    await log_in(stores, other_user_id, name="Bea")
    other_token = await start_session(stores, other_user_id, now=now - 2 * DAY)
    tokens = [await start_session(stores, user_id, now=now - DAY + timedelta(minutes=n)) for n in range(MAX_SESSIONS)]
    assert await find_user(stores, tokens[0], now=now)  # used now, so that it is no longer the oldest

    newest = await start_session(stores, user_id, now=now)

    assert await find_user(stores, tokens[1]) is None
    for token in (newest, tokens[0], tokens[2], tokens[-1], other_token):
        assert await find_user(stores, token)
    async with stores.database.transaction() as session:
        assert len(await list_sessions(session, user_id=user_id, current_token=newest, now=now)) == MAX_SESSIONS


async def test_session_tokens_have_256_random_bits(stores: Stores, user_id: int):
    tokens = {await start_session(stores, user_id) for _ in range(20)}
    decoded = [urlsafe_b64decode(f"{token}=") for token in tokens]
    assert len(tokens) == 20
    assert {len(random_bytes) for random_bytes in decoded} == {32}
    assert all(len({token[position] for token in tokens}) > 1 for position in range(42)), "no part is fixed"


def test_the_document_names_the_limits_of_sessions():
    document = DOCUMENT.read_text()
    for part in (f"{IDLE_TIMEOUT.days} days", f"{ABSOLUTE_TIMEOUT.days} days", f"at most {MAX_SESSIONS} sessions"):
        assert part in document
