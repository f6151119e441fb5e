"""Which members have left a guild, as far as the bot received it."""

from collections.abc import Collection

import asyncpg

DEPARTED_SQL = """
SELECT user_id
FROM membership_period AS period LEFT JOIN member USING (guild_id, user_id)
WHERE guild_id = $1 AND user_id = ANY($2::bigint[])
GROUP BY user_id, member.joined_at
HAVING bool_and(left_at IS NOT NULL) AND (member.joined_at IS NULL OR member.joined_at <= max(left_at))
"""


async def list_departed_members(
    connection: asyncpg.Connection, *, guild_id: int, user_ids: Collection[int]
) -> frozenset[int]:
    """Return those of the users whose leave was received and who have not joined again since then."""
    if not user_ids:
        return frozenset()
    return frozenset(row["user_id"] for row in await connection.fetch(DEPARTED_SQL, guild_id, list(user_ids)))
