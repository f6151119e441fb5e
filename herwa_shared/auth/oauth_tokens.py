"""Ask Discord on behalf of a user: with their newest token, renewed when it is over, by one process at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.auth.discord_oauth import DiscordLogin, TokenRefused, Tokens
from herwa_shared.auth.encryption import Seal
from herwa_shared.auth.users import opened, sealed
from herwa_shared.db import Database
from herwa_shared.errors import LogInAgain
from herwa_shared.models import UserToken, WebSession

RENEWED_BEFORE_END = timedelta(minutes=1)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class UserTokens:
    """The tokens of all users. Whose token Discord refuses for good is logged out everywhere."""

    database: Database
    login: DiscordLogin
    seal: Seal

    async def ask(self, user_id: int, question: Callable[[Tokens], Awaitable[Answer]], *, now: datetime) -> Answer:
        """What Discord answers. Raises LogInAgain, DiscordAway."""
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id)
        tokens = opened(row, self.seal) if row else None
        if tokens is None or tokens.expires_at <= now + RENEWED_BEFORE_END:
            tokens = await self._renewed(user_id, tokens)
        try:
            return await question(tokens)
        except TokenRefused:
            tokens = await self._renewed(user_id, tokens)
        try:
            return await question(tokens)
        except TokenRefused:
            await self._log_out(user_id, tokens)
            raise LogInAgain from None

    async def _renewed(self, user_id: int, old: Tokens | None) -> Tokens:
        """New tokens. A refresh token is good for once: the row is locked, and whoever comes second finds them."""
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id, with_for_update=True)
            kept = opened(row, self.seal) if row else None
            if kept is not None and kept != old:
                return kept
            new = await self._refreshed(kept) if kept else None
            if row is not None and new is not None:
                row.sealed, row.expires_at = sealed(new, self.seal), new.expires_at
                return new
            await _end_sessions(session, user_id)
        raise LogInAgain

    async def _refreshed(self, tokens: Tokens) -> Tokens | None:
        try:
            return await self.login.renewed(tokens)
        except TokenRefused:
            return None

    async def _log_out(self, user_id: int, refused: Tokens) -> None:
        """End the sessions, unless the user has logged in anew meanwhile."""
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id, with_for_update=True)
            if row is None or opened(row, self.seal) == refused:
                await _end_sessions(session, user_id)


async def _end_sessions(session: AsyncSession, user_id: int) -> None:
    for table in (WebSession, UserToken):
        await session.execute(delete(table).where(col(table.user_id) == user_id))
