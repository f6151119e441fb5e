"""The voice tracker returns exactly the seconds that a naive reference clock counts."""

import random
from collections import Counter

import pytest

from herwa_bot.collector.parsing.members import MemberVoiceState
from herwa_bot.collector.voice_tracker import MAX_SHORT_GAP_MS, VoiceTracker
from herwa_shared.pipeline.events import EventKind
from herwa_shared.pipeline.voice_sessions import ACCRUAL_INTERVAL_MS

GUILD, CAFE_CHANNEL, STAGE_CHANNEL, AFK_CHANNEL = 7, 100, 200, 300
HOUR_MS = 3_600_000
NOON_MS = 1_800_000_000_000 // HOUR_MS * HOUR_MS


def create_voice_state(
    user: int, channel: int = CAFE_CHANNEL, *, muted: bool = False, stream: bool = False, video: bool = False
):
    return MemberVoiceState(user, channel, muted, stream, video)


class RecordedTracker:
    """A VoiceTracker and everything that its `take()` has returned."""

    def __init__(self) -> None:
        self.tracker = VoiceTracker()
        self.events = []
        self.sessions = {}

    def take(self) -> None:
        for change in self.tracker.take():
            self.events += change.events
            self.sessions[change.voice_session.user_id] = change.voice_session

    def count_seconds(self, kind: EventKind = EventKind.VOICE) -> Counter:
        """Count the recorded seconds of this kind by user and channel."""
        self.take()
        counted = Counter()
        for event in self.events:
            if event.kind == kind:
                counted[event.user_id, event.channel_id] += event.value
        return counted


@pytest.fixture
def recorded() -> RecordedTracker:
    """A tracker that is synchronized with an empty guild at NOON_MS."""
    recorded_tracker = RecordedTracker()
    recorded_tracker.tracker.sync_guild(GUILD, [], afk_channel_id=AFK_CHANNEL, now_ms=NOON_MS)
    return recorded_tracker


def test_session_counts_the_seconds_between_join_and_leave(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS + 500)
    assert recorded.tracker.count_members(GUILD) == 1
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 90_600)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 90}
    assert recorded.tracker.count_members(GUILD) == 0
    assert not recorded.sessions[1].open


def test_move_splits_the_seconds_between_channels(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, create_voice_state(1, STAGE_CHANNEL), now_ms=NOON_MS + 10_000)
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 25_000)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 10, (1, STAGE_CHANNEL): 15}


def test_muted_streaming_and_video_seconds_are_counted_separately(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, create_voice_state(1, muted=True), now_ms=NOON_MS + 10_000)
    recorded.tracker.update(GUILD, create_voice_state(1, stream=True, video=True), now_ms=NOON_MS + 30_000)
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 60_000)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 60}
    assert recorded.count_seconds(EventKind.VOICE_MUTED) == {(1, CAFE_CHANNEL): 20}
    assert recorded.count_seconds(EventKind.VOICE_STREAM) == {(1, CAFE_CHANNEL): 30}
    assert recorded.count_seconds(EventKind.VOICE_VIDEO) == {(1, CAFE_CHANNEL): 30}


def test_no_event_crosses_an_accrual_interval(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS + 59 * 60_000 + 900)
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + HOUR_MS + 17 * 60_000)
    recorded.take()
    assert [(event.at_ms - NOON_MS) // 60_000 for event in recorded.events] == [59, 60, 65, 70, 75]
    assert sum(event.value for event in recorded.events) == 18 * 60 - 1
    assert all(
        event.at_ms % ACCRUAL_INTERVAL_MS + event.value * 1000 <= ACCRUAL_INTERVAL_MS + 999 for event in recorded.events
    )


def test_many_small_changes_cause_no_drift(recorded):
    now_ms = NOON_MS + 123
    for number in range(2000):
        recorded.tracker.update(GUILD, create_voice_state(1, muted=bool(number % 2)), now_ms=now_ms)
        now_ms += 1_700
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=now_ms)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 3400}


