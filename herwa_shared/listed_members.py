"""Which members a list may show: all but those who opted out, and those who are being erased.

Every list and ranking of members asks here, before it has names. What was counted before an opt-out is kept, so totals
are not affected. Exports, which read all members of a guild, apply the same rule in `exports/hidden_members`.

Choices are stored under keyed hashes. A pseudonym has none and is listed: it has no name, and it cannot be found out
whose it is.
"""

import asyncio
from collections.abc import Collection

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
NAMES_AND_HIDDEN_QUERY = text(f"""
SELECT user_id, name, NULL AS digest FROM member
WHERE guild_id = :guild_id AND user_id = ANY(CAST(:user_ids AS bigint[]))
UNION ALL
SELECT NULL, NULL, digest FROM ({HIDDEN_SQL}) AS hidden
""")  # noqa: S608 - a constant


async def find_hidden_members(session: AsyncSession, *, guild_id: int, user_ids: Collection[int]) -> frozenset[int]:
    """Find which of these users no list of the guild may show."""
    if not user_ids:
        return frozenset()
    users = await _hash_members(session, guild_id, user_ids)
    digests = await session.scalars(HIDDEN_QUERY, {"digests": list(users)})
    return frozenset(users[bytes(digest)] for digest in digests)


async def load_listed_members(
    session: AsyncSession, *, guild_id: int, user_ids: Collection[int]
) -> dict[int, str | None]:
    """Load which of these users a list of the guild may show, with their names; None for one whose name is unknown."""
    if not user_ids:
        return {}
    users = await _hash_members(session, guild_id, user_ids)
    parameters = {"guild_id": guild_id, "user_ids": list(user_ids), "digests": list(users)}
    names: dict[int, str | None] = dict.fromkeys(user_ids)
    hidden: set[int] = set()
    for user_id, name, digest in await session.execute(NAMES_AND_HIDDEN_QUERY, parameters):
        if digest is None:
            names[user_id] = name
        else:
            hidden.add(users[bytes(digest)])
    return {user_id: name for user_id, name in names.items() if user_id not in hidden}


async def _hash_members(session: AsyncSession, guild_id: int, user_ids: Collection[int]) -> dict[bytes, int]:
    """Return the users by the hashes whose choices hold for them."""
    key = derive_privacy_key(get_audit_key(session))

    def hash_members() -> dict[bytes, int]:
        return {
            digest: user_id
            for user_id in user_ids
            if user_id < FIRST_PSEUDONYM
            for digest in list_member_hashes(key, guild_id=guild_id, user_id=user_id)
        }

    return hash_members() if len(user_ids) <= HASHED_AT_ONCE else await asyncio.to_thread(hash_members)
