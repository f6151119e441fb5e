"""Time in voice: what is handed on to be stored is what a naive clock counts, second by second."""

import random
from collections import Counter

import pytest

from herwa_bot.collector.parsing.members import VoiceState
from herwa_bot.collector.voice_tracker import MARK_MS, SHORT_GAP_MS, Voice
from herwa_shared.pipeline.events import EventKind

GUILD, CAFE, STAGE, AFK = 7, 100, 200, 300
HOUR = 3_600_000
NOON = 1_800_000_000_000 // HOUR * HOUR


def sits(user: int, channel: int = CAFE, *, muted: bool = False, stream: bool = False, video: bool = False):
    return VoiceState(user, channel, muted, stream, video)


class Told:
    """A Voice and all that it handed on."""

    def __init__(self) -> None:
        self.voice = Voice()
        self.events = []
        self.stays = {}

    def take(self) -> None:
        for change in self.voice.take():
            self.events += change.events
            self.stays[change.stay.user_id] = change.stay

    def seconds(self, kind: EventKind = EventKind.VOICE) -> Counter:
        self.take()
        counted = Counter()
        for event in self.events:
            if event.kind == kind:
                counted[event.user_id, event.channel_id] += event.value
        return counted


@pytest.fixture
def told() -> Told:
    told = Told()
    told.voice.guild_described(GUILD, [], afk_channel_id=AFK, now_ms=NOON)
    return told


def test_who_comes_and_goes_has_sat_there_for_that_long(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON + 500)
    assert told.voice.present(GUILD) == 1
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 90_600)
    assert told.seconds() == {(1, CAFE): 90}
    assert told.voice.present(GUILD) == 0
    assert not told.stays[1].open


def test_a_move_ends_one_channel_and_begins_the_next(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.hear(GUILD, sits(1, STAGE), now_ms=NOON + 10_000)
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 25_000)
    assert told.seconds() == {(1, CAFE): 10, (1, STAGE): 15}


def test_the_muted_streamed_and_filmed_parts_are_counted_beside_the_whole(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.hear(GUILD, sits(1, muted=True), now_ms=NOON + 10_000)
    told.voice.hear(GUILD, sits(1, stream=True, video=True), now_ms=NOON + 30_000)
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 60_000)
    assert told.seconds() == {(1, CAFE): 60}
    assert told.seconds(EventKind.VOICE_MUTED) == {(1, CAFE): 20}
    assert told.seconds(EventKind.VOICE_STREAM) == {(1, CAFE): 30}
    assert told.seconds(EventKind.VOICE_VIDEO) == {(1, CAFE): 30}


