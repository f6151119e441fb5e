"""From values to JSON: ids as strings, times in the asker's zone with offset, marks only where they are set."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import Response

from herwa_shared.analytics.metric_definitions import Sum, measure_of
from herwa_shared.analytics.results import Heatmap, Point, Ranking, Series


class Json(Response):
    """A JSON body by orjson: 50,000 points in a few milliseconds."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def stats_body(series: Series, earlier: Series | None = None) -> dict[str, Any]:
    """Of `…/stats`."""
    body = {
        "guild_id": str(series.guild_id),
        "metric": series.metric,
        "interval": series.interval,
        "timezone": series.zone.key,
        **_window_body(series),
    }
    return body | {"compare": _window_body(earlier)} if earlier else body


def top_body(ranking: Ranking) -> dict[str, Any]:
    """Of `…/top/…`."""
    items = [{"id": str(item.id), "name": item.name, "value": item.value} for item in ranking.items]
    return {"items": items} | _approximate(ranking.approximate)


def heatmap_body(heatmap: Heatmap) -> dict[str, Any]:
    """Of `…/heatmap`."""
    return {"cells": [*heatmap.cells]} | _approximate(heatmap.approximate)


def _window_body(series: Series) -> dict[str, Any]:
    return {
        "from": _written(series.start, series.zone),
        "to": _written(series.end, series.zone),
        "total": _total(series),
        "points": [_point_body(point, series.zone) for point in series.points],
    } | _approximate(series.approximate)


def _total(series: Series) -> int | None:
    """Nobody knows how many members there were where no sample was taken."""
    sampled = measure_of(series.metric).sum is Sum.NEWEST
    return None if sampled and all(point.value is None for point in series.points) else series.total


def _point_body(point: Point, zone: ZoneInfo) -> dict[str, Any]:
    body = {"t": _written(point.start, zone), "value": point.value}
    return body | {"partial": True} if point.partial else body


def _written(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat()


def _approximate(approximate: bool) -> dict[str, Any]:
    return {"approximate": True} if approximate else {}
