"""The layout of each template: from the content of a widget to a drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from herwa_shared.charts.axes import get_axis_max
from herwa_shared.charts.formatting import format_si
from herwa_shared.charts.sparkline import build_sparkline_runs
from herwa_shared.services.widget_settings import WidgetSize, WidgetTemplate
from herwa_shared.widgets import texts
from herwa_shared.widgets.content import NumberText, WidgetContent
from herwa_shared.widgets.drawing import Align, Box, Drawing, Ink, Label, Line
from herwa_shared.widgets.numbers import WidgetChannel
from herwa_shared.widgets.text_width import estimate_width, fit_text

PADDING, CARD_WIDTH, CHART_WIDTH = 16.0, 320.0, 480.0
HEADER_HEIGHT, METRIC_HEIGHT, SPARKLINE_ROW_HEIGHT, CHANNEL_HEIGHT = 68.0, 56.0, 54.0, 30.0
CHANGE_HEIGHT = 22.0
CHART_TOP, CHART_HEIGHT, CHART_FOOT, CHART_VALUE = 96.0, 128.0, 32.0, 16.0
BADGE_HEIGHT, BADGE_TEXT, BADGE_GAP, MAX_BADGE_NAME = 30.0, 12.5, 11.0, 200.0
SCALES = {WidgetSize.SMALL: 0.85, WidgetSize.MEDIUM: 1.0, WidgetSize.LARGE: 1.25}
INK_BY_GOODNESS = {True: Ink.UP, False: Ink.DOWN, None: Ink.MUTED}

Part = Box | Line | Label


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """How the numbers of a card are written: the size of the values, the width, and where their changes are.

    All changes are beside the values if there is room, else all of them are below the labels.
    """

    width: float
    size: float
    has_changes_below: bool

    @classmethod
    def fit(cls, numbers: Sequence[NumberText], width: float, *, size: float) -> Self:
        """Choose the place of the changes by the widest number."""
        widths = (
            estimate_width(_shorten_value(item, size, width), size, weight=600)
            + 8
            + estimate_width(item.change, 12, weight=600)
            for item in numbers
            if item.change
        )
        return cls(width, size, max(widths, default=0) > width)

    @property
    def extra_height(self) -> float:
        """The height that changes below the labels need in each row."""
        return CHANGE_HEIGHT if self.has_changes_below else 0


def build_drawing(content: WidgetContent) -> Drawing:
    """Build the drawing of a widget by its template."""
    match content.settings.template:
        case WidgetTemplate.BADGE:
            return _build_badge(content)
        case WidgetTemplate.CHART:
            return build_chart(content)
        case WidgetTemplate.CHANNELS:
            return _build_channels(content)
        case WidgetTemplate.SPARKLINE:
            return build_sparkline_card(content)
        case _:
            return _build_card(content)


def build_sparkline_card(content: WidgetContent) -> Drawing:
    """Build a card with a sparkline beside each number."""
    parts: list[Part] = []
    column = NumberColumn.fit(content.items, CARD_WIDTH / 2, size=20)
    row_height = SPARKLINE_ROW_HEIGHT + column.extra_height
    for index, item in enumerate(content.items):
        top = HEADER_HEIGHT + index * row_height
        parts += _draw_number(item, PADDING, top, column)
        line_top = top + 6 + column.extra_height / 2
        parts += _draw_line(item, CARD_WIDTH / 2 + 16, line_top, CARD_WIDTH / 2 - 16 - PADDING, 32)
    return _frame(content, CARD_WIDTH, HEADER_HEIGHT + max(1, len(content.items)) * row_height + 4, parts)


def build_chart(content: WidgetContent, *, height: float = CHART_TOP + CHART_HEIGHT + CHART_FOOT) -> Drawing:
    """Build a chart of the first metric."""
    if not content.items or content.numbers is None:
        return _frame(content, CHART_WIDTH, height, [])
    item = content.items[0]
    parts = _draw_chart(content, item, height, suffix=f" {item.label}")
    return _frame(content, CHART_WIDTH, height, parts, name_width=CHART_WIDTH / 2 - 62)


def build_page_chart(content: WidgetContent, *, height: float) -> Drawing:
    """Build the chart of a public page, which names the metric instead of the server."""
    if not content.items or content.numbers is None:
        return build_chart(content, height=height)
    item = content.items[0]
    header: list[Part] = [
        Label(PADDING, 34, texts.format_chart_title(item.label), Ink.TEXT, 15, weight=600, max_width=CHART_WIDTH / 2),
        Label(PADDING, 52, content.subtitle, Ink.MUTED, 12),
    ]
    return _wrap(
        content,
        CHART_WIDTH,
        height,
        [*header, *_draw_chart(content, item, height)],
        content.settings.radius,
    )


def _build_card(content: WidgetContent) -> Drawing:
    columns = 1 if len(content.items) == 1 else 2
    width = (CARD_WIDTH - 2 * PADDING) / columns
    parts: list[Part] = []
    column = NumberColumn.fit(content.items, width - 8, size=24)
    row_height = METRIC_HEIGHT + column.extra_height
    for index, item in enumerate(content.items):
        row, position = divmod(index, columns)
        parts += _draw_number(item, PADDING + position * width, HEADER_HEIGHT + row * row_height, column)
    rows = max(1, -(-len(content.items) // columns))
    return _frame(content, CARD_WIDTH, HEADER_HEIGHT + rows * row_height + 4, parts)


def _build_channels(content: WidgetContent) -> Drawing:
    channels = content.numbers.channels if content.numbers else ()
    parts: list[Part] = []
    for index, channel in enumerate(channels):
        parts += _draw_channel(content, channel, HEADER_HEIGHT + index * CHANNEL_HEIGHT, channels[0].members)
    if not channels:
        parts.append(Label(PADDING, HEADER_HEIGHT + 18, texts.NO_CHANNELS, Ink.MUTED, 13))
    return _frame(content, CARD_WIDTH, HEADER_HEIGHT + max(1, len(channels)) * CHANNEL_HEIGHT + 10, parts)


def _draw_channel(content: WidgetContent, channel: WidgetChannel, top: float, peak: int) -> list[Part]:
    width = CARD_WIDTH - 2 * PADDING
    value = texts.format_number(channel.members, content.settings.number_format)
    name_width = width - estimate_width(value, 13, weight=600) - 30
    return [
        Box(
            PADDING, top, max(6, width * channel.members / peak), CHANNEL_HEIGHT - 4, Ink.ACCENT, radius=6, opacity=0.16
        ),
        Label(PADDING + 10, top + 17.5, channel.name, Ink.TEXT, 13, max_width=name_width),
        Label(CARD_WIDTH - PADDING - 10, top + 17.5, value, Ink.TEXT, 13, weight=600, align=Align.END),
    ]


def _build_badge(content: WidgetContent) -> Drawing:
    name = fit_text(content.guild_name, BADGE_TEXT, MAX_BADGE_NAME, weight=600)
    item = content.items[0] if content.items else None
    value = texts.UNKNOWN_VALUE if item is None else f"{item.value} {item.label}"
    if content.as_of:
        value = f"{value}, {content.as_of}"
    name_width = estimate_width(name, BADGE_TEXT, weight=600) + 2 * BADGE_GAP
    value_width = estimate_width(value, BADGE_TEXT, weight=600) + 2 * BADGE_GAP
    width, radius = round(name_width + value_width), min(content.settings.radius, BADGE_HEIGHT / 2)
    middle = BADGE_HEIGHT / 2 + BADGE_TEXT * 0.36
    parts: list[Part] = [
        *_draw_badge_end(name_width, width, radius),
        Label(name_width / 2, middle, name, Ink.TEXT, BADGE_TEXT, weight=600, align=Align.MIDDLE),
        Label(name_width + value_width / 2, middle, value, Ink.ON_ACCENT, BADGE_TEXT, weight=600, align=Align.MIDDLE),
    ]
    return _wrap(content, width, BADGE_HEIGHT, parts, radius)


def _draw_badge_end(left: float, width: float, radius: float) -> list[Part]:
    """Fill the right part, whose left corners are square."""
    height = BADGE_HEIGHT
    square_width = max(1.0, (width - left) / 2)
    return [
        Box(left, 0, width - left, height, Ink.ACCENT, radius=radius),
        Box(left, 0, square_width, height, Ink.ACCENT),
    ]


def _frame(
    content: WidgetContent, width: float, height: float, parts: list[Part], *, name_width: float = CARD_WIDTH - 78
) -> Drawing:
    """Add the header: the initial of the server, its name, and the window of the numbers, or the time of old ones."""
    subtitle = content.as_of or content.subtitle
    header: list[Part] = [
        Box(PADDING, PADDING, 36, 36, Ink.ACCENT, radius=18),
        Label(PADDING + 18, PADDING + 24.5, _get_initial(content.guild_name), Ink.ON_ACCENT, 17, 600, Align.MIDDLE),
        Label(62, 31, content.guild_name, Ink.TEXT, 15, weight=600, max_width=name_width),
        Label(62, 49, subtitle, Ink.MUTED, 12, max_width=width - 62 - PADDING if content.as_of else name_width),
    ]
    if content.numbers is None:
        parts = [Label(PADDING, HEADER_HEIGHT + 18, texts.NO_NUMBERS, Ink.MUTED, 13)]
    return _wrap(content, width, height, [*header, *parts], content.settings.radius)


def _wrap(content: WidgetContent, width: float, height: float, parts: list[Part], radius: float) -> Drawing:
    background = [
        Box(0, 0, width, height, Ink.BACKGROUND, radius=radius),
    ]
    outline = [Box(0.5, 0.5, width - 1, height - 1, Ink.BORDER, radius=max(0, radius - 0.5), is_outline=True)]
    return Drawing(
        width,
        height,
        (*background, *parts, *outline),
        content.title,
        content.description,
        scale=SCALES[content.settings.size],
    )


def _draw_number(item: NumberText, left: float, top: float, column: NumberColumn) -> list[Part]:
    size, ink = column.size, INK_BY_GOODNESS[item.is_good]
    value = _shorten_value(item, size, column.width)
    parts: list[Part] = [
        Label(left, top + size, value, Ink.TEXT, size, weight=600, max_width=column.width),
        Label(left, top + size + 18, item.label, Ink.MUTED, 12, max_width=column.width),
    ]
    if item.change and column.has_changes_below:
        parts.append(Label(left, top + size + 34, item.change, ink, 12, weight=600, max_width=column.width))
    elif item.change:
        change_left = left + estimate_width(value, size, weight=600) + 6
        parts.append(Label(change_left, top + size - 1, item.change, ink, 12, weight=600))
    return parts


def _shorten_value(item: NumberText, size: float, width: float, *, suffix: str = "") -> str:
    """Return the value and a suffix; the value in short form (`1.2M`) if it doesn't fit: no number is cut off."""
    text = f"{item.value}{suffix}"
    if item.number.value is None or estimate_width(text, size, weight=600) <= width:
        return text
    return f"{format_si(item.number.value)}{suffix}"


