"""The jobs about privacy: erase members, delete guilds, replace members by pseudonyms, purge old rows."""

from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.pipeline.drain import purge_drain_requests
from herwa_shared.pipeline.membership_dedup import purge_membership_periods
from herwa_shared.privacy.erasure import process_erasures, purge_erasure_requests
from herwa_shared.privacy.guild_deletion import (
    delete_overdue_guilds,
    delete_requested_guilds,
    process_guild_deletions,
    purge_guild_deletions,
)
from herwa_shared.privacy.pseudonyms import replace_departed_members, replace_members_in_old_hours
from herwa_shared.services.member_data_views import purge_member_views
from herwa_shared.stores import Stores

log = get_logger(__name__)


class PrivacyJobs:
    """Jobs that remove members and guilds. Each continues what an interrupted run has left."""

    def __init__(self, stores: Stores) -> None:
        self._database = stores.database
        self._clickhouse = stores.clickhouse_writer

    async def process_requests(self) -> None:
        """Delete guilds whose owners requested it, and finish in ClickHouse what was erased from PostgreSQL."""
        await process_erasures(self._database, self._clickhouse)
        await delete_requested_guilds(self._database)
        await process_guild_deletions(self._database, self._clickhouse)

    async def delete_overdue_guilds(self) -> None:
        """Delete guilds that the bot left 30 days ago."""
        if deleted := await delete_overdue_guilds(self._database):
            log.info("overdue servers deleted", servers=deleted)

    async def replace_members(self) -> None:
        """Replace members who left long ago by pseudonyms."""
        await replace_departed_members(self._database, self._clickhouse, now=utc_now())

    async def replace_members_in_old_hours(self) -> None:
        """Replace all members in old hours by pseudonyms."""
        await replace_members_in_old_hours(self._database, self._clickhouse, now=utc_now())

    async def purge_old_rows(self) -> None:
        """Delete finished requests and earlier membership periods that nothing needs any more."""
        async with self._database.acquire_connection() as connection:
            await purge_erasure_requests(connection, now=utc_now())
            await purge_guild_deletions(connection, now=utc_now())
            await purge_drain_requests(connection, now=utc_now())
            await purge_membership_periods(connection, now=utc_now())
            await purge_member_views(connection, now=utc_now())