def test_afk_channel_is_counted_apart(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1, AFK_CHANNEL), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, create_voice_state(2), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, create_voice_state(2, AFK_CHANNEL), now_ms=NOON_MS + 8_000)
    recorded.tracker.update(GUILD, create_voice_state(2, 0), now_ms=NOON_MS + 60_000)
    assert recorded.tracker.count_members(GUILD) == 0
    assert recorded.count_seconds() == {(2, CAFE_CHANNEL): 8}
    assert recorded.count_seconds(EventKind.VOICE_AFK) == {(2, AFK_CHANNEL): 52}
    recorded.tracker.update(GUILD, create_voice_state(3, muted=True, stream=True), now_ms=NOON_MS)
    recorded.tracker.set_afk_channel(GUILD, CAFE_CHANNEL, now_ms=NOON_MS + 4_000)
    recorded.tracker.accrue(GUILD, NOON_MS + ACCRUAL_INTERVAL_MS)
    for kind in (EventKind.VOICE, EventKind.VOICE_MUTED, EventKind.VOICE_STREAM):
        assert recorded.count_seconds(kind)[3, CAFE_CHANNEL] == 4
    assert recorded.count_seconds(EventKind.VOICE_AFK) == {
        (1, AFK_CHANNEL): 4,
        (2, AFK_CHANNEL): 52,
        (3, CAFE_CHANNEL): 296,
    }
    assert recorded.count_seconds()[1, AFK_CHANNEL] == 296


def test_afk_session_of_a_killed_collector_is_counted_until_it_was_last_seen(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1, AFK_CHANNEL), now_ms=NOON_MS)
    recorded.take()
    successor = VoiceTracker()
    successor.add_open_sessions(recorded.sessions.values(), {GUILD: NOON_MS + 9_000})
    successor.sync_guild(GUILD, [], afk_channel_id=0, now_ms=NOON_MS + 60_000)
    [change] = successor.take()
    assert [(event.kind, event.value) for event in change.events] == [("voice_afk", 9)]


def test_audience_of_a_stage_is_a_part_of_the_time_in_voice(recorded):
    state = create_voice_state(1, STAGE_CHANNEL)
    recorded.tracker.update(GUILD, state._replace(audience=True), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, state, now_ms=NOON_MS + 30_000)
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 50_000)
    assert recorded.count_seconds() == {(1, STAGE_CHANNEL): 50}
    assert recorded.count_seconds(EventKind.VOICE_AUDIENCE) == {(1, STAGE_CHANNEL): 30}


def test_short_gap_does_not_interrupt_a_session(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.pause(lambda _: True, now_ms=NOON_MS + 10_000)
    recorded.tracker.accrue(GUILD, NOON_MS + ACCRUAL_INTERVAL_MS)
    assert recorded.count_seconds() == {}, "nothing is counted during a gap"
    recorded.tracker.sync_guild(
        GUILD, [create_voice_state(1)], afk_channel_id=AFK_CHANNEL, now_ms=NOON_MS + 10_000 + MAX_SHORT_GAP_MS
    )
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 200_000)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 200}


@pytest.mark.parametrize(
    ("states", "seconds"),
    [
        ([create_voice_state(1)], {(1, CAFE_CHANNEL): 10 + 5}),
        ([create_voice_state(1, STAGE_CHANNEL)], {(1, CAFE_CHANNEL): 10, (1, STAGE_CHANNEL): 5}),
        ([create_voice_state(2)], {(1, CAFE_CHANNEL): 10, (2, CAFE_CHANNEL): 5}),
        ([create_voice_state(1, AFK_CHANNEL)], {(1, CAFE_CHANNEL): 10}),
    ],
)
def test_long_gap_is_not_counted(recorded, states, seconds):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.pause(lambda _: True, now_ms=NOON_MS + 10_000)
    resumed_at = NOON_MS + 10_000 + MAX_SHORT_GAP_MS + 1
    recorded.tracker.sync_guild(GUILD, states, afk_channel_id=AFK_CHANNEL, now_ms=resumed_at)
    recorded.tracker.remove_guild(GUILD, now_ms=resumed_at + 5_000)
    assert recorded.count_seconds() == seconds


