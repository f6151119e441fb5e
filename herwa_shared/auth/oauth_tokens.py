"""Call Discord with a user's stored tokens; refresh expired tokens under a row lock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.auth.discord_oauth import DiscordOAuthClient, OAuthTokens, TokenRejected
from herwa_shared.auth.encryption import Encryptor
from herwa_shared.auth.users import decrypt_tokens, encrypt_tokens
from herwa_shared.db import Database
from herwa_shared.errors import ReauthRequired
from herwa_shared.log import get_logger
from herwa_shared.models import UserToken, WebSession

log = get_logger(__name__)

REFRESH_MARGIN = timedelta(minutes=1)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class UserTokenManager:
    """Manages the tokens of all users.

    Ends all sessions of a user whose tokens Discord finally rejects.
    """

    database: Database
    discord_oauth: DiscordOAuthClient
    encryptor: Encryptor

    async def call(
        self, user_id: int, request: Callable[[OAuthTokens], Awaitable[ResultT]], *, now: datetime
    ) -> ResultT:
        """Run `request` with valid tokens and return its result.

        On TokenRejected, refresh once and retry. Raises ReauthRequired, after ending the user's sessions, when
        the tokens cannot be refreshed or are rejected again; DiscordUnavailable.
        """
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id)
        tokens = decrypt_tokens(row, self.encryptor) if row else None
        if tokens is None or tokens.expires_at <= now + REFRESH_MARGIN:
            tokens = await self._refresh_locked(user_id, tokens)
        try:
            return await request(tokens)
        except TokenRejected:
            tokens = await self._refresh_locked(user_id, tokens)
        try:
            return await request(tokens)
        except TokenRejected:
            await self._log_out(user_id, tokens)
            raise ReauthRequired from None

    async def _refresh_locked(self, user_id: int, old_tokens: OAuthTokens | None) -> OAuthTokens:
        """Refresh the tokens under a row lock.

        Returns the stored tokens if they differ from `old_tokens`. A refresh token works only once. The lock
        makes concurrent callers, also in other processes, wait; they then find the new tokens in the row.
        """
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id, with_for_update=True)
            stored_tokens = decrypt_tokens(row, self.encryptor) if row else None
            if stored_tokens is not None and stored_tokens != old_tokens:
                return stored_tokens
            new_tokens = await self._try_refresh(stored_tokens) if stored_tokens else None
            if row is not None and new_tokens is not None:
                row.encrypted_tokens, row.expires_at = encrypt_tokens(new_tokens, self.encryptor), new_tokens.expires_at
                return new_tokens
            await _end_sessions(session, user_id)
        log.info("sessions ended", user=user_id, reason="tokens_rejected")
        raise ReauthRequired

    async def _try_refresh(self, tokens: OAuthTokens) -> OAuthTokens | None:
        try:
            return await self.discord_oauth.refresh(tokens)
        except TokenRejected:
            return None

    async def _log_out(self, user_id: int, rejected_tokens: OAuthTokens) -> None:
        """End the user's sessions, unless a new log-in has replaced the rejected tokens."""
        async with self.database.transaction() as session:
            row = await session.get(UserToken, user_id, with_for_update=True)
            has_ended = row is None or decrypt_tokens(row, self.encryptor) == rejected_tokens
            if has_ended:
                await _end_sessions(session, user_id)
        if has_ended:
            log.info("sessions ended", user=user_id, reason="tokens_rejected")


async def _end_sessions(session: AsyncSession, user_id: int) -> None:
    for table in (WebSession, UserToken):
        await session.execute(delete(table).where(col(table.user_id) == user_id))
