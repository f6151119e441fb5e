"""Who sits in voice and for how long. Pure but for what it remembers; every moment is handed in.

Time is counted in whole seconds since somebody came: each belongs to the channel and the state in which it ended, so
that sums have no drift. It is handed on at every change and at every full five minutes of the clock, thus never across
an hour. While a guild is not heard nothing is counted; once it is heard again, Discord says who is there.

The way of voice to PostgreSQL and, at the start, back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from herwa_bot.collector.metadata_sync import UNSTORABLE
from herwa_bot.collector.parsing.members import VoiceState
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import Event, EventKind
from herwa_shared.pipeline.voice_sessions import VoiceChange, VoiceStay, open_stays, store_voice

MARK_MS = 300_000
SHORT_GAP_MS = 120_000

Key = tuple[int, int]


class Voice:
    """Everybody in voice in this process's guilds. `take` hands over what is to be stored."""

    def __init__(self) -> None:
        self._stays: dict[int, dict[int, VoiceStay]] = {}
        self._afk: dict[int, int] = {}
        self._silent: dict[int, int] = {}
        self._changes: dict[Key, VoiceChange] = {}
        self.moved: set[int] = set()

    @property
    def held(self) -> int:
        """Changes that are not stored yet."""
        return len(self._changes)

    def present(self, guild_id: int) -> int:
        """How many people sit in voice there."""
        return len(self._stays.get(guild_id, ()))

    def take(self) -> list[VoiceChange]:
        """All that changed since the last call."""
        changes, self._changes = self._changes, {}
        return list(changes.values())

    def give_back(self, changes: Iterable[VoiceChange]) -> None:
        """Take back what could not be stored; what changed meanwhile is newer."""
        for change in changes:
            newer = self._changes.get((change.stay.guild_id, change.stay.user_id))
            if newer is not None:
                change = VoiceChange(newer.stay, change.events + newer.events)  # noqa: PLW2901 - the two are one
            self._changes[change.stay.guild_id, change.stay.user_id] = change

    def load(self, stays: Iterable[VoiceStay], heard_ms: dict[int, int]) -> None:
        """What an earlier process left behind; until when their guilds were heard."""
        for stay in stays:
            self._stays.setdefault(stay.guild_id, {})[stay.user_id] = stay
        self._silent |= heard_ms

    def hear(self, guild_id: int, state: VoiceState, *, now_ms: int) -> None:
        """Somebody came, moved, changed or went."""
        stay = self._stays.get(guild_id, {}).get(state.user_id)
        if not state.channel_id or state.channel_id == self._afk.get(guild_id):
            if stay is not None:
                self._end(stay, now_ms)
        elif stay is None:
            self._begin(guild_id, state, now_ms)
        elif _state_of(stay) != state:
            now = state._asdict() | {"counted_until_ms": max(now_ms, stay.counted_until_ms)}
            self._keep(stay._replace(**now), counted(stay, now_ms))

    def guild_described(self, guild_id: int, states: Iterable[VoiceState], *, afk_channel_id: int, now_ms: int) -> None:
        """Discord says who sits there: at the start, and after a time in which the guild was not heard."""
        self._afk[guild_id] = afk_channel_id
        heard_ms = self._silent.pop(guild_id, now_ms)
        there = {state.user_id: state for state in states if state.channel_id not in (0, afk_channel_id)}
        for stay in list(self._stays.get(guild_id, {}).values()):
            state = there.get(stay.user_id)
            same = state is not None and state.channel_id == stay.channel_id
            if not same or now_ms - heard_ms > SHORT_GAP_MS:
                self._end(stay, heard_ms)
        for state in there.values():
            self.hear(guild_id, state, now_ms=now_ms)
        self.moved.add(guild_id)

    def afk_channel(self, guild_id: int, channel_id: int, *, now_ms: int) -> None:
        """Time in that channel does not count, from now on."""
        if self._afk.get(guild_id) != channel_id:
            self._afk[guild_id] = channel_id
            for stay in list(self._stays.get(guild_id, {}).values()):
                if stay.channel_id == channel_id:
                    self._end(stay, now_ms)

    def guild_left(self, guild_id: int, *, now_ms: int) -> None:
        """The bot is not there any more; what it did not hear does not count."""
        heard_ms = self._silent.pop(guild_id, now_ms)
        for stay in list(self._stays.get(guild_id, {}).values()):
            self._end(stay, heard_ms)
        self._afk.pop(guild_id, None)

    def guilds(self) -> list[int]:
        """Where somebody sits in voice."""
        return list(self._stays)

    def silence(self, concerned: Callable[[int], bool], *, now_ms: int) -> None:
        """These guilds are not heard from now on."""
        for guild_id in filter(concerned, self._stays):
            self._silent.setdefault(guild_id, now_ms)

    def resume(self, concerned: Callable[[int], bool]) -> None:
        """These guilds are heard again and nothing was missed."""
        for guild_id in [guild_id for guild_id in self._silent if concerned(guild_id)]:
            del self._silent[guild_id]

    def mark(self, guild_id: int, mark_ms: int) -> None:
        """Count everybody there up to that moment, unless the guild is not heard."""
        if guild_id not in self._silent:
            for stay in list(self._stays.get(guild_id, {}).values()):
                if stay.counted_until_ms < mark_ms:
                    self._keep(stay._replace(counted_until_ms=mark_ms), counted(stay, mark_ms))

    def _begin(self, guild_id: int, state: VoiceState, now_ms: int) -> None:
        user_id, channel_id, muted, streaming, video = state
        self._keep(VoiceStay(guild_id, user_id, channel_id, now_ms, now_ms, muted, streaming, video, True), [])
        self.moved.add(guild_id)

    def _end(self, stay: VoiceStay, at_ms: int) -> None:
        at_ms = max(at_ms, stay.counted_until_ms)
        self._keep(stay._replace(counted_until_ms=at_ms, open=False), counted(stay, at_ms))
        self.moved.add(stay.guild_id)

    def _keep(self, stay: VoiceStay, events: Iterable[Event]) -> None:
        here = self._stays.setdefault(stay.guild_id, {})
        if stay.open:
            here[stay.user_id] = stay
        else:
            here.pop(stay.user_id, None)
        if not here:
            del self._stays[stay.guild_id]
        change = self._changes.setdefault((stay.guild_id, stay.user_id), VoiceChange(stay, []))
        change.stay = stay
        change.events += events


