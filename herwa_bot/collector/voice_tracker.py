"""Track members in voice and their time there; load and store their voice sessions.

`VoiceTracker` does no I/O and reads no clock: every time is a parameter, in milliseconds since 1970. Time is counted in
full seconds since the session began. Each second belongs to the channel and the state in which it ended, so that sums
do not drift. Accrued seconds become events at every change and at every full five minutes of the clock, so that no
event spans two hours. While a guild's shard is disconnected nothing is counted; after it reconnects, Discord sends the
members who are in voice. Decision: docs/decisions/0006.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from herwa_bot.collector.metadata_sync import UNSTORABLE_ERRORS
from herwa_bot.collector.parsing.members import MemberVoiceState
from herwa_bot.collector.skipped_events import log_skipped_value
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.voice_sessions import (
    VoiceChange,
    VoiceSessionRow,
    load_open_voice_sessions,
    save_voice_changes,
    split_voice_seconds,
)

log = get_logger(__name__)

MAX_SHORT_GAP_MS = 120_000
MAX_BATCH_CHANGES = 5_000

MemberKey = tuple[int, int]


class VoiceTracker:
    """Open voice sessions in this process's guilds; `take` returns what is to be stored.

    A paused guild is one whose events do not arrive, with the time since when. `changed` holds the IDs of guilds whose
    number of members in voice may have changed since a consumer cleared it.
    """

    def __init__(self) -> None:
        self._voice_sessions: dict[int, dict[int, VoiceSessionRow]] = {}
        self._afk_channel_ids: dict[int, int] = {}
        self._paused_at_ms: dict[int, int] = {}
        self._changes: dict[MemberKey, VoiceChange] = {}
        self.changed_guild_ids: set[int] = set()

    @property
    def pending(self) -> int:
        """Number of changes that are not stored yet."""
        return len(self._changes)

    def count_members(self, guild_id: int) -> int:
        """Count the members in voice in a guild, without those in the AFK channel."""
        return sum(not voice_session.afk for voice_session in self._voice_sessions.get(guild_id, {}).values())

    def take(self) -> list[VoiceChange]:
        """Return all changes since the last call and forget them."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

    def restore(self, changes: Iterable[VoiceChange]) -> None:
        """Put back changes that could not be stored.

        They are merged with newer changes of the same member.
        """
        for change in changes:
            newer = self._changes.get((change.voice_session.guild_id, change.voice_session.user_id))
            if newer is not None:
                change = VoiceChange(newer.voice_session, change.events + newer.events)  # noqa: PLW2901 - merged change
            self._changes[change.voice_session.guild_id, change.voice_session.user_id] = change

    def add_open_sessions(self, voice_sessions: Iterable[VoiceSessionRow], paused_at_ms: dict[int, int]) -> None:
        """Add open sessions of an earlier process.

        `paused_at_ms` maps guild IDs to the end of that process's reception.
        """
        for voice_session in voice_sessions:
            self._voice_sessions.setdefault(voice_session.guild_id, {})[voice_session.user_id] = voice_session
        self._paused_at_ms |= paused_at_ms

    def update(self, guild_id: int, state: MemberVoiceState, *, now_ms: int) -> None:
        """Apply a voice state: a member entered, moved, changed state or left."""
        voice_session = self._voice_sessions.get(guild_id, {}).get(state.user_id)
        state = state._replace(afk=state.channel_id == self._afk_channel_ids.get(guild_id))
        if not state.channel_id:
            if voice_session is not None:
                self._end_session(voice_session, now_ms)
        elif voice_session is None:
            self._start_session(guild_id, state, now_ms)
        elif _get_voice_state(voice_session) != state:
            self._change_session(voice_session, state, now_ms)

    def sync_guild(
        self, guild_id: int, states: Iterable[MemberVoiceState], *, afk_channel_id: int, now_ms: int
    ) -> None:
        """Replace a guild's voice states with those of GUILD_CREATE, at startup and after a pause.

        A session continues if the member is in the same channel and the pause was at most MAX_SHORT_GAP_MS. Otherwise
        it ended when the pause began, and a new session starts at `now_ms` if the member is in voice.
        """
        self._afk_channel_ids[guild_id] = afk_channel_id
        paused_at_ms = self._paused_at_ms.pop(guild_id, now_ms)
        states_by_user = {state.user_id: state for state in states if state.channel_id}
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            state = states_by_user.get(voice_session.user_id)
            is_same_channel = state is not None and state.channel_id == voice_session.channel_id
            if not is_same_channel or now_ms - paused_at_ms > MAX_SHORT_GAP_MS:
                self._end_session(voice_session, paused_at_ms)
        for state in states_by_user.values():
            self.update(guild_id, state, now_ms=now_ms)
        self.changed_guild_ids.add(guild_id)

    def set_afk_channel(self, guild_id: int, channel_id: int, *, now_ms: int) -> None:
        """Set a guild's AFK channel, 0 for none: from now on, time there counts apart."""
        self._afk_channel_ids[guild_id] = channel_id
        changed_ms = self._paused_at_ms.get(guild_id, now_ms)  # a pause does not count
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            self.update(guild_id, _get_voice_state(voice_session), now_ms=changed_ms)

    def end_channel(self, guild_id: int, channel_id: int, *, now_ms: int) -> None:
        """End all sessions in a channel; a pause does not count."""
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            if voice_session.channel_id == channel_id:
                self._end_session(voice_session, self._paused_at_ms.get(guild_id, now_ms))

    def end_member(self, guild_id: int, user_id: int, *, now_ms: int) -> None:
        """End the session of a member who left the guild; a pause does not count."""
        voice_session = self._voice_sessions.get(guild_id, {}).get(user_id)
        if voice_session is not None:
            self._end_session(voice_session, self._paused_at_ms.get(guild_id, now_ms))

    def remove_guild(self, guild_id: int, *, now_ms: int) -> None:
        """End all sessions of a guild that removed the bot; a pause does not count."""
        paused_at_ms = self._paused_at_ms.pop(guild_id, now_ms)
        for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
            self._end_session(voice_session, paused_at_ms)
        self._afk_channel_ids.pop(guild_id, None)

    def list_guilds(self) -> list[int]:
        """List the IDs of guilds with members in voice."""
        return list(self._voice_sessions)

    def pause(self, is_affected: Callable[[int], bool], *, now_ms: int) -> None:
        """Pause the guilds that match, because their events do not arrive.

        A guild that is paused already keeps its earlier time.
        """
        for guild_id in filter(is_affected, self._voice_sessions):
            self._paused_at_ms.setdefault(guild_id, now_ms)

    def resume(self, is_affected: Callable[[int], bool]) -> None:
        """Resume the guilds that match, whose events arrive again and of which none was missed."""
        for guild_id in [guild_id for guild_id in self._paused_at_ms if is_affected(guild_id)]:
            del self._paused_at_ms[guild_id]

    def accrue(self, guild_id: int, until_ms: int) -> None:
        """Count the guild's members in voice up to `until_ms`, unless the guild is paused."""
        if guild_id not in self._paused_at_ms:
            for voice_session in list(self._voice_sessions.get(guild_id, {}).values()):
                if voice_session.counted_until_ms < until_ms:
                    self._save_session(
                        voice_session._replace(counted_until_ms=until_ms), build_accrued_events(voice_session, until_ms)
                    )

    def _start_session(self, guild_id: int, state: MemberVoiceState, now_ms: int) -> None:
        user_id, channel_id, muted, streaming, video, audience, afk = state
        self._save_session(
            VoiceSessionRow(
                guild_id, user_id, channel_id, now_ms, now_ms, muted, streaming, video, True, audience, afk
            ),
            [],
        )
        self.changed_guild_ids.add(guild_id)

    def _change_session(self, voice_session: VoiceSessionRow, state: MemberVoiceState, now_ms: int) -> None:
        updates = state._asdict() | {"counted_until_ms": max(now_ms, voice_session.counted_until_ms)}
        self._save_session(voice_session._replace(**updates), build_accrued_events(voice_session, now_ms))
        if state.afk != voice_session.afk:
            self.changed_guild_ids.add(voice_session.guild_id)

    def _end_session(self, voice_session: VoiceSessionRow, at_ms: int) -> None:
        at_ms = max(at_ms, voice_session.counted_until_ms)
        self._save_session(
            voice_session._replace(counted_until_ms=at_ms, open=False), build_accrued_events(voice_session, at_ms)
        )
        self.changed_guild_ids.add(voice_session.guild_id)

    def _save_session(self, voice_session: VoiceSessionRow, events: Iterable[ActivityEvent]) -> None:
        """Keep an open session or drop a closed one, and record the change with its events."""
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
    """Build the events for the seconds from `counted_until_ms` to `until_ms`.

    The period is split at every full five minutes of the clock, see `split_voice_seconds`.
    """
    for begin_ms, seconds in split_voice_seconds(voice_session.since_ms, voice_session.counted_until_ms, until_ms):
        yield from _build_events(voice_session, begin_ms, seconds)


