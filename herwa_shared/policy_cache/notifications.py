"""Publish policy changes to all processes.

`publish_policy_change` runs in the transaction that changes a policy, so that change and notification commit together.
`changes.listener` receives them.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.changes.listener import EVERY_GUILD, ChangeTopic

POLICY_CHANGES = ChangeTopic("policies", channel="herwa_policy", table="policy_change")

# On conflict, both values are computed again instead of taken from EXCLUDED: EXCLUDED was computed before the statement
# waited for the transaction that held the row lock.
PUBLISH_QUERY = text("""
WITH touched AS (
    INSERT INTO policy_change (guild_id, version, changed_in)
    VALUES (:guild_id, nextval('policy_version'), pg_current_xact_id())
    ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
    RETURNING guild_id, version
)
SELECT pg_notify(:channel, guild_id || ' ' || version) FROM touched
""")


async def publish_policy_change(session: AsyncSession, *, guild_id: int | None) -> None:
    """Announce a policy change of this guild to all processes when the transaction commits.

    `guild_id` None is a change by the operator, for every guild. Locks the guild's `policy_change` row until the
    commit, so concurrent changes of one guild are serialized. A caller that changes several guilds must call this in
    the order of their ids, to avoid deadlocks.
    """
    await session.execute(
        PUBLISH_QUERY, {"guild_id": EVERY_GUILD if guild_id is None else guild_id, "channel": POLICY_CHANGES.channel}
    )