def _draw_line(
    item: NumberText, left: float, top: float, width: float, height: float, *, peak_share: float = 1
) -> list[Part]:
    """Draw the days of a number. The last day is running: the line to it is dotted."""
    parts: list[Part] = []
    days = item.number.days
    runs = build_sparkline_runs(days, width=width, height=height * peak_share)
    offset = top + height * (1 - peak_share)
    for run in runs:
        points = tuple((left + x, offset + y) for x, y in run)
        is_running = abs(run[-1][0] - width) < 0.01 and len(run) > 2
        solid = points[:-1] if is_running else points
        parts.append(Line(solid, Ink.ACCENT, floor=top + height))
        if is_running:
            parts.append(Line(points[-2:], Ink.ACCENT, is_dotted=True))
    return parts


def _draw_chart(content: WidgetContent, item: NumberText, height: float, *, suffix: str = "") -> list[Part]:
    """Draw the value and a suffix with the change at the right, the axis, and the days of the number."""
    right, plot_height = CHART_WIDTH - PADDING, height - CHART_TOP - CHART_FOOT
    width = CHART_WIDTH / 2 - PADDING
    value = _shorten_value(item, CHART_VALUE, width, suffix=suffix)
    parts: list[Part] = [Label(right, 34, value, Ink.TEXT, CHART_VALUE, weight=600, align=Align.END, max_width=width)]
    if item.change:
        parts.append(Label(right, 54, item.change, INK_BY_GOODNESS[item.is_good], 12, weight=600, align=Align.END))
    parts += _draw_axis(content, item, plot_height)
    parts += _draw_line(item, PADDING, CHART_TOP, CHART_WIDTH - 2 * PADDING, plot_height, peak_share=1 / 1.12)
    return parts


