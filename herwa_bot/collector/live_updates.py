"""What others want to know within a second: the live counters, and whose rights have changed."""

from herwa_bot.collector.member_counts import Census
from herwa_bot.collector.voice_tracker import Voice
from herwa_shared.auth.user_guilds import Doubt, forget_reported
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.services.live_counters import Now, save_now

Counters = tuple[int | None, int]


class Live:
    """Gathers what changed; `tell` writes it down, at most once a second."""

    def __init__(self, voice: Voice, census: Census) -> None:
        self._voice = voice
        self._census = census
        self._told: dict[int, Counters] = {}
        self._doubts: set[Doubt] = set()

    def doubt(self, guild_id: int, user_id: int | None = None) -> None:
        """Rights may have changed in this guild, for one user or for all."""
        self._doubts.add((guild_id, user_id))

    async def tell(self, database: Database) -> None:
        """Write down what is new. When this raises, it is new the next time as well."""
        counters, doubts = self._counters(), self._doubts
        if not counters and not doubts:
            return
        self._doubts = set()
        at = utc_now()
        kept: frozenset[int] = frozenset()
        try:
            async with database.transaction() as session:
                saved = await save_now(session, {guild_id: Now(*new, at) for guild_id, new in counters.items()})
                await forget_reported(session, doubts)
            kept, doubts = saved, set()
        finally:
            self._doubts |= doubts
            self._told |= {guild_id: counters[guild_id] for guild_id in kept}
            self._voice.moved.update(guild_id for guild_id in counters if guild_id not in kept)

    def _counters(self) -> dict[int, Counters]:
        moved = self._voice.moved | self._census.moved
        self._voice.moved.clear()
        self._census.moved.clear()
        new = {guild_id: (self._census.online.get(guild_id), self._voice.present(guild_id)) for guild_id in moved}
        return {guild_id: counters for guild_id, counters in new.items() if self._told.get(guild_id) != counters}
