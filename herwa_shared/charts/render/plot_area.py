"""From a figure's values to pixels: the plot area and its two axes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Plane:
    """The plot area in pixels, and the range of each axis as numbers (dates as seconds)."""

    left: float
    top: float
    right: float
    bottom: float
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: Any) -> float:
        return self.left + _share(value, self.across) * (self.right - self.left)

    def y(self, value: Any) -> float:
        return self.bottom - _share(value, self.up) * (self.bottom - self.top)

    def place(self, item: dict[str, Any], x: str, y: str) -> tuple[float, float]:
        """Where a shape's or an annotation's corner lies, whether it counts in data or in parts of the plot area."""
        across = self.left + item[x] * (self.right - self.left) if item["xref"] == "paper" else self.x(item[x])
        up = self.bottom - item[y] * (self.bottom - self.top) if item["yref"] == "paper" else self.y(item[y])
        return across, up


def plane(layout: dict[str, Any], width: float, height: float) -> Plane:
    """The plane of a figure drawn at this size."""
    margin = layout["margin"]
    first, last = layout["xaxis"]["range"]
    low, high = layout["yaxis"]["range"]
    return Plane(
        left=margin["l"],
        top=margin["t"],
        right=width - margin["r"],
        bottom=height - margin["b"],
        across=(number(first), number(last)),
        up=(number(low), number(high)),
    )


def number(value: Any) -> float:
    """A date (a local time without offset) as seconds, anything else as it is."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() if isinstance(value, str) else float(value)


def _share(value: Any, span: tuple[float, float]) -> float:
    low, high = span
    return (number(value) - low) / ((high - low) or 1)
