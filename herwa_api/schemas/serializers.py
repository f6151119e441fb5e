"""Build the response bodies of the statistics routes.

Ids are strings, times are ISO 8601 with the offset of the requested zone, flags are present only when true.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import Response

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.metric_definitions import get_definition
from herwa_shared.analytics.results import Point, PointStatus, Ranking, TimeSeries, WeeklyHeatmap

MAX_FORMATTED_SECONDS = 20_000
"""So many starts of intervals are kept as text, since most questions are about the same days."""


class OrjsonResponse(Response):
    """JSON response encoded by orjson: 50,000 points take a few milliseconds."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content as JSON."""
        return orjson.dumps(content)


def serialize_stats(compared: ComparedSeries) -> dict[str, Any]:
    """Build the body of `…/stats` for one metric."""
    return _serialize_question(compared.series) | _serialize_metric(compared)


def serialize_several_stats(several: Sequence[ComparedSeries]) -> dict[str, Any]:
    """Build the body of `…/stats` for several metrics: the series in the order of the request."""
    return _serialize_question(several[0].series) | {"series": [_serialize_metric(compared) for compared in several]}


def _serialize_question(series: TimeSeries) -> dict[str, Any]:
    return {"guild_id": str(series.guild_id), "interval": series.interval, "timezone": series.zone.key}


def _serialize_metric(compared: ComparedSeries) -> dict[str, Any]:
    series, comparison = compared.series, compared.comparison
    body = {"metric": series.metric, **_serialize_window(series)}
    if comparison is None:
        return body
    return body | {"compare": {**_serialize_window(comparison), "change": _serialize_change(compared)}}


def serialize_ranking(ranking: Ranking, next_cursor: str | None = None) -> dict[str, Any]:
    """Build the body of `…/top/channels` and `…/top/members`."""
    items = [{"id": str(item.id), "name": item.name, "value": item.value} for item in ranking.items]
    cursor = {} if next_cursor is None else {"next_cursor": next_cursor}
    return {"items": items} | cursor | _build_approximate_flag(ranking.approximate)


def serialize_heatmap(heatmap: WeeklyHeatmap) -> dict[str, Any]:
    """Build the body of `…/heatmap`."""
    cells = [{"weekday": cell.weekday, "hour": cell.hour, "value": cell.value} for cell in heatmap.cells]
    return {"cells": cells} | _build_approximate_flag(heatmap.approximate)


def _serialize_window(series: TimeSeries) -> dict[str, Any]:
    return {
        "from": _format_time(series.start, series.zone),
        "to": _format_time(series.end, series.zone),
        "total": _compute_total(series),
        **({"estimated": True} if series.is_estimated else {}),
        **({"p90": series.long_wait} if get_definition(series.metric).is_in_seconds else {}),
        "points": [_serialize_point(point, series.zone) for point in series.started_points],
    } | _build_approximate_flag(series.approximate)


def _compute_total(series: TimeSeries) -> int | None:
    """Return the total; None for a sampled metric without samples: its value is unknown, not 0."""
    is_sampled = not get_definition(series.metric).has_zero
    return None if is_sampled and not series.recorded_points else series.total


def _serialize_point(point: Point, zone: ZoneInfo) -> dict[str, Any]:
    body = {"t": _format_second(int(point.start.timestamp()), zone), "value": point.value}
    if point.is_partial:
        body["partial"] = True
    if point.status is PointStatus.CURRENT:
        body["current"] = True
    if point.status is PointStatus.ESTIMATED:
        body["estimated"] = True
    return body


def _serialize_change(compared: ComparedSeries) -> dict[str, Any] | None:
    """Build the change of the total and the two periods that it compares; None if there is no fair comparison."""
    change, windows, zone = compared.change, compared.windows, compared.series.zone
    if change is None or windows is None:
        return None
    return {
        "value": change.value,
        "base": change.base,
        "difference": change.difference,
        "ratio": change.ratio,
        "to": _format_time(windows.current.end, zone),
        "base_to": _format_time(windows.base.end, zone),
    }


def _format_time(time: datetime, zone: ZoneInfo) -> str:
    return time.astimezone(zone).isoformat()


@lru_cache(maxsize=MAX_FORMATTED_SECONDS)
def _format_second(second: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(second, zone).isoformat()


def _build_approximate_flag(approximate: bool) -> dict[str, Any]:
    return {"approximate": True} if approximate else {}
