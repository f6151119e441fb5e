"""Write live counters and invalidated permissions to the database, at most once a second."""

from herwa_bot.collector.member_counts import MemberCounts
from herwa_bot.collector.voice_tracker import VoiceTracker
from herwa_shared.auth.user_guilds import Invalidation, invalidate_many
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.services.live_counters import LiveCounters, save_live_counters

Counters = tuple[int | None, int]


class LiveUpdates:
    """Collects changed live counters and invalidated guild permissions until `save` writes them."""

    def __init__(self, voice_tracker: VoiceTracker, member_counts: MemberCounts) -> None:
        self._voice_tracker = voice_tracker
        self._member_counts = member_counts
        self._saved_counters: dict[int, Counters] = {}
        self._invalidations: set[Invalidation] = set()

    def invalidate(self, guild_id: int, user_id: int | None = None) -> None:
        """Mark cached guild permissions of a user as stale; of all users if `user_id` is None."""
        self._invalidations.add((guild_id, user_id))

    async def save(self, database: Database) -> None:
        """Write what changed since the last call.

        If this raises, the changes are kept for the next call. Counters of guilds that the database does not know yet
        are kept too.
        """
        counters, invalidations = self._take_changed_counters(), self._invalidations
        if not counters and not invalidations:
            return
        self._invalidations = set()
        at = utc_now()
        stored_ids: frozenset[int] = frozenset()
        try:
            async with database.transaction() as session:
                saved_ids = await save_live_counters(
                    session, {guild_id: LiveCounters(*values, at) for guild_id, values in counters.items()}
                )
                await invalidate_many(session, invalidations)
            stored_ids, invalidations = saved_ids, set()
        finally:
            self._invalidations |= invalidations
            self._saved_counters |= {guild_id: counters[guild_id] for guild_id in stored_ids}
            self._voice_tracker.changed_guild_ids.update(
                guild_id for guild_id in counters if guild_id not in stored_ids
            )

    def _take_changed_counters(self) -> dict[int, Counters]:
        """Take the counters that differ from those saved last.

        A value is the number of online members (None if unknown) and of members in voice.
        """
        changed_ids = self._voice_tracker.changed_guild_ids | self._member_counts.changed_guild_ids
        self._voice_tracker.changed_guild_ids.clear()
        self._member_counts.changed_guild_ids.clear()
        current_counters = {
            guild_id: (self._member_counts.online.get(guild_id), self._voice_tracker.count_members(guild_id))
            for guild_id in changed_ids
        }
        return {
            guild_id: counters
            for guild_id, counters in current_counters.items()
            if self._saved_counters.get(guild_id) != counters
        }
