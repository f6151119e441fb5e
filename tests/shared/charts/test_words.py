"""The three findings and the text that stands for a picture."""

from datetime import timedelta

from hypothesis import given

from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.charts.text.insights import ALT_LIMIT, alt_text, findings
from tests.shared.charts.made import MAY_3, any_series, patient, series

DAY = timedelta(days=1)
WEEK = [100, 110, 120, 130, 140, 300, 90]


def test_a_total_is_told_with_its_change():
    first = findings(series(WEEK), compare=series([110] * 7, start=MAY_3 - 7 * DAY))[0]

    assert first == "990 messages in 7 days, 29% more than in the period before."


def test_a_total_alone_is_told_with_its_average():
    assert findings(series(WEEK))[0] == "990 messages in 7 days, on average 141 a day."


def test_an_uncounted_day_is_told_and_no_change_is_claimed():
    first = findings(series([100, None, 120]), compare=series([50, 50, 50]))[0]

    assert first == "220 messages in 2 days; 1 day was not counted."


def test_growth_from_nothing_has_no_percentage():
    assert (
        findings(series([4, 5]), compare=series([0, 0]))[0] == "9 messages in 2 days, after none in the period before."
    )


def test_the_busiest_day_is_named_with_its_weekday_and_how_unusual_it_was():
    assert findings(series(WEEK))[1] == "The busiest day was Saturday, May 8, with 300 messages, 2.6 times the usual."


def test_a_rhythm_of_weekdays_is_found_and_one_wild_day_is_not_a_rhythm():
    assert findings(series(WEEK * 4))[2] == "Saturdays are the liveliest, typically 300; Sundays the quietest, with 90."
    assert "liveliest" not in findings(series([12] * 20 + [48_211] + [12] * 21))[2]


def test_lively_hours_are_found_in_the_time_of_the_zone():
    evening = [50 if 9 <= hour < 12 else 1 for hour in range(24)] * 3

    third = findings(series(evening, interval=Interval.HOUR, zone="Asia/Tokyo"))[2]
    assert third == "The liveliest hours are 18:00 to 21:00, with 88% of the day."


def test_silent_days_are_counted_without_the_running_one():
    assert findings(series([3, 0, 2, 0, 1, 0]), now=MAY_3 + 5.5 * DAY)[2] == "2 of 5 days were silent."


def test_a_trend_is_told_where_there_is_no_rhythm():
    assert findings(series([10, 10, 10, 20, 20, 20]))[2] == "Rising: 100% more in the second half than in the first."
    assert findings(series([10, 11, 10, 11]))[2].startswith("Steady")


def test_nothing_counted_is_a_gap_and_not_silence():
    assert "gap, not silence" in findings(series([None, None]))[1]
    assert findings(series([0, 0]))[0] == "No messages in 2 days."


def test_one_message_is_one_message():
    assert findings(series([1]))[0] == "1 message in 1 day."
    assert findings(series([1], metric=Metric.ACTIVE_MEMBERS))[0] == "1 active member in 1 day."


def test_the_picture_is_told_to_those_who_do_not_see_it():
    told = alt_text(series(WEEK))

    assert told.startswith("Line chart: messages per day, May 3 \u2013 May 9, 2021 (UTC). 990 messages in 7 days")
    assert "300" in told


@patient
@given(any_series(), any_series())
def test_there_are_exactly_three_findings_whatever_the_series(drawn, other):
    for now in (None, drawn.start + (drawn.end - drawn.start) / 2):
        sentences = findings(drawn, compare=other, now=now)

        assert len(sentences) == 3
        assert all(
            sentence.endswith(".") and "nan" not in sentence and "None" not in sentence for sentence in sentences
        )
        assert len(alt_text(drawn, compare=other, now=now)) <= ALT_LIMIT
