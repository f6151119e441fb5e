"""Tell every process that a policy has changed: in the transaction that changes it, so that commit and message are one.

The message is PostgreSQL's NOTIFY, which may get lost; the row beside it may not, and is what the sweep reads. Its
`changed_in` is the transaction that wrote it, by which a commit out of order is found.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL = "herwa_policy"
EVERY_GUILD = 0
"""The row and the message of what the operator changed: tiers and kill switches concern every guild."""

# Both values are set anew, not taken from EXCLUDED, which was computed before waiting for whoever held the row.
TOUCH = text("""
WITH touched AS (
    INSERT INTO policy_change (guild_id, version, changed_in)
    VALUES (:guild_id, nextval('policy_version'), pg_current_xact_id())
    ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
    RETURNING guild_id, version
)
SELECT pg_notify(:channel, guild_id || ' ' || version) FROM touched
""")


async def touch(session: AsyncSession, *, guild_id: int | None) -> None:
    """What this transaction changes is in force everywhere once it commits. None: the operator's, for every guild.

    It holds the guild's row until the commit, so parallel changes of one guild queue; who touches several does so in
    the order of their ids.
    """
    await session.execute(TOUCH, {"guild_id": EVERY_GUILD if guild_id is None else guild_id, "channel": CHANNEL})