def counted(stay: VoiceStay, until_ms: int) -> Iterator[Event]:
    """The seconds from where the stay is counted to that moment, none of the pieces across a full five minutes."""
    begin = stay.counted_until_ms
    while begin < until_ms:
        end = min(begin - begin % MARK_MS + MARK_MS, until_ms)
        seconds = (end - stay.since_ms) // 1000 - (begin - stay.since_ms) // 1000
        if seconds:
            yield from _piece(stay, begin, seconds)
        begin = end


def _piece(stay: VoiceStay, at_ms: int, seconds: int) -> Iterator[Event]:
    guild_id, user_id, channel_id = stay.guild_id, stay.user_id, stay.channel_id
    kinds = (
        (EventKind.VOICE, True),
        (EventKind.VOICE_MUTED, stay.muted),
        (EventKind.VOICE_STREAM, stay.streaming),
        (EventKind.VOICE_VIDEO, stay.video),
    )
    for kind, holds in kinds:
        if holds:
            yield Event(guild_id, kind.value, at_ms, channel_id, 0, user_id, False, seconds, None, 0, 0)


def _state_of(stay: VoiceStay) -> VoiceState:
    return VoiceState(stay.user_id, stay.channel_id, stay.muted, stay.streaming, stay.video)


log = get_logger(__name__)

AT_ONCE = 5_000


async def load_voice(database: Database, voice: Voice) -> None:
    """Go on with who sat in voice when the last collector ended, once Discord says that they sit there still."""
    async with database.raw() as connection:
        stays, heard_ms = await open_stays(connection)
    voice.load(stays, heard_ms)
    if stays:
        log.info("members sat in voice when counting ended", members=len(stays), guilds=len(heard_ms))


async def store_all_but_impossible(database: Database, voice: Voice) -> int:
    """Store what changed; how many events that were. When this raises, `voice` has back what is not stored."""
    changes, stored = voice.take(), 0
    while changes:
        batch, rest = changes[:AT_ONCE], changes[AT_ONCE:]
        try:
            stored += await _store(database, batch)
        except BaseException:
            voice.give_back(changes)
            raise
        changes = rest
    return stored


async def _store(database: Database, changes: Sequence[VoiceChange]) -> int:
    try:
        async with database.raw() as connection:
            return await store_voice(connection, changes)
    except UNSTORABLE as error:
        if len(changes) == 1:
            log.error("time in voice is skipped, it cannot be stored", error=str(error)[:200])  # noqa: TRY400 - one line says it
            return 0
    middle = len(changes) // 2
    return await _store(database, changes[:middle]) + await _store(database, changes[middle:])
