"""The lines and markers of a time series, which every chart draws in the same way.

Complete intervals are a solid line. Intervals that are running or cut by the window are the ends of a dotted line, and
those whose value is an estimate are a dotted line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from herwa_shared.analytics.results import Point, PointStatus, TimeSeries
from herwa_shared.charts.axes import is_isolated, list_x_positions


@dataclass(frozen=True, slots=True)
class SeriesLines:
    """The parts of a chart, as indexes of `points` and values in their order.

    `times` are the x positions of all intervals, `points` only those that have begun. `solid_values` are None where the
    solid line is interrupted. `dotted_indexes` are the points of the dotted lines, with None between two lines.
    `incomplete_indexes` are their ends that carry a marker, `estimated_indexes` are estimates, `hollow_indexes` are
    intervals that were recorded in part, and `isolated_indexes` are complete points without a neighbor, which would be
    invisible as a line.
    """

    times: list[datetime]
    points: tuple[Point, ...]
    values: list[int | None]
    solid_values: list[int | None]
    dotted_indexes: list[int | None]
    incomplete_indexes: list[int]
    estimated_indexes: list[int]
    hollow_indexes: list[int]
    isolated_indexes: list[int]


def build_series_lines(series: TimeSeries) -> SeriesLines:
    """Build the lines and markers of a series."""
    points = series.started_points
    values = [point.value for point in points]
    incomplete = [index for index, point in enumerate(points) if is_incomplete(point)]
    estimated = [index for index, point in enumerate(points) if point.status is PointStatus.ESTIMATED]
    solid_values = [
        None if is_incomplete(point) or point.status is PointStatus.ESTIMATED else point.value for point in points
    ]
    hollow = [index for index, point in enumerate(points) if point.is_partial and index not in incomplete]
    return SeriesLines(
        times=list_x_positions(series),
        points=points,
        values=values,
        solid_values=solid_values,
        dotted_indexes=_list_dotted_indexes(values, sorted({*incomplete, *estimated})),
        incomplete_indexes=incomplete,
        estimated_indexes=estimated,
        hollow_indexes=hollow,
        isolated_indexes=[
            index for index in range(len(values)) if index not in hollow and is_isolated(solid_values, index)
        ],
    )


def is_incomplete(point: Point) -> bool:
    """Return whether the value of an interval will grow or would be higher in a wider window."""
    return point.value is not None and (point.status is PointStatus.CURRENT or point.is_cut)


def _list_dotted_indexes(values: Sequence[int | None], dotted: Sequence[int]) -> list[int | None]:
    """Return each dotted point with its neighbors that have values, and None between separate lines."""
    dotted_set = set(dotted)
    drawn = sorted(
        {
            neighbor
            for index in dotted
            for neighbor in (index - 1, index, index + 1)
            if 0 <= neighbor < len(values) and values[neighbor] is not None
        }
    )
    indexes: list[int | None] = []
    for index in drawn:
        is_connected = not indexes or (indexes[-1] == index - 1 and (index in dotted_set or index - 1 in dotted_set))
        indexes += [index] if is_connected else [None, index]
    return indexes
