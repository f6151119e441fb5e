"""Users who logged in: their account row, encrypted tokens, used OAuth states, and cleanup."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, exists, select

from herwa_shared.auth.discord_oauth import DiscordUser, OAuthTokens
from herwa_shared.auth.encryption import Encryptor
from herwa_shared.models import UsedOAuthState, User, UserGuild, UserToken, WebSession

USED_STATE_RETENTION = timedelta(hours=1)


async def save_login(
    session: AsyncSession, *, account: DiscordUser, tokens: OAuthTokens, encryptor: Encryptor, now: datetime
) -> None:
    """Upsert the user and their tokens.

    Resets the cached guilds, so that they are fetched again.
    """
    values = {"name": account.name, "avatar": account.avatar, "logged_in_at": now, "guilds_fetched_at": None}
    await session.execute(
        insert(User)
        .values(id=account.id, guilds_generation=0, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    await session.merge(
        UserToken(user_id=account.id, encrypted_tokens=encrypt_tokens(tokens, encryptor), expires_at=tokens.expires_at)
    )


def encrypt_tokens(tokens: OAuthTokens, encryptor: Encryptor) -> bytes:
    """Encrypt tokens for storage."""
    return encryptor.encrypt({**asdict(tokens), "expires_at": tokens.expires_at.isoformat()})


def decrypt_tokens(row: UserToken, encryptor: Encryptor) -> OAuthTokens | None:
    """Decrypt stored tokens; None if the secret that encrypted them is no longer available."""
    content = encryptor.decrypt(row.encrypted_tokens)
    if content is None:
        return None
    return OAuthTokens(content["access"], content["refresh"], datetime.fromisoformat(content["expires_at"]))


async def release_tokens(session: AsyncSession, *, user_id: int, encryptor: Encryptor) -> OAuthTokens | None:
    """Delete and return the tokens of a user without sessions, for revoking them.

    Returns None while the user has a session, or if there are no tokens or they cannot be decrypted.
    """
    if await session.scalar(select(exists().where(col(WebSession.user_id) == user_id))):
        return None
    row = await session.get(UserToken, user_id, with_for_update=True)
    if row is None:
        return None
    await session.delete(row)
    return decrypt_tokens(row, encryptor)


async def consume_oauth_state(session: AsyncSession, *, digest: bytes, now: datetime) -> bool:
    """Mark an OAuth state (its hash) as used; False if it was used before."""
    statement = (
        insert(UsedOAuthState)
        .values(digest=digest, at=now)
        .on_conflict_do_nothing()
        .returning(col(UsedOAuthState.digest))
    )
    return (await session.execute(statement)).first() is not None


async def purge_logged_out_users(session: AsyncSession, *, now: datetime) -> None:
    """Delete tokens and cached guilds of users without a session, and expired used OAuth states."""
    await session.execute(delete(UsedOAuthState).where(col(UsedOAuthState.at) <= now - USED_STATE_RETENTION))
    for table in (UserToken, UserGuild):
        has_session = exists().where(col(WebSession.user_id) == col(table.user_id))
        await session.execute(delete(table).where(~has_session))
