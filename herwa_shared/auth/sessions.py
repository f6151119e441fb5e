"""Browser sessions: a random token in a cookie, of which only the hash is stored.

Every request looks the session up in the database, so a deleted session ends at once.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.config import Settings
from herwa_shared.models import User, WebSession

IDLE_TIMEOUT = timedelta(days=30)
ABSOLUTE_TIMEOUT = timedelta(days=90)
SEEN_UPDATE_INTERVAL = timedelta(minutes=1)
_TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits


@dataclass(frozen=True, slots=True)
class SessionUser:
    """The logged-in user of a session."""

    user_id: int
    name: str
    avatar: str | None


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


async def create_session(session: AsyncSession, *, user_id: int, now: datetime) -> str:
    """Create a session for an existing user; returns the token, which is not stored."""
    token = secrets.token_urlsafe(32)
    session.add(WebSession(digest=_hash_token(token), user_id=user_id, created_at=now, seen_at=now))
    await session.flush()
    return token


async def find_session_user(session: AsyncSession, *, token: str, now: datetime) -> SessionUser | None:
    """Find the user of a session; None if it is unknown, deleted or expired.

    Side effect: updates `seen_at`, at most once a minute.
    """
    row = (
        await session.execute(
            select(User.id, User.name, User.avatar, WebSession.seen_at)
            .join(WebSession, col(WebSession.user_id) == col(User.id))
            .where(col(WebSession.digest) == _hash_token(token))
            .where(col(WebSession.seen_at) > now - IDLE_TIMEOUT, col(WebSession.created_at) > now - ABSOLUTE_TIMEOUT)
        )
    ).one_or_none()
    if row is None:
        return None
    user_id, name, avatar, seen_at = row
    if seen_at <= now - SEEN_UPDATE_INTERVAL:
        await session.execute(
            update(WebSession).where(col(WebSession.digest) == _hash_token(token)).values(seen_at=now)
        )
    return SessionUser(user_id, name, avatar)


async def delete_session(session: AsyncSession, *, token: str) -> int | None:
    """Delete a session. Returns the id of its user, None if there is no such session."""
    statement = delete(WebSession).where(col(WebSession.digest) == _hash_token(token))
    user_id: int | None = await session.scalar(statement.returning(col(WebSession.user_id)))
    return user_id


async def delete_expired_sessions(session: AsyncSession, *, now: datetime) -> int:
    """Delete expired sessions; returns the number of deleted rows."""
    is_expired = or_(
        col(WebSession.seen_at) <= now - IDLE_TIMEOUT, col(WebSession.created_at) <= now - ABSOLUTE_TIMEOUT
    )
    deleted = await session.execute(delete(WebSession).where(is_expired).returning(col(WebSession.digest)))
    return len(deleted.all())


def _hash_token(token: str) -> bytes:
    """Hash with plain SHA-256: a slow hash is unnecessary, as 256 random bits cannot be guessed."""
    return sha256(token.encode()).digest()
