"""What others want to know within a second: the live counters, and whose rights have changed."""

from herwa_bot.collector.member_counts import MemberCounts
from herwa_bot.collector.voice_tracker import VoiceTracker
from herwa_shared.auth.user_guilds import Invalidation, invalidate_many
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.services.live_counters import LiveCounters, save_live_counters

Counters = tuple[int | None, int]


class LiveUpdates:
    """Gathers what changed; `tell` writes it down, at most once a second."""

    def __init__(self, voice_tracker: VoiceTracker, member_counts: MemberCounts) -> None:
        self._voice_tracker = voice_tracker
        self._member_counts = member_counts
        self._saved_counters: dict[int, Counters] = {}
        self._invalidations: set[Invalidation] = set()

    def invalidate(self, guild_id: int, user_id: int | None = None) -> None:
        """Rights may have changed in this guild, for one user or for all."""
        self._invalidations.add((guild_id, user_id))

    async def save(self, database: Database) -> None:
        """Write down what is new. When this raises, it is new the next time as well."""
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
            self._voice_tracker.changed.update(guild_id for guild_id in counters if guild_id not in stored_ids)

    def _take_changed_counters(self) -> dict[int, Counters]:
        changed_ids = self._voice_tracker.changed | self._member_counts.changed
        self._voice_tracker.changed.clear()
        self._member_counts.changed.clear()
        current_counters = {
            guild_id: (self._member_counts.online.get(guild_id), self._voice_tracker.count_members(guild_id))
            for guild_id in changed_ids
        }
        return {
            guild_id: counters
            for guild_id, counters in current_counters.items()
            if self._saved_counters.get(guild_id) != counters
        }
