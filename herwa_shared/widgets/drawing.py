"""A drawing: rectangles, lines and texts in named colors. SVG and PNG are made of the same drawing."""

from dataclasses import dataclass
from enum import StrEnum

Position = tuple[float, float]


class Ink(StrEnum):
    """The named colors; the values are fields of `WidgetColors`."""

    BACKGROUND = "background"
    BORDER = "border"
    TEXT = "text"
    MUTED = "muted"
    ACCENT = "accent"
    ON_ACCENT = "on_accent"
    UP = "up"
    DOWN = "down"


class Align(StrEnum):
    """Which end of a text is at its position."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with round corners; an opacity below 1 lets the background through."""

    x: float
    y: float
    width: float
    height: float
    ink: Ink
    radius: float = 0
    opacity: float = 1
    is_outline: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Connected points, with the area below them down to `floor` if it is set."""

    points: tuple[Position, ...]
    ink: Ink
    width: float = 2
    is_dotted: bool = False
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text, whose baseline is at `y`; a longer one than `max_width` is cut off."""

    x: float
    y: float
    text: str
    ink: Ink
    size: float
    weight: int = 400
    align: Align = Align.START
    max_width: float = 1000


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, back to front, in a box of `width` by `height` pixels, which is shown `scale` times as large.

    `title` and `description` say the same in words.
    """

    width: float
    height: float
    parts: tuple[Box | Line | Label, ...]
    title: str
    description: str
    scale: float = 1
