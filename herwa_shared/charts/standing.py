"""What a series of samples says: not how much happened, but how many there were."""

from collections.abc import Sequence

from herwa_shared.analytics.series import Point, Series
from herwa_shared.charts.theme import exact
from herwa_shared.charts.timeline import called
from herwa_shared.charts.wording import amount, compared


def standing(series: Series, counted: Sequence[Point], grown: float | None) -> list[str]:
    """Exactly three sentences: the newest and its change, the highest, the way since the beginning."""
    newest = f"{amount(series.total, series.metric)} at the end"
    best = max(counted, key=lambda point: point.value or 0)
    return [
        f"{newest}, {compared(grown, 'in the period before')}." if grown is not None else f"{newest}.",
        f"The highest number was {exact(best.value or 0)}, on {called(best, series)}.",
        _way(counted[0].value or 0, series.total),
    ]


def _way(first: int, last: int) -> str:
    if first == last:
        return "As many as at the beginning."
    return f"{exact(abs(last - first))} {'more' if last > first else 'fewer'} than at the beginning."
