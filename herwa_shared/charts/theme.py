"""The color palettes and the font family, shared by the web, the chart images and the bot."""

from dataclasses import dataclass

FONT_FAMILY = "Inter, 'Noto Sans', system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class Theme:
    """A color palette. Colors are CSS `#rrggbb`; `apply_alpha` adds an opacity."""

    name: str
    background: str
    text: str
    muted: str
    accent: str
    comparison: str
    """The color of the comparison line: at least 3:1 on the background and on the area below the main line."""
    up: str
    down: str
    ink: str
    """The base color of grids and gaps, which are drawn with a low opacity."""

    @property
    def grid(self) -> str:
        """The color of grid lines."""
        return apply_alpha(self.ink, 0.08)

    @property
    def gap(self) -> str:
        """The color of the bands over gaps."""
        return apply_alpha(self.ink, 0.07)


DARK = Theme(
    name="dark",
    background="#1e1f22",
    text="#f2f3f5",
    muted="#a5a8b0",
    accent="#8491ff",
    comparison="#8a8fa6",
    up="#4ccb87",
    down="#f58a8f",
    ink="#ffffff",
)
LIGHT = Theme(
    name="light",
    background="#ffffff",
    text="#1c1d21",
    muted="#5d616b",
    accent="#4c5bdc",
    comparison="#6b7080",
    up="#137a46",
    down="#c02f3a",
    ink="#0b0c10",
)


def apply_alpha(color: str, alpha: float) -> str:
    """Return a `#rrggbb` color with an opacity as CSS `rgba(…)`."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
