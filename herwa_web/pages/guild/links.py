"""Where every control of a guild's page leads: the view is in the address, so each of them is a plain link."""

from dataclasses import replace
from urllib.parse import urlencode

from herwa_shared.analytics.date_ranges import Range, Span, intervals_for, usual_interval
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.dashboard_query import Comparison, View

RANGE_KEYS = {
    Range.TODAY: "D",
    Range.YESTERDAY: "E",
    Range.DAY: "H",
    Range.WEEK: "W",
    Range.FOUR_WEEKS: "F",
    Range.MONTH: "T",
    Range.QUARTER: "N",
    Range.THIS_MONTH: "M",
    Range.LAST_MONTH: "P",
    Range.THIS_YEAR: "Y",
    Range.TWELVE_MONTHS: "L",
    Range.ALL: "A",
}
COMPARISONS = {
    Comparison.PREVIOUS: "Previous period",
    Comparison.YEAR: "Same dates a year before",
    Comparison.OFF: "Nothing",
}


def address(view: View) -> str:
    """The address of this view."""
    parts = urlencode(view.params())
    return f"/g/{view.guild_id}{'?' if parts else ''}{parts}"


def addresses(view: View) -> dict[str, str]:
    """By name of the control; a step that leads nowhere is empty."""
    later, sooner = view.stepped(1), view.stepped(-1)
    found = {
        "sooner": address(sooner) if sooner.span != view.span else "",
        "later": address(later) if view.can_step_on and later.span != view.span else "",
        "whole": with_channel(view, None),
        "compare": address(replace(view, comparison=_other(view), compared=None)),
    }
    found |= {f"range_{one.name.lower()}": address(view.ranged(one)) for one in RANGE_KEYS}
    found |= {f"interval_{one}": address(replace(view, interval=one)) for one in intervals_for(view.span)}
    found |= {f"compare_{one}": address(replace(view, comparison=one, compared=None)) for one in COMPARISONS}
    widths = intervals_for(view.span)
    after = widths[(widths.index(view.interval) + 1) % len(widths)] if view.interval in widths else Interval.DAY
    return found | {"interval": address(replace(view, interval=after))}


def with_metric(view: View, metric: Metric) -> str:
    """The same view, of another metric."""
    return address(replace(view, metric=metric))


def with_channel(view: View, channel_id: int | None) -> str:
    """The same view, narrowed to a channel or not at all."""
    return address(replace(view, channel_id=channel_id))


def with_span(view: View, span: Span) -> str:
    """The same view of a window of its own, at the interval that is usual for it."""
    custom = replace(view, range=Range.CUSTOM, span=span, interval=usual_interval(span))
    return address(custom)


def _other(view: View) -> Comparison:
    return Comparison.PREVIOUS if view.comparison is Comparison.OFF else Comparison.OFF
