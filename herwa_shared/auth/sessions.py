"""Sessions of browsers: a secret in a cookie, of which only a hash is stored. The database decides at every look."""

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
    """The person who looks."""

    user_id: int
    name: str
    avatar: str | None


def get_cookie_name(settings: Settings) -> str:
    """On https the browser takes it from this host alone; on http all ports share their cookies, so it names ours."""
    return "__Host-herwa_session" if settings.origin.startswith("https://") else f"herwa_session_{settings.port}"


def parse_session_token(cookie_header: str, settings: Settings) -> str | None:
    """The session's secret in a Cookie header, if there is one that could be ours."""
    name = get_cookie_name(settings)
    for part in cookie_header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _TOKEN_PATTERN.fullmatch(value):
            return value
    return None


async def create_session(session: AsyncSession, *, user_id: int, now: datetime) -> str:
    """A new session of a user whom we know. The cookie's value is returned here and stored nowhere."""
    token = secrets.token_urlsafe(32)
    session.add(WebSession(digest=_hash_token(token), user_id=user_id, created_at=now, seen_at=now))
    await session.flush()
    return token


async def find_session_user(session: AsyncSession, *, token: str, now: datetime) -> SessionUser | None:
    """Who looks; None when the session is unknown, closed or over. Moves `seen_at` at most once a minute."""
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


async def delete_session(session: AsyncSession, *, token: str) -> None:
    """End a session; an unknown one is none."""
    await session.execute(delete(WebSession).where(col(WebSession.digest) == _hash_token(token)))


async def delete_expired_sessions(session: AsyncSession, *, now: datetime) -> int:
    """Delete sessions that are over; how many."""
    is_expired = or_(
        col(WebSession.seen_at) <= now - IDLE_TIMEOUT, col(WebSession.created_at) <= now - ABSOLUTE_TIMEOUT
    )
    deleted = await session.execute(delete(WebSession).where(is_expired).returning(col(WebSession.digest)))
    return len(deleted.all())


def _hash_token(token: str) -> bytes:
    """Plain SHA-256 does for 256 random bits: there is nothing to guess."""
    return sha256(token.encode()).digest()
