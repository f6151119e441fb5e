"""The text of a change: short for tiles, rows, tooltips and pictures, and as a part of a sentence."""

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.formatting import MINUS_SIGN, format_percent
from herwa_shared.charts.text.metric_phrases import format_value

MAX_PERCENT_RATIO = 10
"""From this relative change on, the factor is shown instead of a percentage."""


def format_change(change: Change | None, metric: Metric = Metric.MESSAGES) -> str:
    """Format a change: `▲ 12%`, `+2` for a small base, `no change`. Empty if there is nothing to compare.

    A difference has the unit of the metric; that of most metrics is a number.
    """
    if change is None or change.value == change.base == 0:
        return ""
    if change.direction == 0:
        return "no change"
    if change.ratio is None:
        return f"{'+' if change.difference > 0 else MINUS_SIGN}{format_value(abs(change.difference), metric)}"
    return f"{'▲' if change.direction > 0 else '▼'} {format_percent(change.ratio)}"


def append_change(sentence: str, change: Change, metric: Metric, base_period: str) -> str:
    """Append a change to a sentence about its value: `90 messages, up 12% on the previous 30 days`."""
    if change.value == change.base == 0:
        return sentence
    if change.base == 0:
        return f"{sentence} (none in {base_period})"
    if change.direction == 0:
        return f"{sentence}, the same as {base_period}"
    direction = "up" if change.direction > 0 else "down"
    if change.ratio is None:
        return f"{sentence}, {direction} {format_value(abs(change.difference), metric)} on {base_period}"
    if change.ratio >= MAX_PERCENT_RATIO:
        return f"{sentence}, {format_percent(change.ratio)} {base_period}"
    return f"{sentence}, {direction} {format_percent(change.ratio)} on {base_period}"
