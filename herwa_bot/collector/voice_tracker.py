"""Who sits in voice and for how long. Pure but for what it remembers; every moment is handed in.

Time is counted in whole seconds since somebody came: each belongs to the channel and the state in which it ended, so
that sums have no drift. It is handed on at every change and at every full five minutes of the clock, thus never across
an hour. While a guild is not heard nothing is counted; once it is heard again, Discord says who is there.

The way of voice to PostgreSQL and, at the start, back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from herwa_bot.collector.metadata_sync import UNSTORABLE_ERRORS
from herwa_bot.collector.parsing.members import MemberVoiceState
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.voice_sessions import (
    VoiceChange,
    VoiceSessionRow,
    load_open_voice_sessions,
    save_voice_changes,
)

ACCRUAL_INTERVAL_MS = 300_000
MAX_SHORT_GAP_MS = 120_000

MemberKey = tuple[int, int]


class VoiceTracker:
    """Everybody in voice in this process's guilds. `take` hands over what is to be stored."""

    def __init__(self) -> None:
        self._voice_sessions: dict[int, dict[int, VoiceSessionRow]] = {}
        self._afk_channel_ids: dict[int, int] = {}
        self._paused_at_ms: dict[int, int] = {}
        self._changes: dict[MemberKey, VoiceChange] = {}
        self.changed: set[int] = set()

    @property
    def pending(self) -> int:
        """Changes that are not stored yet."""
        return len(self._changes)

    def count_members(self, guild_id: int) -> int:
        """How many people sit in voice there."""
        return len(self._voice_sessions.get(guild_id, ()))

    def take(self) -> list[VoiceChange]:
        """All that changed since the last call."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

    def restore(self, changes: Iterable[VoiceChange]) -> None:
        """Take back what could not be stored; what changed meanwhile is newer."""
        for change in changes:
            newer = self._changes.get((change.voice_session.guild_id, change.voice_session.user_id))
            if newer is not None:
                change = VoiceChange(newer.voice_session, change.events + newer.events)  # noqa: PLW2901 - the two are one
            self._changes[change.voice_session.guild_id, change.voice_session.user_id] = change

    def load(self, voice_sessions: Iterable[VoiceSessionRow], paused_at_ms: dict[int, int]) -> None:
        """What an earlier process left behind; until when their guilds were heard."""
        for voice_session in voice_sessions:
            self._voice_sessions.setdefault(voice_session.guild_id, {})[voice_session.user_id] = voice_session
        self._paused_at_ms |= paused_at_ms

    def update(self, guild_id: int, state: MemberVoiceState, *, now_ms: int) -> None:
        """Somebody came, moved, changed or went."""
        voice_session = self._voice_sessions.get(guild_id, {}).get(state.user_id)
        if not state.channel_id or state.channel_id == self._afk_channel_ids.get(guild_id):
            if voice_session is not None:
                self._end_session(voice_session, now_ms)
        elif voice_session is None:
            self._start_session(guild_id, state, now_ms)
        elif _get_voice_state(voice_session) != state:
            updates = state._asdict() | {"counted_until_ms": max(now_ms, voice_session.counted_until_ms)}
            self._save_session(voice_session._replace(**updates), build_accrued_events(voice_session, now_ms))

    def sync_guild(
        self, guild_id: int, states: Iterable[MemberVoiceState], *, afk_channel_id: int, now_ms: int
    ) -> None:
        """Discord says who sits there: at the start, and after a time in which the guild was not heard."""
        self._afk_channel_ids[guild_id] = afk_channel_id
        paused_at_ms = self._paused_at_ms.pop(guild_id, now_ms)
        states_by_user = {state.user_id: state for state in states if state.channel_id not in (0, afk_channel_id)}
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            state = states_by_user.get(voice_session.user_id)
            is_same_channel = state is not None and state.channel_id == voice_session.channel_id
            if not is_same_channel or now_ms - paused_at_ms > MAX_SHORT_GAP_MS:
                self._end_session(voice_session, paused_at_ms)
        for state in states_by_user.values():
            self.update(guild_id, state, now_ms=now_ms)
        self.changed.add(guild_id)

    def set_afk_channel(self, guild_id: int, channel_id: int, *, now_ms: int) -> None:
        """Time in that channel does not count, from now on."""
        if self._afk_channel_ids.get(guild_id) != channel_id:
            self._afk_channel_ids[guild_id] = channel_id
            for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
                if voice_session.channel_id == channel_id:
                    self._end_session(voice_session, now_ms)

    def remove_guild(self, guild_id: int, *, now_ms: int) -> None:
        """The bot is not there any more; what it did not hear does not count."""
        paused_at_ms = self._paused_at_ms.pop(guild_id, now_ms)
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            self._end_session(voice_session, paused_at_ms)
        self._afk_channel_ids.pop(guild_id, None)

    def list_guilds(self) -> list[int]:
        """Where somebody sits in voice."""
        return list(self._voice_sessions)

    def pause(self, is_affected: Callable[[int], bool], *, now_ms: int) -> None:
        """These guilds are not heard from now on."""
        for guild_id in filter(is_affected, self._voice_sessions):
            self._paused_at_ms.setdefault(guild_id, now_ms)

    def resume(self, is_affected: Callable[[int], bool]) -> None:
        """These guilds are heard again and nothing was missed."""
        for guild_id in [guild_id for guild_id in self._paused_at_ms if is_affected(guild_id)]:
            del self._paused_at_ms[guild_id]

    def accrue(self, guild_id: int, until_ms: int) -> None:
        """Count everybody there up to that moment, unless the guild is not heard."""
        if guild_id not in self._paused_at_ms:
            for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
                if voice_session.counted_until_ms < until_ms:
                    self._save_session(
                        voice_session._replace(counted_until_ms=until_ms), build_accrued_events(voice_session, until_ms)
                    )

    def _start_session(self, guild_id: int, state: MemberVoiceState, now_ms: int) -> None:
        user_id, channel_id, muted, streaming, video = state
        self._save_session(
            VoiceSessionRow(guild_id, user_id, channel_id, now_ms, now_ms, muted, streaming, video, True), []
        )
        self.changed.add(guild_id)

    def _end_session(self, voice_session: VoiceSessionRow, at_ms: int) -> None:
        at_ms = max(at_ms, voice_session.counted_until_ms)
        self._save_session(
            voice_session._replace(counted_until_ms=at_ms, open=False), build_accrued_events(voice_session, at_ms)
        )
        self.changed.add(voice_session.guild_id)

    def _save_session(self, voice_session: VoiceSessionRow, events: Iterable[ActivityEvent]) -> None:
        guild_sessions = self._voice_sessions.setdefault(voice_session.guild_id, {})
        if voice_session.open:
            guild_sessions[voice_session.user_id] = voice_session
        else:
            guild_sessions.pop(voice_session.user_id, None)
        if not guild_sessions:
            del self._voice_sessions[voice_session.guild_id]
        change = self._changes.setdefault(
            (voice_session.guild_id, voice_session.user_id), VoiceChange(voice_session, [])
        )
        change.voice_session = voice_session
        change.events += events


def build_accrued_events(voice_session: VoiceSessionRow, until_ms: int) -> Iterator[ActivityEvent]:
    """The seconds from where the stay is counted to that moment, none of the pieces across a full five minutes."""
    begin = voice_session.counted_until_ms
    while begin < until_ms:
        end = min(begin - begin % ACCRUAL_INTERVAL_MS + ACCRUAL_INTERVAL_MS, until_ms)
        seconds = (end - voice_session.since_ms) // 1000 - (begin - voice_session.since_ms) // 1000
        if seconds:
            yield from _build_events(voice_session, begin, seconds)
        begin = end


def _build_events(voice_session: VoiceSessionRow, at_ms: int, seconds: int) -> Iterator[ActivityEvent]:
    guild_id, user_id, channel_id = voice_session.guild_id, voice_session.user_id, voice_session.channel_id
    kinds = (
        (EventKind.VOICE, True),
        (EventKind.VOICE_MUTED, voice_session.muted),
        (EventKind.VOICE_STREAM, voice_session.streaming),
        (EventKind.VOICE_VIDEO, voice_session.video),
    )
    for kind, applies in kinds:
        if applies:
            yield ActivityEvent(guild_id, kind.value, at_ms, channel_id, 0, user_id, False, seconds, None, 0, 0)


def _get_voice_state(voice_session: VoiceSessionRow) -> MemberVoiceState:
    return MemberVoiceState(
        voice_session.user_id,
        voice_session.channel_id,
        voice_session.muted,
        voice_session.streaming,
        voice_session.video,
    )


log = get_logger(__name__)

MAX_BATCH_CHANGES = 5_000


async def load_voice_sessions(database: Database, voice_tracker: VoiceTracker) -> None:
    """Go on with who sat in voice when the last collector ended, once Discord says that they sit there still."""
    async with database.acquire_connection() as connection:
        voice_sessions, paused_at_ms = await load_open_voice_sessions(connection)
    voice_tracker.load(voice_sessions, paused_at_ms)
    if voice_sessions:
        log.info("members sat in voice when counting ended", members=len(voice_sessions), guilds=len(paused_at_ms))


async def store_skipping_invalid(database: Database, voice_tracker: VoiceTracker) -> int:
    """Store what changed; how many events that were. When this raises, `voice` has back what is not stored."""
    changes, stored = voice_tracker.take(), 0
    while changes:
        batch, rest = changes[:MAX_BATCH_CHANGES], changes[MAX_BATCH_CHANGES:]
        try:
            stored += await _store(database, batch)
        except BaseException:
            voice_tracker.restore(changes)
            raise
        changes = rest
    return stored


async def _store(database: Database, changes: Sequence[VoiceChange]) -> int:
    try:
        async with database.acquire_connection() as connection:
            return await save_voice_changes(connection, changes)
    except UNSTORABLE_ERRORS as error:
        if len(changes) == 1:
            log.error("time in voice is skipped, it cannot be stored", error=str(error)[:200])  # noqa: TRY400 - one line says it
            return 0
    middle = len(changes) // 2
    return await _store(database, changes[:middle]) + await _store(database, changes[middle:])
