"""The shape of a sparkline: the runs of points between gaps, in a box. The y axis starts at 0."""

from collections.abc import Iterator, Sequence

SparklinePoint = tuple[float, float]


def build_sparkline_runs(
    values: Sequence[int | None], *, width: float = 100, height: float = 32
) -> list[list[SparklinePoint]]:
    """Build the points of each run of values that are not None, in a box of `width` by `height`; y points down.

    A single value becomes a short line, so that it can be seen.
    """
    peak = max((value or 0 for value in values), default=0) or 1
    step = width / max(len(values) - 1, 1)
    runs = []
    for run in _iterate_runs(values):
        points = [(index * step, height - (values[index] or 0) / peak * height) for index in run]
        runs.append(points if len(points) > 1 else [*points, (points[0][0] + 0.1, points[0][1])])
    return runs


def build_sparkline_paths(values: Sequence[int | None], *, width: int = 100, height: int = 32) -> tuple[str, str]:
    """Build the SVG paths of the line and of the area below it.

    The paths fit into a box of `width` by `height`. Gaps interrupt both.
    """
    line: list[str] = []
    area: list[str] = []
    for points in build_sparkline_runs(values, width=width, height=height):
        coordinates = [f"{x:.1f},{y:.1f}" for x, y in points]
        first_x, last_x = (coordinates[index].split(",")[0] for index in (0, -1))
        line.append("M" + "L".join(coordinates))
        area.append(f"M{first_x},{height}L{'L'.join(coordinates)}L{last_x},{height}Z")
    return "".join(line), "".join(area)


def _iterate_runs(values: Sequence[int | None]) -> Iterator[list[int]]:
    """Yield the indexes of each run of consecutive values that are not None."""
    run: list[int] = []
    for index, value in enumerate(values):
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append(index)
    if run:
        yield run
