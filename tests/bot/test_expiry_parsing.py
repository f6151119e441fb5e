"""Parsing of the expiry that people type, and the suggestions for it."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_bot.access.expiry_parsing import list_expiry_choices, parse_expiry
from herwa_bot.texts import errors as texts
from herwa_shared.errors import BadRequest

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # half past midnight of the 2nd in Berlin


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("1w", timedelta(weeks=1)),
        (" 1 Day 12 hours ", timedelta(hours=36)),
        ("in 45 minutes", timedelta(minutes=45)),
        ("1d12h", timedelta(hours=36)),
    ],
)
def test_duration_counts_from_now(text, length):
    assert parse_expiry(text, zone=BERLIN, now=NOW) == NOW + length


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-24", datetime(2026, 12, 23, 23, 0, tzinfo=UTC)),
        ("2026-12-24 18:00", datetime(2026, 12, 24, 17, 0, tzinfo=UTC)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 17, 0, tzinfo=UTC)),
        ("2026-7-4 at 9:05", datetime(2026, 7, 4, 7, 5, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 7, 2, 22, 0, tzinfo=UTC)),
        ("Tomorrow 08:00", datetime(2026, 7, 3, 6, 0, tzinfo=UTC)),
    ],
)
def test_date_is_parsed_in_the_server_timezone(text, moment):
    expiry = parse_expiry(text, zone=BERLIN, now=NOW)
    assert expiry == moment
    assert expiry.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2", "h", "2x", "2026-13-01", "2026-02-30", "2026-12-24 25:00", "2026-12-2418:00", "12:00", "-2h"],
)
def test_unknown_text_is_refused_with_examples(text):
    with pytest.raises(BadRequest, match=re.escape(texts.EXPIRY_UNREADABLE)):
        parse_expiry(text, zone=BERLIN, now=NOW)


@pytest.mark.parametrize("text", ["0m", "2026-07-02", "2026-07-02 00:30", "1999-01-01"])
def test_past_time_is_refused(text):
    with pytest.raises(BadRequest, match=re.escape(texts.format_expiry_passed("").strip())):
        parse_expiry(text, zone=BERLIN, now=NOW)


@pytest.mark.parametrize("text", ["999999w", "300w", "9999-12-31", "9999-12-31 23:59"])
def test_expiry_beyond_five_years_is_refused_with_the_fix(text):
    with pytest.raises(BadRequest, match=texts.EXPIRY_TOO_LATE):
        parse_expiry(text, zone=BERLIN, now=NOW)


def test_empty_input_offers_common_durations():
    choices = list_expiry_choices("", zone=BERLIN, now=NOW)
    assert [choice.value for choice in choices] == ["1h", "24h", "7d", "30d"]
    assert choices[0].name == texts.format_expiry_choice("Thu, Jul 2, 2026, 01:30", "1 hour")


def test_typed_date_is_offered_with_its_meaning():
    [choice] = list_expiry_choices("2026-12-24", zone=BERLIN, now=NOW)
    assert (choice.name, choice.value) == (texts.format_expiry_choice("Thu, Dec 24, 2026, 00:00"), "2026-12-24")


def test_incomplete_input_offers_matching_durations():
    assert [choice.value for choice in list_expiry_choices("2", zone=BERLIN, now=NOW)] == ["24h"]
    assert list_expiry_choices("nonsense", zone=BERLIN, now=NOW) == ()


def test_text_longer_than_a_discord_choice_is_not_offered():
    assert list_expiry_choices("1m " * 40, zone=BERLIN, now=NOW) == ()
    assert parse_expiry("1m " * 40, zone=BERLIN, now=NOW) == NOW + timedelta(minutes=40)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31 23:59", "999999w 999999w", "9999w"])
def test_extreme_expiry_is_refused_in_every_timezone(text):
    for zone in (BERLIN, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Los_Angeles")):
        with pytest.raises(BadRequest, match=texts.EXPIRY_TOO_LATE):
            parse_expiry(text, zone=zone, now=NOW)


def test_hour_skipped_by_dst_is_the_moment_of_the_change():
    expiry = parse_expiry("2027-03-28 02:30", zone=BERLIN, now=NOW)
    assert expiry == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    [choice] = list_expiry_choices("2027-03-28 02:30", zone=BERLIN, now=NOW)
    assert choice.name == texts.format_expiry_choice("Sun, Mar 28, 2027, 03:30")


def test_hour_repeated_by_dst_is_the_first_occurrence():
    assert parse_expiry("2026-10-25 02:30", zone=BERLIN, now=NOW) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
