"""People who logged in: who they are, what Discord gave us for them, and what is forgotten when they are gone."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, exists, select

from herwa_shared.auth.discord_oauth import Account, Tokens
from herwa_shared.auth.encryption import Seal
from herwa_shared.models import SpentLogin, User, UserGuild, UserToken, WebSession

SPENT_KEPT = timedelta(hours=1)


async def save_login(session: AsyncSession, *, account: Account, tokens: Tokens, seal: Seal, now: datetime) -> None:
    """Add or update the user; what they may see is asked anew."""
    said = {"name": account.name, "avatar": account.avatar, "logged_in_at": now, "guilds_asked_at": None}
    await session.execute(
        insert(User)
        .values(id=account.id, guilds_doubted=0, **said)
        .on_conflict_do_update(index_elements=["id"], set_=said)
    )
    await session.merge(UserToken(user_id=account.id, sealed=sealed(tokens, seal), expires_at=tokens.expires_at))


def sealed(tokens: Tokens, seal: Seal) -> bytes:
    """Tokens as they may be stored."""
    return seal.close({**asdict(tokens), "expires_at": tokens.expires_at.isoformat()})


def opened(row: UserToken, seal: Seal) -> Tokens | None:
    """Tokens as they were stored; None when the secret that sealed them is gone."""
    content = seal.open(row.sealed)
    if content is None:
        return None
    return Tokens(content["access"], content["refresh"], datetime.fromisoformat(content["expires_at"]))


async def release_tokens(session: AsyncSession, *, user_id: int, seal: Seal) -> Tokens | None:
    """The tokens of a user who is logged in nowhere any more, now forgotten here, for revoking them at Discord."""
    if await session.scalar(select(exists().where(col(WebSession.user_id) == user_id))):
        return None
    row = await session.get(UserToken, user_id, with_for_update=True)
    if row is None:
        return None
    await session.delete(row)
    return opened(row, seal)


async def spend_login(session: AsyncSession, *, digest: bytes, now: datetime) -> bool:
    """Note that a log-in came back; False when it had come back before."""
    noted = insert(SpentLogin).values(digest=digest, at=now).on_conflict_do_nothing().returning(col(SpentLogin.digest))
    return (await session.execute(noted)).first() is not None


async def forget_absent(session: AsyncSession, *, now: datetime) -> None:
    """Delete what is kept only for people who are logged in, of those who no longer are, and spent log-ins."""
    await session.execute(delete(SpentLogin).where(col(SpentLogin.at) <= now - SPENT_KEPT))
    for table in (UserToken, UserGuild):
        present = exists().where(col(WebSession.user_id) == col(table.user_id))
        await session.execute(delete(table).where(~present))