def test_member_missing_after_a_gap_has_left(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.pause(lambda _: True, now_ms=NOON_MS + 10_000)
    recorded.tracker.sync_guild(GUILD, [], afk_channel_id=AFK_CHANNEL, now_ms=NOON_MS + 20_000)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 10}


def test_resumed_gateway_session_counts_the_gap(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.pause(lambda _: True, now_ms=NOON_MS + 10_000)
    recorded.tracker.update(GUILD, create_voice_state(1, muted=True), now_ms=NOON_MS + 20_000)
    recorded.tracker.resume(lambda _: True)
    recorded.tracker.accrue(GUILD, NOON_MS + ACCRUAL_INTERVAL_MS)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 300}
    assert recorded.count_seconds(EventKind.VOICE_MUTED) == {(1, CAFE_CHANNEL): 280}


def test_guild_removal_during_a_gap_counts_until_the_gap(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.pause(GUILD.__eq__, now_ms=NOON_MS + 3_000)
    recorded.tracker.remove_guild(GUILD, now_ms=NOON_MS + 50_000)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 3}


def test_clock_set_back_counts_no_second_twice(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS + 60_000)
    recorded.tracker.update(GUILD, create_voice_state(1, STAGE_CHANNEL), now_ms=NOON_MS + 90_000)
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS + 70_000)
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 100_000)
    assert sum(recorded.count_seconds().values()) == 40


def test_restored_changes_are_returned_with_later_ones(recorded):
    recorded.tracker.update(GUILD, create_voice_state(1), now_ms=NOON_MS)
    recorded.tracker.update(GUILD, create_voice_state(1, STAGE_CHANNEL), now_ms=NOON_MS + 5_000)
    unsaved_changes = recorded.tracker.take()
    recorded.tracker.update(GUILD, create_voice_state(1, 0), now_ms=NOON_MS + 9_000)
    recorded.tracker.restore(unsaved_changes)
    assert recorded.count_seconds() == {(1, CAFE_CHANNEL): 5, (1, STAGE_CHANNEL): 4}
    assert not recorded.sessions[1].open


