"""Which members a list may show: all but those who opted out, and those who are being erased.

Every list and ranking of members asks here, before it has names. What was counted before an opt-out is kept, so totals
are not affected. Exports, which read all members of a guild, apply the same rule in `exports/hidden_members`.

Choices are stored under keyed hashes. A pseudonym has none and is listed: it has no name, and it cannot be found out
whose it is.
"""

import asyncio
from collections.abc import Collection

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.db import get_audit_key
from herwa_shared.privacy_digests import derive_privacy_key, list_member_hashes

HASHED_AT_ONCE = 1_000
"""So many members are hashed in a few milliseconds; more are hashed in a thread."""
HIDDEN_SQL = """
SELECT digest FROM privacy_choice WHERE digest = ANY(CAST(:digests AS bytea[])) AND opted_out_at IS NOT NULL
UNION ALL
SELECT digest FROM erasure_request WHERE digest = ANY(CAST(:digests AS bytea[])) AND finished_at IS NULL
"""
HIDDEN_QUERY = text(HIDDEN_SQL)
# Performance: one statement for names and choices, because each costs more than the few rows that it reads.
NAMES_AND_HIDDEN_SQL = f"""
SELECT user_id, name, NULL AS digest FROM member WHERE guild_id = $1 AND user_id = ANY($2::bigint[])
UNION ALL
SELECT NULL, NULL, digest FROM ({HIDDEN_SQL.replace(":digests", "$3")}) AS hidden
"""  # noqa: S608 - a constant


async def find_hidden_members(session: AsyncSession, *, guild_id: int, user_ids: Collection[int]) -> frozenset[int]:
    """Find which of these users no list of the guild may show."""
    if not user_ids:
        return frozenset()
    users = await _hash_members(get_audit_key(session), guild_id, user_ids)
    digests = await session.scalars(HIDDEN_QUERY, {"digests": list(users)})
    return frozenset(users[bytes(digest)] for digest in digests)


async def load_listed_members(
    connection: asyncpg.Connection, audit_key: bytes | None, *, guild_id: int, user_ids: Collection[int]
) -> dict[int, str | None]:
    """Load which of these users a list of the guild may show, with their names; None for one whose name is unknown."""
    if not user_ids:
        return {}
    assert audit_key is not None, "the database was opened without the audit key"
    users = await _hash_members(audit_key, guild_id, user_ids)
    names: dict[int, str | None] = dict.fromkeys(user_ids)
    hidden: set[int] = set()
    for user_id, name, digest in await connection.fetch(NAMES_AND_HIDDEN_SQL, guild_id, list(user_ids), list(users)):
        if digest is None:
            names[user_id] = name
        else:
            hidden.add(users[digest])
    return {user_id: name for user_id, name in names.items() if user_id not in hidden}


async def _hash_members(audit_key: bytes, guild_id: int, user_ids: Collection[int]) -> dict[bytes, int]:
    """Return the users by the hashes whose choices hold for them."""
    key = derive_privacy_key(audit_key)

    def hash_members() -> dict[bytes, int]:
        return {
            digest: user_id
            for user_id in user_ids
            if user_id < FIRST_PSEUDONYM
            for digest in list_member_hashes(key, guild_id=guild_id, user_id=user_id)
        }

    return hash_members() if len(user_ids) <= HASHED_AT_ONCE else await asyncio.to_thread(hash_members)