def _draw_axis(content: WidgetContent, item: NumberText, height: float) -> list[Part]:
    """Draw the grid lines at 0 and at the highest value, and the first and the last day."""
    assert content.numbers is not None
    right, bottom = CHART_WIDTH - PADDING, CHART_TOP + height
    peak = max((value for value in item.number.days if value is not None), default=0)
    first, last = texts.format_chart_range(content.numbers.start, content.numbers.end, content.numbers.zone)
    parts: list[Part] = [
        Box(PADDING, bottom, CHART_WIDTH - 2 * PADDING, 1, Ink.BORDER),
        Label(PADDING, bottom + 19, first, Ink.MUTED, 11.5),
        Label(right, bottom + 19, last, Ink.MUTED, 11.5, align=Align.END),
    ]
    if not peak:
        middle = CHART_TOP + height / 2
        parts.append(Label(CHART_WIDTH / 2, middle, texts.NO_ACTIVITY, Ink.MUTED, 13, align=Align.MIDDLE))
    else:
        y = CHART_TOP + height * (1 - peak / get_axis_max(peak))
        parts += [
            Box(PADDING, y, CHART_WIDTH - 2 * PADDING, 1, Ink.BORDER),
            Label(PADDING, y - 5, texts.format_number(peak, content.settings.number_format), Ink.MUTED, 11.5),
        ]
    return parts


def _get_initial(name: str) -> str:
    """Return the first letter or digit of a name, in upper case."""
    return next((character.upper() for character in name if character.isalnum()), "#")[:1]
