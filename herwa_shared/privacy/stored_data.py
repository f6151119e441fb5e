"""Which data about a member is stored, in one guild or in all of them, for the member."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from herwa_shared.clickhouse.pseudonyms import build_pseudonym_sql, insert_key
from herwa_shared.db import get_audit_key
from herwa_shared.models import AccessRequest, Guild, Member, Ticket
from herwa_shared.privacy.choices import PrivacyStatus, load_privacy_status

ACTIVITY_SQL = f"""
SELECT toString(kind) AS name, if(startsWith(name, 'voice'), sum(total), sum(events)) AS count, min(hour), max(hour)
FROM activity_hourly
WHERE guild_id = {{guild:UInt64}}
    AND user_id IN ({{user:UInt64}}, {build_pseudonym_sql("{guild:UInt64}", "{user:UInt64}")})
GROUP BY name HAVING count > 0 ORDER BY name
"""  # noqa: S608 - constants


MAX_GUILDS = 100
"""Guilds of one user that are listed for them."""


@dataclass(frozen=True, slots=True)
class StoredData:
    """What is stored about a member of one guild.

    `counts` are numbers of events by kind, of seconds for voice. `first_at` and `last_at` are their first and last
    hour. `name` is the display name, `access_requests` the number of their requests for access, `tickets` that of the
    tickets that they opened or answered first.
    """

    status: PrivacyStatus
    counts: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    name: str | None
    access_requests: int
    tickets: int


async def load_stored_data(
    session: AsyncSession, clickhouse: AsyncClient, *, guild_id: int, user_id: int
) -> StoredData:
    """Load what both databases contain about a member of a guild."""
    statement = insert_key(ACTIVITY_SQL, get_audit_key(session))
    rows = (await clickhouse.query(statement, parameters={"guild": guild_id, "user": user_id})).result_rows
    name = select(Member.name).where(col(Member.guild_id) == guild_id, col(Member.user_id) == user_id)
    requests = select(func.count()).where(
        col(AccessRequest.guild_id) == guild_id, col(AccessRequest.user_id) == user_id
    )
    tickets = select(func.count()).where(
        col(Ticket.guild_id) == guild_id,
        or_(col(Ticket.opener_id) == user_id, col(Ticket.responder_id) == user_id),
    )
    return StoredData(
        await load_privacy_status(session, guild_id=guild_id, user_id=user_id),
        {kind: count for kind, count, _, _ in rows},
        min((row[2] for row in rows), default=None),
        max((row[3] for row in rows), default=None),
        await session.scalar(name),
        await session.scalar(requests) or 0,
        await session.scalar(tickets) or 0,
    )


@dataclass(frozen=True, slots=True)
class StoredGuildData:
    """What is stored about a user in one guild."""

    guild_id: int
    guild_name: str
    data: StoredData


@dataclass(frozen=True, slots=True)
class UserData:
    """What is stored about a user in all guilds that know their id. `status` is what they chose for all guilds.

    Guilds that they left so long ago that a pseudonym replaced them are missing: an erasure reaches these too.
    """

    status: PrivacyStatus
    guilds: tuple[StoredGuildData, ...]


async def load_user_data(session: AsyncSession, clickhouse: AsyncClient, *, user_id: int) -> UserData:
    """Load what both databases contain about a user, also in guilds that they or the bot left."""
    query = select(Guild.id, Guild.name).join(Member, col(Member.guild_id) == col(Guild.id))
    query = query.where(col(Member.user_id) == user_id).order_by(col(Guild.name), col(Guild.id)).limit(MAX_GUILDS)
    guilds = [
        StoredGuildData(guild_id, name, await load_stored_data(session, clickhouse, guild_id=guild_id, user_id=user_id))
        for guild_id, name in (await session.execute(query)).all()
    ]
    return UserData(await load_privacy_status(session, guild_id=None, user_id=user_id), tuple(guilds))
