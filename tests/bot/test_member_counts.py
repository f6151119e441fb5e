"""Counts of members and of members online are stored when they change, and once after each break in the coverage."""

from datetime import UTC, datetime

from herwa_bot.collector.gateway_sessions import NEVER_MS
from herwa_bot.collector.member_counts import MIN_SAMPLE_INTERVAL_MS, MemberCounts

GUILD = 5 << 22
MINUTE_MS = 60_000
START_MS = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)


class CountedGuild:
    """A guild whose counts are polled; times are minutes since it was first polled."""

    def __init__(self, *, joined_at_minute: float = -60) -> None:
        self.counts = MemberCounts()
        joined_at = datetime.fromtimestamp(START_MS / 1000 + joined_at_minute * 60, UTC)
        self.counts.set_member_count(GUILD, 0, joined_at=joined_at)

    def poll(self, minute: float, members: int, online: int, *, covered_since: float | None = 0) -> list[tuple]:
        """Return the kind, the number and the minute of each sample that is stored."""
        events = self.counts.update(
            GUILD,
            member_count=members,
            online_count=online,
            now_ms=START_MS + round(minute * MINUTE_MS),
            covered_since_ms=NEVER_MS if covered_since is None else START_MS + round(covered_since * MINUTE_MS),
        )
        return [(event.kind, event.value, (event.at_ms - START_MS) / MINUTE_MS) for event in events]


def test_first_counts_are_stored_and_then_only_changed_ones():
    guild = CountedGuild()

    assert guild.poll(0, 40, 9) == [("member_count", 40, 0), ("online_count", 9, 0)]
    assert guild.poll(6, 40, 9) == []
    assert guild.poll(12, 40, 10) == [("online_count", 10, 12)]
    assert guild.poll(18, 41, 10) == [("member_count", 41, 18)]
    assert guild.poll(7 * 24 * 60, 41, 10) == []


def test_changes_within_five_minutes_are_stored_once_with_the_newest_count():
    guild = CountedGuild()
    guild.poll(0, 40, 9)
    minutes = [1, 2, 3, 4, MIN_SAMPLE_INTERVAL_MS / MINUTE_MS, 6, 9.9, 10]

    stored = [guild.poll(minute, 40 + number, 9) for number, minute in enumerate(minutes, 1)]

    assert stored == [[], [], [], [], [("member_count", 45, 5)], [], [], [("member_count", 48, 10)]]


def test_count_that_returns_to_the_stored_one_is_no_change():
    guild = CountedGuild()
    guild.poll(0, 40, 9)
    guild.poll(2, 41, 9)

    assert guild.poll(6, 40, 9) == []


def test_equal_counts_are_stored_again_after_a_break_in_the_coverage():
    guild = CountedGuild()
    guild.poll(0, 40, 9)
    assert guild.poll(1, 40, 9, covered_since=2) == []
    assert guild.poll(1.5, 40, 9, covered_since=None) == []

    assert guild.poll(2, 40, 9, covered_since=2) == [("member_count", 40, 2), ("online_count", 9, 2)]
    assert guild.poll(3, 40, 9, covered_since=2) == []


def test_nothing_is_stored_while_the_guild_is_not_covered_but_live_counts_follow():
    guild = CountedGuild()

    assert guild.poll(0, 40, 9, covered_since=None) == []
    assert (guild.counts.members[GUILD], guild.counts.online[GUILD]) == (40, 9)


def test_sample_is_never_older_than_the_bots_joining_by_discords_clock():
    guild = CountedGuild(joined_at_minute=0.05)

    assert guild.poll(0, 40, 9) == [("member_count", 40, 0.05), ("online_count", 9, 0.05)]


def test_guild_that_was_removed_and_added_again_begins_with_samples():
    guild = CountedGuild()
    guild.poll(0, 40, 9)
    guild.counts.remove_guild(GUILD)
    assert guild.poll(1, 40, 9) == []
    guild.counts.set_member_count(GUILD, 40, joined_at=datetime.fromtimestamp(START_MS / 1000 + 60, UTC))

    assert guild.poll(1, 40, 9) == [("member_count", 40, 1), ("online_count", 9, 1)]