def test_no_piece_lies_across_five_minutes_of_the_clock(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON + 59 * 60_000 + 900)
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + HOUR + 17 * 60_000)
    told.take()
    assert [(event.at_ms - NOON) // 60_000 for event in told.events] == [59, 60, 65, 70, 75]
    assert sum(event.value for event in told.events) == 18 * 60 - 1
    assert all(event.at_ms % MARK_MS + event.value * 1000 <= MARK_MS + 999 for event in told.events)


def test_a_long_evening_in_many_small_changes_has_no_drift(told):
    at = NOON + 123
    for number in range(2000):
        told.voice.hear(GUILD, sits(1, muted=bool(number % 2)), now_ms=at)
        at += 1_700
    told.voice.hear(GUILD, sits(1, 0), now_ms=at)
    assert told.seconds() == {(1, CAFE): 3400}


def test_the_afk_channel_is_no_company(told):
    told.voice.hear(GUILD, sits(1, AFK), now_ms=NOON)
    told.voice.hear(GUILD, sits(2), now_ms=NOON)
    told.voice.hear(GUILD, sits(2, AFK), now_ms=NOON + 8_000)
    told.voice.hear(GUILD, sits(2, 0), now_ms=NOON + 60_000)
    assert told.seconds() == {(2, CAFE): 8}
    told.voice.hear(GUILD, sits(3), now_ms=NOON)
    told.voice.afk_channel(GUILD, CAFE, now_ms=NOON + 4_000)
    told.voice.mark(GUILD, NOON + MARK_MS)
    assert told.seconds()[3, CAFE] == 4


def test_whoever_is_found_again_after_a_short_silence_has_stayed(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.silence(lambda _: True, now_ms=NOON + 10_000)
    told.voice.mark(GUILD, NOON + MARK_MS)
    assert told.seconds() == {}, "while nobody listens nothing is counted"
    told.voice.guild_described(GUILD, [sits(1)], afk_channel_id=AFK, now_ms=NOON + 10_000 + SHORT_GAP_MS)
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 200_000)
    assert told.seconds() == {(1, CAFE): 200}


@pytest.mark.parametrize(
    ("found", "seconds"),
    [
        ([sits(1)], {(1, CAFE): 10 + 5}),
        ([sits(1, STAGE)], {(1, CAFE): 10, (1, STAGE): 5}),
        ([sits(2)], {(1, CAFE): 10, (2, CAFE): 5}),
        ([sits(1, AFK)], {(1, CAFE): 10}),
    ],
)
def test_after_a_long_silence_only_what_was_heard_counts(told, found, seconds):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.silence(lambda _: True, now_ms=NOON + 10_000)
    again = NOON + 10_000 + SHORT_GAP_MS + 1
    told.voice.guild_described(GUILD, found, afk_channel_id=AFK, now_ms=again)
    told.voice.guild_left(GUILD, now_ms=again + 5_000)
    assert told.seconds() == seconds


def test_nobody_is_taken_to_have_stayed_who_is_not_found_again(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.silence(lambda _: True, now_ms=NOON + 10_000)
    told.voice.guild_described(GUILD, [], afk_channel_id=AFK, now_ms=NOON + 20_000)
    assert told.seconds() == {(1, CAFE): 10}


def test_a_resumed_session_has_missed_nothing(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.silence(lambda _: True, now_ms=NOON + 10_000)
    told.voice.hear(GUILD, sits(1, muted=True), now_ms=NOON + 20_000)
    told.voice.resume(lambda _: True)
    told.voice.mark(GUILD, NOON + MARK_MS)
    assert told.seconds() == {(1, CAFE): 300}
    assert told.seconds(EventKind.VOICE_MUTED) == {(1, CAFE): 280}


def test_thrown_out_of_the_server_while_it_was_not_heard(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.silence(GUILD.__eq__, now_ms=NOON + 3_000)
    told.voice.guild_left(GUILD, now_ms=NOON + 50_000)
    assert told.seconds() == {(1, CAFE): 3}


def test_a_clock_that_is_set_back_counts_nothing_twice(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON + 60_000)
    told.voice.hear(GUILD, sits(1, STAGE), now_ms=NOON + 90_000)
    told.voice.hear(GUILD, sits(1), now_ms=NOON + 70_000)
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 100_000)
    assert sum(told.seconds().values()) == 40


def test_what_could_not_be_stored_is_handed_on_again_with_what_came_later(told):
    told.voice.hear(GUILD, sits(1), now_ms=NOON)
    told.voice.hear(GUILD, sits(1, STAGE), now_ms=NOON + 5_000)
    lost = told.voice.take()
    told.voice.hear(GUILD, sits(1, 0), now_ms=NOON + 9_000)
    told.voice.give_back(lost)
    assert told.seconds() == {(1, CAFE): 5, (1, STAGE): 4}
    assert not told.stays[1].open


class Naive:
    """Walks through every second of everybody's stay and books it for the state in which it ended."""

    def __init__(self) -> None:
        self.now = {}
        self.since = {}
        self.until = {}
        self.booked = Counter()

    def book(self, user: int, until: int) -> None:
        state = self.now[user]
        tick = self.since[user] + ((self.until[user] - self.since[user]) // 1000 + 1) * 1000
        while tick <= until:
            kinds = [(EventKind.VOICE, True), (EventKind.VOICE_MUTED, state.muted)]
            kinds += [(EventKind.VOICE_STREAM, state.streaming), (EventKind.VOICE_VIDEO, state.video)]
            for kind, holds in kinds:
                self.booked[user, state.channel_id, kind.value, (tick - 1) // HOUR] += holds
            tick += 1000
        self.until[user] = until

    def hear(self, state: VoiceState, now: int) -> None:
        user = state.user_id
        if user in self.now:
            self.book(user, now)
        if not state.channel_id or state.channel_id == AFK:
            self.now.pop(user, None)
            return
        if user not in self.now:
            self.since[user] = self.until[user] = now
        self.now[user] = state

    def found(self, states: list[VoiceState], heard: int, now: int) -> None:
        there = {state.user_id: state for state in states}
        for user, state in list(self.now.items()):
            same = user in there and there[user].channel_id == state.channel_id
            if not same or now - heard > SHORT_GAP_MS:
                self.book(user, max(heard, self.until[user]))
                del self.now[user]
        for state in states:
            self.hear(state, now)


class Evening:
    """What happens in voice, heard by a collector and by a naive clock."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.told, self.naive = Told(), Naive()
        self.now = NOON + self.chance.randrange(HOUR)
        self.where = {}
        self.stored = {}
        self.told.voice.guild_described(GUILD, [], afk_channel_id=AFK, now_ms=self.now)

    def time_passes(self) -> None:
        before, self.now = self.now, self.now + self.chance.choice((40, 999, 1000, 7_321, 61_007, 400_123))
        for mark in range((before // MARK_MS + 1) * MARK_MS, self.now + 1, MARK_MS):
            self.told.voice.mark(GUILD, mark)

    def somebody_moves(self) -> VoiceState:
        user, channel = self.chance.randrange(6), self.chance.choice((0, CAFE, CAFE, STAGE, STAGE, AFK))
        state = sits(user, channel, muted=self.chance.random() < 0.4, stream=self.chance.random() < 0.2)
        self.where[user] = state
        return state

    def somebody_is_heard(self) -> None:
        state = self.somebody_moves()
        self.told.voice.hear(GUILD, state, now_ms=self.now)
        self.naive.hear(state, self.now)

    def storing_fails(self) -> None:
        self.told.voice.give_back(self.told.voice.take())

    def session_is_lost(self) -> None:
        self.told.take()
        self.stored.update(self.told.stays)
        self.told.voice.silence(lambda _: True, now_ms=self.now)
        heard, self.now = self.now, self.now + self.chance.choice((2_000, SHORT_GAP_MS, SHORT_GAP_MS + 1, HOUR))
        self.somebody_moves()
        states = [state for state in self.where.values() if state.channel_id not in (0, AFK)]
        self.told.voice.guild_described(GUILD, states, afk_channel_id=AFK, now_ms=self.now)
        self.naive.found(states, heard, self.now)

    def collector_is_killed(self) -> None:
        """The next one knows what is stored, and until when its predecessor listened."""
        self.told.take()
        self.stored.update(self.told.stays)
        self.told.voice = Voice()
        self.told.voice.load([stay for stay in self.stored.values() if stay.open], {GUILD: self.now})
        self.session_is_lost()

    def ends(self) -> None:
        self.told.voice.guild_left(GUILD, now_ms=self.now)
        for user in list(self.naive.now):
            self.naive.hear(sits(user, 0), self.now)
        self.told.take()


@pytest.mark.parametrize("seed", range(15))
def test_any_evening_is_counted_as_a_naive_clock_does(seed):
    """Seeded: people come, move, mute and go; storing fails; sessions are lost; collectors restart."""
    evening = Evening(seed)
    what = (evening.somebody_is_heard, evening.storing_fails, evening.session_is_lost, evening.collector_is_killed)
    for _ in range(250):
        evening.time_passes()
        evening.chance.choices(what, weights=(85, 7, 4, 4))[0]()
    evening.ends()
    counted = Counter()
    for event in evening.told.events:
        counted[event.user_id, event.channel_id, event.kind, event.at_ms // HOUR] += event.value
    assert counted == +evening.naive.booked
