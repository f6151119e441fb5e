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

UNSEEN_AT_MOST = timedelta(days=30)
OLD_AT_MOST = timedelta(days=90)
SEEN_NOTED_EVERY = timedelta(minutes=1)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person who looks."""

    user_id: int
    name: str
    avatar: str | None


def cookie_name(settings: Settings) -> str:
    """On https the browser takes it from this host alone; on http all ports share their cookies, so it names ours."""
    return "__Host-herwa_session" if settings.origin.startswith("https://") else f"herwa_session_{settings.port}"


def secret_in(cookie_header: str, settings: Settings) -> str | None:
    """The session's secret in a Cookie header, if there is one that could be ours."""
    name = cookie_name(settings)
    for part in cookie_header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and _SECRET.fullmatch(value):
            return value
    return None


async def open_session(session: AsyncSession, *, user_id: int, now: datetime) -> str:
    """A new session of a user whom we know. The cookie's value is returned here and stored nowhere."""
    secret = secrets.token_urlsafe(32)
    session.add(WebSession(digest=_digest(secret), user_id=user_id, created_at=now, seen_at=now))
    await session.flush()
    return secret


async def viewer_of(session: AsyncSession, *, secret: str, now: datetime) -> Viewer | None:
    """Who looks; None when the session is unknown, closed or over. Moves `seen_at` at most once a minute."""
    found = (
        await session.execute(
            select(User.id, User.name, User.avatar, WebSession.seen_at)
            .join(WebSession, col(WebSession.user_id) == col(User.id))
            .where(col(WebSession.digest) == _digest(secret))
            .where(col(WebSession.seen_at) > now - UNSEEN_AT_MOST, col(WebSession.created_at) > now - OLD_AT_MOST)
        )
    ).one_or_none()
    if found is None:
        return None
    user_id, name, avatar, seen_at = found
    if seen_at <= now - SEEN_NOTED_EVERY:
        await session.execute(update(WebSession).where(col(WebSession.digest) == _digest(secret)).values(seen_at=now))
    return Viewer(user_id, name, avatar)


async def close_session(session: AsyncSession, *, secret: str) -> None:
    """End a session; an unknown one is none."""
    await session.execute(delete(WebSession).where(col(WebSession.digest) == _digest(secret)))


async def remove_expired(session: AsyncSession, *, now: datetime) -> int:
    """Delete sessions that are over; how many."""
    over = or_(col(WebSession.seen_at) <= now - UNSEEN_AT_MOST, col(WebSession.created_at) <= now - OLD_AT_MOST)
    gone = await session.execute(delete(WebSession).where(over).returning(col(WebSession.digest)))
    return len(gone.all())


def _digest(secret: str) -> bytes:
    """Plain SHA-256 does for 256 random bits: there is nothing to guess."""
    return sha256(secret.encode()).digest()