async def load_voice_sessions(database: Database, voice_tracker: VoiceTracker) -> None:
    """Load the sessions that were open when the last collector ended, into a new tracker.

    Their guilds are paused since then, so `sync_guild` decides for each session whether it continues.
    """
    async with database.acquire_connection() as connection:
        voice_sessions, paused_at_ms = await load_open_voice_sessions(connection)
    voice_tracker.add_open_sessions(voice_sessions, paused_at_ms)
    if voice_sessions:
        log.info("open voice sessions loaded", members=len(voice_sessions), guilds=len(paused_at_ms))


async def store_skipping_invalid(database: Database, voice_tracker: VoiceTracker, privacy: PrivacyFilter) -> int:
    """Store the tracker's changes in batches; log and skip changes that the database rejects.

    Returns the number of stored events. If this raises, the changes that are not stored are put back into the tracker.
    """
    changes, stored_count = voice_tracker.take(), 0
    while changes:
        batch, remaining_changes = changes[:MAX_BATCH_CHANGES], changes[MAX_BATCH_CHANGES:]
        try:
            stored_count += await _store(database, batch, privacy)
        except BaseException:
            voice_tracker.restore(changes)
            raise
        changes = remaining_changes
    return stored_count


def _build_events(voice_session: VoiceSessionRow, at_ms: int, seconds: int) -> Iterator[ActivityEvent]:
    guild_id, user_id, channel_id = voice_session.guild_id, voice_session.user_id, voice_session.channel_id
    is_counted = not voice_session.afk
    kinds = (
        (EventKind.VOICE_AFK, voice_session.afk),
        (EventKind.VOICE, is_counted),
        (EventKind.VOICE_MUTED, is_counted and voice_session.muted),
        (EventKind.VOICE_STREAM, is_counted and voice_session.streaming),
        (EventKind.VOICE_VIDEO, is_counted and voice_session.video),
        (EventKind.VOICE_AUDIENCE, is_counted and voice_session.audience),
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
        voice_session.audience,
        voice_session.afk,
    )


async def _store(database: Database, changes: Sequence[VoiceChange], privacy: PrivacyFilter) -> int:
    """Store changes; bisect to find, log and skip those that the database rejects.

    Returns the number of stored events.
    """
    try:
        async with database.acquire_connection() as connection:
            return await save_voice_changes(connection, changes, privacy=privacy)
    except UNSTORABLE_ERRORS as error:
        if len(changes) == 1:
            log_skipped_value("voice session", error)
            return 0
    middle = len(changes) // 2
    halves = changes[:middle], changes[middle:]
    return sum([await _store(database, half, privacy) for half in halves])
