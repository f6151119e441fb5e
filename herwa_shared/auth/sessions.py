"""Browser sessions: a random token in a cookie, of which only the hash is stored.

Every request checks its session. A process keeps a session that it has read until a change of it is reported, so a
deleted session ends everywhere within a second.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, or_, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.auth.account_cache import AccountCache
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.errors import NotFound
from herwa_shared.models import User, WebSession
from herwa_shared.models.accounts import MAX_BROWSER_LENGTH

IDLE_TIMEOUT = timedelta(days=30)
ABSOLUTE_TIMEOUT = timedelta(days=90)
SEEN_UPDATE_INTERVAL = timedelta(minutes=1)
MAX_SESSIONS = 100
"""Sessions of one user. A further log-in ends the one that was unused for longest."""
SESSION_NOT_FOUND = "This session doesn't exist or has ended."
_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits


@dataclass(frozen=True, slots=True)
class SessionUser:
    """The logged-in user of a session, which began at `logged_in_at`."""

    user_id: int
    name: str
    avatar: str | None
    logged_in_at: datetime

    @property
    def identity(self) -> str:
        """Tells callers apart for `Idempotency-Key`: no two users have the same."""
        return f"user {self.user_id}"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session as its user sees it.

    `id` identifies it without revealing its token. `browser` names browser and system, empty if unknown. `ends_at` is
    when it ends if it is not used again.
    """

    id: str
    browser: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_current: bool


def get_cookie_name(settings: Settings) -> str:
    """Get the name of the session cookie.

    On https, the `__Host-` prefix makes the browser accept the cookie from this host only. On http, cookies are shared
    between all ports of a host, so the name contains our port.
    """
    return "__Host-herwa_session" if settings.origin.startswith("https://") else f"herwa_session_{settings.port}"


def parse_session_token(cookie_header: str, settings: Settings) -> str | None:
    """Parse the session token from a Cookie header; None without a well-formed one."""
    name = get_cookie_name(settings)
    for part in cookie_header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _TOKEN_PATTERN.fullmatch(value):
            return value
    return None


def get_session_id(token: str) -> str:
    """Get the id of a session, as in SessionInfo, from its token."""
    return _build_id(_hash_token(token))


async def create_session(session: AsyncSession, *, user_id: int, now: datetime, browser: str = "") -> str:
    """Create a session for an existing user; returns the token, which is not stored.

    Ends the user's sessions beyond MAX_SESSIONS, those first that were unused for longest.
    """
    token = secrets.token_urlsafe(32)
    row = WebSession(
        digest=_hash_token(token), user_id=user_id, browser=browser[:MAX_BROWSER_LENGTH], created_at=now, seen_at=now
    )
    session.add(row)
    await session.flush()
    await _end_surplus_sessions(session, user_id)
    return token


async def find_session_user(session: AsyncSession, *, token: str, now: datetime) -> SessionUser | None:
    """Find the user of a session; None if it is unknown, deleted or expired.

    Side effect: updates `seen_at`, at most once a minute.
    """
    row = (
        await session.execute(
            select(User, WebSession)
            .join(WebSession, col(WebSession.user_id) == col(User.id))
            .where(col(WebSession.digest) == _hash_token(token))
            .where(*_build_validity_conditions(now))
        )
    ).one_or_none()
    if row is None:
        return None
    user, web_session = row
    if web_session.seen_at <= now - SEEN_UPDATE_INTERVAL:
        await session.execute(
            update(WebSession).where(col(WebSession.digest) == _hash_token(token)).values(seen_at=now)
        )
    return SessionUser(user.id, user.name, user.avatar, web_session.created_at)


@dataclass(frozen=True, slots=True)
class SessionReader:
    """Reads sessions, most of them from memory."""

    database: Database
    accounts: AccountCache

    async def find_user(self, token: str) -> SessionUser | None:
        """Find the user of a session; None if it is unknown, deleted or expired."""

        async def load() -> SessionUser | None:
            async with self.database.transaction() as session:
                return await find_session_user(session, token=token, now=utc_now())

        return await self.accounts.get(_build_key(token), load, lambda user: user.user_id if user else None)

    def forget_user(self, user_id: int) -> None:
        """Forget the sessions of a user, of which this process has just ended one."""
        self.accounts.drop_user(user_id)