class ReferenceVoiceClock:
    """Counts every second of every member for the voice state in which the second ended."""

    def __init__(self) -> None:
        self.states = {}
        self.started_at = {}
        self.counted_until = {}
        self.seconds = Counter()

    def count_until(self, user: int, until: int) -> None:
        state = self.states[user]
        tick = self.started_at[user] + ((self.counted_until[user] - self.started_at[user]) // 1000 + 1) * 1000
        while tick <= until:
            kinds = [(EventKind.VOICE, True), (EventKind.VOICE_MUTED, state.muted)]
            kinds += [(EventKind.VOICE_STREAM, state.streaming), (EventKind.VOICE_VIDEO, state.video)]
            if state.channel_id == AFK_CHANNEL:
                kinds = [(EventKind.VOICE_AFK, True)]
            for kind, applies in kinds:
                self.seconds[user, state.channel_id, kind.value, (tick - 1) // HOUR_MS] += applies
            tick += 1000
        self.counted_until[user] = until

    def update(self, state: MemberVoiceState, now: int) -> None:
        user = state.user_id
        if user in self.states:
            self.count_until(user, now)
        if not state.channel_id:
            self.states.pop(user, None)
            return
        if user not in self.states:
            self.started_at[user] = self.counted_until[user] = now
        self.states[user] = state

    def resync(self, states: list[MemberVoiceState], connected_until: int, now: int) -> None:
        states_by_user = {state.user_id: state for state in states}
        for user, state in list(self.states.items()):
            is_same_channel = user in states_by_user and states_by_user[user].channel_id == state.channel_id
            if not is_same_channel or now - connected_until > MAX_SHORT_GAP_MS:
                self.count_until(user, max(connected_until, self.counted_until[user]))
                del self.states[user]
        for state in states:
            self.update(state, now)


class RandomVoiceHistory:
    """Random voice activity, sent to a VoiceTracker and to the reference clock."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.recorded, self.reference = RecordedTracker(), ReferenceVoiceClock()
        self.now = NOON_MS + self.random.randrange(HOUR_MS)
        self.states = {}
        self.stored = {}
        self.recorded.tracker.sync_guild(GUILD, [], afk_channel_id=AFK_CHANNEL, now_ms=self.now)

    def pass_time(self) -> None:
        before, self.now = self.now, self.now + self.random.choice((40, 999, 1000, 7_321, 61_007, 400_123))
        for mark in range((before // ACCRUAL_INTERVAL_MS + 1) * ACCRUAL_INTERVAL_MS, self.now + 1, ACCRUAL_INTERVAL_MS):
            self.recorded.tracker.accrue(GUILD, mark)

    def move_random_member(self) -> MemberVoiceState:
        user, channel = (
            self.random.randrange(6),
            self.random.choice((0, CAFE_CHANNEL, CAFE_CHANNEL, STAGE_CHANNEL, STAGE_CHANNEL, AFK_CHANNEL)),
        )
        state = create_voice_state(user, channel, muted=self.random.random() < 0.4, stream=self.random.random() < 0.2)
        self.states[user] = state
        return state

    def update_random_member(self) -> None:
        state = self.move_random_member()
        self.recorded.tracker.update(GUILD, state, now_ms=self.now)
        self.reference.update(state, self.now)

    def fail_storing(self) -> None:
        self.recorded.tracker.restore(self.recorded.tracker.take())

    def lose_session(self) -> None:
        self.recorded.take()
        self.stored.update(self.recorded.sessions)
        self.recorded.tracker.pause(lambda _: True, now_ms=self.now)
        connected_until, self.now = (
            self.now,
            self.now + self.random.choice((2_000, MAX_SHORT_GAP_MS, MAX_SHORT_GAP_MS + 1, HOUR_MS)),
        )
        self.move_random_member()
        states = [state for state in self.states.values() if state.channel_id]
        self.recorded.tracker.sync_guild(GUILD, states, afk_channel_id=AFK_CHANNEL, now_ms=self.now)
        self.reference.resync(states, connected_until, self.now)

    def kill_collector(self) -> None:
        """Replace the tracker by a new one that loads the stored open sessions."""
        self.recorded.take()
        self.stored.update(self.recorded.sessions)
        self.recorded.tracker = VoiceTracker()
        self.recorded.tracker.add_open_sessions(
            [session for session in self.stored.values() if session.open], {GUILD: self.now}
        )
        self.lose_session()

    def finish(self) -> None:
        self.recorded.tracker.remove_guild(GUILD, now_ms=self.now)
        for user in list(self.reference.states):
            self.reference.update(create_voice_state(user, 0), self.now)
        self.recorded.take()


@pytest.mark.parametrize("seed", range(15))
def test_tracker_matches_the_reference_clock(seed):
    """Seeded random actions of members, failures to store, lost sessions and restarts."""
    history = RandomVoiceHistory(seed)
    actions = (history.update_random_member, history.fail_storing, history.lose_session, history.kill_collector)
    for _ in range(250):
        history.pass_time()
        history.random.choices(actions, weights=(85, 7, 4, 4))[0]()
    history.finish()
    counted = Counter()
    for event in history.recorded.events:
        counted[event.user_id, event.channel_id, event.kind, event.at_ms // HOUR_MS] += event.value
    assert counted == +history.reference.seconds
