"""The overview's one sentence: how much happened, how that compares, and what is behind it."""

from datetime import datetime

from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.measures import Sum, measure_of
from herwa_shared.analytics.series import Ranked, Series
from herwa_shared.charts.spans import before, during
from herwa_shared.charts.theme import exact
from herwa_shared.charts.timeline import happened
from herwa_shared.charts.wording import STEADY, compared, wording
from herwa_shared.charts.words import change


def headline(
    series: Series,
    compare: Series | None = None,
    *,
    now: datetime | None = None,
    kpi: Kpi | None = None,
    behind: Ranked | None = None,
) -> str:
    """One sentence.

    For example: 1,204 people talked in the last 7 days, 8% more than in the 7 days before; most of the rise is #events.
    `kpi` is the same metric at a glance and knows the change better, for people of a running window above all; `behind`
    is the channel that makes up most of it. What was not counted is said, and no change claimed over it.
    """
    begun = happened(series, now)
    counted = [point for point in begun if point.value is not None]
    when = during(series, now)
    if not counted:
        return f"Nothing was counted {when}."
    words = wording(series.metric)
    if series.total == 0:
        said = f"{words.nobody_did} {when}"
    else:
        said = f"{exact(series.total)} {words.one_did if series.total == 1 else words.many_did} {when}"
    grown = kpi.change if kpi else change(series, compare, now=now)
    if compare is not None and grown is not None:
        return f"{said}, {compared(grown, before(series, compare, now))}{_behind(grown, behind)}."
    if len(counted) < len(begun) and measure_of(series.metric).sum is not Sum.NEWEST:
        return f"{said}; {_uncounted(len(begun) - len(counted), len(begun), series)}."
    return f"{said}."


def _behind(grown: float, channel: Ranked | None) -> str:
    if channel is None or channel.name is None or abs(grown) < STEADY:
        return ""
    return f"; most of the {'rise' if grown > 0 else 'drop'} is #{channel.name}"


def _uncounted(missing: int, all_: int, series: Series) -> str:
    return f"{exact(missing)} of {exact(all_)} {series.interval}s {'was' if missing == 1 else 'were'} not counted"