async def delete_session(session: AsyncSession, *, token: str) -> int | None:
    """Delete a session. Returns the id of its user, None if there is no such session."""
    statement = delete(WebSession).where(col(WebSession.digest) == _hash_token(token))
    user_id: int | None = await session.scalar(statement.returning(col(WebSession.user_id)))
    return user_id


async def list_sessions(
    session: AsyncSession, *, user_id: int, current_token: str, now: datetime
) -> tuple[SessionInfo, ...]:
    """List the sessions of a user: the current one first, then those that were used last."""
    query = (
        select(WebSession)
        .where(col(WebSession.user_id) == user_id, *_build_validity_conditions(now))
        .order_by(col(WebSession.digest) != _hash_token(current_token), col(WebSession.seen_at).desc())
    )
    return tuple(_build_info(row, _hash_token(current_token)) for row in await session.scalars(query))


async def end_session(session: AsyncSession, *, user_id: int, session_id: str) -> None:
    """End a session of a user, by the id of its SessionInfo. Raises NotFound.

    It ends in every process at once. For the session of the request itself, log the user out instead.
    """
    digests = await session.scalars(select(WebSession.digest).where(col(WebSession.user_id) == user_id))
    digest = next((digest for digest in digests if _build_id(digest) == session_id), None)
    if digest is None:
        raise NotFound(SESSION_NOT_FOUND)
    await session.execute(delete(WebSession).where(col(WebSession.digest) == digest))


async def end_other_sessions(session: AsyncSession, *, user_id: int, current_token: str) -> int:
    """End all sessions of a user except the current one; returns their number."""
    is_other = col(WebSession.digest) != _hash_token(current_token)
    statement = delete(WebSession).where(col(WebSession.user_id) == user_id, is_other)
    return len((await session.execute(statement.returning(col(WebSession.digest)))).all())


async def end_all_sessions(session: AsyncSession, *, user_id: int | None) -> int:
    """End all sessions of a user, or of all users if it is None; returns their number."""
    is_of_user = col(WebSession.user_id) == user_id if user_id is not None else true()
    statement = delete(WebSession).where(is_of_user)
    return len((await session.execute(statement.returning(col(WebSession.digest)))).all())


async def delete_expired_sessions(session: AsyncSession, *, now: datetime) -> int:
    """Delete expired sessions; returns the number of deleted rows."""
    is_expired = or_(
        col(WebSession.seen_at) <= now - IDLE_TIMEOUT, col(WebSession.created_at) <= now - ABSOLUTE_TIMEOUT
    )
    deleted = await session.execute(delete(WebSession).where(is_expired).returning(col(WebSession.digest)))
    return len(deleted.all())


async def _end_surplus_sessions(session: AsyncSession, user_id: int) -> None:
    is_of_user = col(WebSession.user_id) == user_id
    newest = select(WebSession.digest).where(is_of_user).order_by(col(WebSession.seen_at).desc()).limit(MAX_SESSIONS)
    await session.execute(delete(WebSession).where(is_of_user, col(WebSession.digest).not_in(newest)))


def _build_validity_conditions(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Build the conditions for sessions that have not expired."""
    return (col(WebSession.seen_at) > now - IDLE_TIMEOUT, col(WebSession.created_at) > now - ABSOLUTE_TIMEOUT)


def _build_info(row: WebSession, current_digest: bytes) -> SessionInfo:
    return SessionInfo(
        id=_build_id(row.digest),
        browser=row.browser,
        created_at=row.created_at,
        seen_at=row.seen_at,
        ends_at=min(row.seen_at + IDLE_TIMEOUT, row.created_at + ABSOLUTE_TIMEOUT),
        is_current=row.digest == current_digest,
    )


def _build_id(digest: bytes) -> str:
    """Build the public id of a session. The stored hash cannot be computed from it."""
    return sha256(b"session id " + digest).hexdigest()[:32]


def _build_key(token: str) -> tuple[str, bytes]:
    return "session", _hash_token(token)


def _hash_token(token: str) -> bytes:
    """Hash with plain SHA-256: a slow hash is unnecessary, as 256 random bits cannot be guessed."""
    return sha256(token.encode()).digest()
