"""The history of a tier: it begins at a local midnight, and no window may begin earlier."""

from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.history_limit import HistoryLimit, HistoryLimitReached
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.catalog import Limit
from herwa_shared.guardrail.policy import Entitlement
from tests.support.row_factories import make_utc

NOW = make_utc(2026, 11, 29, 20)
UTC, TOKYO, NEW_YORK = (ZoneInfo(name) for name in ("UTC", "Asia/Tokyo", "America/New_York"))


def build_query(start: str, zone: ZoneInfo = UTC) -> ActivityQuery:
    return ActivityQuery.parse(start, "2026-11-29", guild_id=1, zone=zone, now=NOW)


@pytest.mark.parametrize(
    ("days", "zone", "start"),
    [
        (90, UTC, make_utc(2026, 8, 31)),
        (90, TOKYO, make_utc(2026, 8, 31, 15)),  # there it is Nov 30 already
        (30, NEW_YORK, make_utc(2026, 10, 30, 4)),  # before the clocks were set back
        (0, UTC, make_utc(2026, 11, 29)),
        (None, UTC, None),
        (1_000_000, UTC, None),
    ],
)
def test_history_begins_at_a_local_midnight(days, zone, start):
    assert HistoryLimit(days).get_start(zone, NOW) == start


def test_window_that_begins_earlier_is_refused_with_the_date():
    limit = HistoryLimit(90)
    limit.require(build_query("2026-08-31"), None, now=NOW)
    with pytest.raises(HistoryLimitReached, match="2026-08-31") as raised:
        limit.require(build_query("2026-09-10"), build_query("2026-08-30T23:59:59"), now=NOW)
    assert (raised.value.status, raised.value.start.isoformat()) == (403, "2026-08-31")
    assert "2026-08-31" in raised.value.hint
    HistoryLimit(None).require(build_query("2015-01-01"), now=NOW)


def test_result_may_be_shown_until_the_history_moves():
    assert HistoryLimit(90).limit_validity(None, TOKYO, NOW) == make_utc(2026, 11, 30, 15)
    earlier = make_utc(2026, 11, 29, 20, 1)
    assert HistoryLimit(90).limit_validity(earlier, TOKYO, NOW) == earlier
    assert HistoryLimit(None).limit_validity(None, TOKYO, NOW) is None


def test_limit_is_that_of_the_entitlement_and_closed_without_one():
    for limits, days in (({Limit.HISTORY_DAYS: 7}, 7), ({Limit.HISTORY_DAYS: None}, None), ({}, 0)):
        assert HistoryLimit.from_entitlement(Entitlement("x", frozenset(), limits, None)).days == days
