"""The colors of a widget in each scheme, and whether their contrast is high enough (WCAG 2.2)."""

from dataclasses import dataclass

from herwa_shared.charts.theme import DARK, LIGHT, Theme
from herwa_shared.services.widget_settings import TRANSPARENT, ColorScheme, WidgetSettings

MIN_TEXT_CONTRAST = 4.5
MIN_GRAPHIC_CONTRAST = 3.0
MUTED_SHARES = (0.66, 0.74, 0.82, 0.9, 1.0)
BLACK, WHITE = "#000000", "#ffffff"
THEMES = {ColorScheme.LIGHT: LIGHT, ColorScheme.DARK: DARK}


@dataclass(frozen=True, slots=True)
class WidgetColors:
    """The colors of one scheme as `#rrggbb`; `background` is empty if the widget is transparent.

    Texts on the background reach a contrast of 4.5, except on a transparent one, whose page is not known. `on_accent`
    is the color of text on the accent.
    """

    background: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    up: str
    down: str


@dataclass(frozen=True, slots=True)
class ContrastProblem:
    """A color that is hard to see on the background of a scheme: its contrast, and what it should reach."""

    scheme: ColorScheme
    contrast: float
    needed: float


def list_schemes(settings: WidgetSettings) -> tuple[ColorScheme, ...]:
    """List the schemes in which a widget is shown."""
    is_auto = settings.color_scheme is ColorScheme.AUTO
    return (ColorScheme.LIGHT, ColorScheme.DARK) if is_auto else (settings.color_scheme,)


def build_colors(settings: WidgetSettings, scheme: ColorScheme) -> WidgetColors:
    """Build the colors of a widget in the light or the dark scheme."""
    theme = THEMES[scheme]
    surface = settings.background if settings.background not in ("", TRANSPARENT) else theme.background
    text = _choose_text(surface, theme)
    muted = next(
        color
        for share in MUTED_SHARES
        if compute_contrast(color := blend(text, surface, share), surface) >= MIN_TEXT_CONTRAST or share == 1
    )
    accent = settings.accent or theme.accent
    return WidgetColors(
        background="" if settings.background == TRANSPARENT else surface,
        border=blend(text, surface, 0.14),
        text=text,
        muted=muted,
        accent=accent,
        on_accent=max((BLACK, WHITE), key=lambda color: compute_contrast(color, accent)),
        up=_choose_signal(surface, (theme.up, LIGHT.up, DARK.up), text),
        down=_choose_signal(surface, (theme.down, LIGHT.down, DARK.down), text),
    )


def list_contrast_problems(settings: WidgetSettings) -> tuple[ContrastProblem, ...]:
    """List the schemes in which the accent is hard to see on the background."""
    problems = []
    for scheme in list_schemes(settings):
        colors = build_colors(settings, scheme)
        contrast = compute_contrast(colors.accent, colors.background or THEMES[scheme].background)
        if contrast < MIN_GRAPHIC_CONTRAST:
            problems.append(ContrastProblem(scheme, contrast, MIN_GRAPHIC_CONTRAST))
    return tuple(problems)


def compute_contrast(color: str, other: str) -> float:
    """Compute the contrast ratio of two `#rrggbb` colors: 1 for equal ones, 21 for black and white."""
    darker, lighter = sorted((_compute_luminance(color), _compute_luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def blend(color: str, surface: str, share: float) -> str:
    """Blend a color over a surface; a share of 1 gives the color."""
    pairs = zip(_parse_channels(color), _parse_channels(surface), strict=True)
    return "#" + "".join(f"{round(share * top + (1 - share) * bottom):02x}" for top, bottom in pairs)


def _choose_text(surface: str, theme: Theme) -> str:
    """Choose the text color: that of the theme if it can be read, else the best one."""
    candidates = (theme.text, LIGHT.text, DARK.text, BLACK, WHITE)
    readable = (color for color in candidates if compute_contrast(color, surface) >= MIN_TEXT_CONTRAST)
    return next(readable, max(candidates, key=lambda color: compute_contrast(color, surface)))


def _choose_signal(surface: str, candidates: tuple[str, ...], fallback: str) -> str:
    readable = (color for color in candidates if compute_contrast(color, surface) >= MIN_TEXT_CONTRAST)
    return next(readable, fallback)


def _compute_luminance(color: str) -> float:
    channels = (value / 255 for value in _parse_channels(color))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parse_channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
