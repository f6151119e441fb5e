"""The plot area: converts values on the two axes of a figure to pixels."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PlotArea:
    """The plot area in pixels, and the range of each axis as numbers (dates in seconds)."""

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def to_x(self, value: Any) -> float:
        """Return the x pixel of a value on the x axis."""
        return self.left + _compute_share(value, self.x_range) * (self.right - self.left)

    def to_y(self, value: Any) -> float:
        """Return the y pixel of a value on the y axis."""
        return self.bottom - _compute_share(value, self.y_range) * (self.bottom - self.top)

    def to_pixels(self, item: dict[str, Any], x_key: str, y_key: str) -> tuple[float, float]:
        """Return the pixels of a corner of a shape or annotation.

        Its coordinates are data values, or fractions of the plot area if the reference is `paper`.
        """
        pixel_x = (
            self.left + item[x_key] * (self.right - self.left) if item["xref"] == "paper" else self.to_x(item[x_key])
        )
        pixel_y = (
            self.bottom - item[y_key] * (self.bottom - self.top) if item["yref"] == "paper" else self.to_y(item[y_key])
        )
        return pixel_x, pixel_y


def build_plot_area(layout: dict[str, Any], width: float, height: float) -> PlotArea:
    """Build the plot area of a layout that is drawn at this size."""
    margin = layout["margin"]
    first, last = layout["xaxis"]["range"]
    low, high = layout["yaxis"]["range"]
    return PlotArea(
        left=margin["l"],
        top=margin["t"],
        right=width - margin["r"],
        bottom=height - margin["b"],
        x_range=(to_number(first), to_number(last)),
        y_range=(to_number(low), to_number(high)),
    )


def to_number(value: Any) -> float:
    """Convert an axis value to a number; an ISO date (naive local time) to seconds."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() if isinstance(value, str) else float(value)


def _compute_share(value: Any, axis_range: tuple[float, float]) -> float:
    low, high = axis_range
    return (to_number(value) - low) / ((high - low) or 1)
