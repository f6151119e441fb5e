"""View models of the page Widgets: rows, the values of the builder, previews, snippets, what visitors can see."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.services.channels import PlaceInfo
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.services.widget_settings import (
    FIELD_NAMES,
    TRANSPARENT,
    ColorScheme,
    WidgetSettings,
    parse_widget_settings,
)
from herwa_shared.services.widget_uses import WidgetUses
from herwa_shared.services.widgets import PublicWidget, WidgetAllowance, WidgetStatus
from herwa_shared.widgets.colors import build_colors, list_contrast_problems, list_schemes
from herwa_shared.widgets.content import WidgetContent, build_content
from herwa_shared.widgets.drawing import Drawing
from herwa_shared.widgets.layout import build_drawing, build_page_chart, build_sparkline_card
from herwa_shared.widgets.numbers import WidgetNumbers
from herwa_shared.widgets.snippets import build_snippets
from herwa_shared.widgets.svg import build_svg
from herwa_web.page_names import PageNames
from herwa_web.pages.target_options import Option
from herwa_web.pages.widgets import texts

LIST_FIELDS = ("metrics", "channel_ids")
USE_DAYS = 30
SPARKLINE_HEIGHT = 28
DEFAULT_OWN_COLOR = "#5865f2"


@dataclass(frozen=True, slots=True)
class WidgetRow:
    """A widget in the list. `state` is a badge in the color `tone`; the sparkline (`line`, `area`) is its views."""

    key: str
    name: str
    about: str
    state: str
    tone: str
    uses: str
    line: str
    area: str
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """A metric that can be chosen; `position` is its place among the chosen ones, empty if it is not chosen."""

    key: str
    label: str
    position: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A picture of the widget on a page; `kind` is light, dark or phone."""

    kind: str
    label: str
    sources: list[str]
    alt: str


@dataclass(frozen=True, slots=True)
class SnippetView:
    """The code of one form."""

    label: str
    about: str
    code: str


@dataclass(frozen=True, slots=True)
class BuilderValues:
    """The settings of the selected widget with the unsaved changes, as the controls show them.

    `background_kind` is a key of `texts.BACKGROUNDS`. Colors of the theme have the color that a control starts with.
    """

    name: str = ""
    is_on: bool = False
    template: str = ""
    days: str = ""
    accent: str = DEFAULT_OWN_COLOR
    is_own_accent: bool = False
    background: str = DEFAULT_OWN_COLOR
    background_kind: str = ""
    radius: str = "12"
    size: str = ""
    number_format: str = ""
    color_scheme: str = ""
    invite: str = ""


@dataclass(frozen=True, slots=True)
class WidgetsData:
    """The data of the page. `public_page` is that of the server, None if it was never set up."""

    widgets: tuple[WidgetStatus, ...]
    public_page: WidgetStatus | None
    uses: Mapping[int, WidgetUses]
    allowance: WidgetAllowance
    places: tuple[PlaceInfo, ...]
    guild_name: str
    timezone: str | None
    week_start: int
    history: HistoryLimit
    names: PageNames
    now: datetime

    def find(self, key: str) -> WidgetStatus | None:
        """Find a widget that is not revoked, or the page."""
        candidates = (*self.widgets, *filter(None, (self.public_page,)))
        return next((item for item in candidates if str(item.id) == key and item.revoked_at is None), None)

    def to_public(self, widget: WidgetStatus, settings: WidgetSettings) -> PublicWidget:
        """Build what the preview shows: a widget with unsaved settings."""
        return PublicWidget(replace(widget, settings=settings), self.guild_name, self.timezone, self.week_start)


def build_widget_rows(data: WidgetsData) -> list[WidgetRow]:
    """Build the rows of all widgets."""
    return [_build_row(widget, data) for widget in data.widgets]


def _build_row(widget: WidgetStatus, data: WidgetsData) -> WidgetRow:
    uses = data.uses.get(widget.id, WidgetUses((), ()))
    line, area = build_sparkline_paths(uses.views, height=SPARKLINE_HEIGHT) if any(uses.views) else ("", "")
    state, tone = texts.STATES[find_state(widget, data.allowance.limit)]
    return WidgetRow(
        str(widget.id),
        widget.settings.name,
        texts.TEMPLATES[widget.settings.template][0],
        state,
        tone,
        texts.format_uses(sum(uses.views), sum(uses.clicks), USE_DAYS),
        line,
        area,
        widget.revoked_at is not None,
    )


def find_state(widget: WidgetStatus, limit: int | None) -> str:
    """Find the state of a widget, a key of `texts.STATES`."""
    if widget.revoked_at is not None:
        return "revoked"
    if not widget.settings.is_on:
        return "off"
    return "on" if widget.is_within(limit) else "limit"


def get_drafted_settings(widget: WidgetStatus, draft: Mapping[str, SettingChange]) -> WidgetSettings:
    """Return the settings of a widget with the unsaved changes."""
    change = draft.get(f"{SettingType.WIDGET}:{widget.id}")
    return widget.settings if change is None or change.after is None else parse_widget_settings(change.after)


def build_widget_change(
    widget: WidgetStatus, draft: Mapping[str, SettingChange], values: Mapping[str, Any]
) -> SettingChange:
    """Build the change that sets some settings of a widget. Raises BadRequest for an invalid value."""
    drafted = get_drafted_settings(widget, draft).to_value()
    after = parse_widget_settings({**drafted, **values}).to_value()
    return SettingChange(SettingType.WIDGET, str(widget.id), widget.settings.to_value(), after)


def build_values(settings: WidgetSettings) -> BuilderValues:
    """Build the values of the controls."""
    is_own_background = settings.background not in ("", TRANSPARENT)
    return BuilderValues(
        settings.name,
        settings.is_on,
        str(settings.template),
        str(settings.days),
        settings.accent or DEFAULT_OWN_COLOR,
        settings.accent != "",
        settings.background if is_own_background else DEFAULT_OWN_COLOR,
        "own" if is_own_background else settings.background,
        str(settings.radius),
        str(settings.size),
        str(settings.number_format),
        str(settings.color_scheme),
        settings.invite,
    )


def build_metric_choices(settings: WidgetSettings) -> list[MetricChoice]:
    """Build the choices of metrics, each with its position."""
    positions = {str(metric): str(number) for number, metric in enumerate(settings.metrics, 1)}
    return [MetricChoice(key, label, positions.get(key, "")) for key, label in texts.METRICS.items()]


def build_channel_choices(data: WidgetsData, settings: WidgetSettings) -> tuple[list[Option], list[Option]]:
    """Build the chosen channels, and those that can be added."""
    chosen = [Option(str(id_), data.names.format_channel(id_)) for id_ in settings.channel_ids]
    others = [
        Option(str(place.id), place.name)
        for place in data.places
        if not place.is_category and not place.is_deleted and place.id not in settings.channel_ids
    ]
    return chosen, others


def build_preview_content(data: WidgetsData, settings: WidgetSettings, numbers: WidgetNumbers | None) -> WidgetContent:
    """Build the content of the preview."""
    return build_content(data.guild_name, settings, numbers, now=data.now if numbers is None else numbers.as_of)


def list_preview_drawings(content: WidgetContent, *, is_page: bool) -> list[Drawing]:
    """List the drawings of a widget: one; of the public page two."""
    if not is_page:
        return [build_drawing(content)]
    card = build_sparkline_card(content)
    return [card, build_page_chart(content, height=card.height)]


def build_previews(content: WidgetContent, *, is_page: bool) -> list[PreviewView]:
    """Build the pictures: one per scheme, and one on a phone."""
    labels = {ColorScheme.LIGHT: texts.LIGHT, ColorScheme.DARK: texts.DARK}
    drawings = list_preview_drawings(content, is_page=is_page)
    schemes = list_schemes(content.settings)
    views = [
        PreviewView(str(scheme), labels[scheme], _draw(drawings, content, scheme), content.description)
        for scheme in schemes
    ]
    return [*views, PreviewView("phone", texts.PHONE, views[0].sources, content.description)]


def _draw(drawings: Sequence[Drawing], content: WidgetContent, scheme: ColorScheme) -> list[str]:
    colors = {scheme: build_colors(content.settings, scheme)}
    pictures = (build_svg(drawing, colors).encode() for drawing in drawings)
    return [f"data:image/svg+xml;base64,{b64encode(picture).decode()}" for picture in pictures]


def build_snippet_views(content: WidgetContent, *, origin: str, public_id: str) -> list[SnippetView]:
    """Build the code of every form."""
    snippets = build_snippets(content.settings, build_drawing(content), origin=origin, public_id=public_id)
    return [SnippetView(*texts.SNIPPETS[snippet.kind], snippet.code) for snippet in snippets]


def list_visible_facts(content: WidgetContent) -> list[str]:
    """List what visitors can see, with the true values."""
    numbers = content.numbers
    items = [texts.format_window_fact(content.subtitle, item.sentence) for item in content.items]
    channels = [f"{channel.name}: {channel.members}" for channel in (numbers.channels if numbers else ())]
    return [f"{texts.VISIBLE_NAME}: {content.guild_name}", *items, *channels]


def list_contrast_warnings(settings: WidgetSettings) -> list[str]:
    """List the schemes in which the accent is hard to see."""
    return [
        texts.format_contrast(str(problem.scheme), problem.contrast, problem.needed)
        for problem in list_contrast_problems(settings)
    ]


def describe_widget_effects(changes: Sequence[SettingChange]) -> list[str]:
    """Describe what the unsaved changes do to visitors."""
    effects = []
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        name, was_on, is_on = change.after["name"], change.before["is_on"], change.after["is_on"]
        if is_on != was_on:
            effects.append((texts.format_switched_on if is_on else texts.format_switched_off)(name))
        elif is_on:
            effects.append(texts.format_own_site_effect(name))
    return effects


def parse_control(field: str, text: str) -> dict[str, Any]:
    """Parse what a control of the builder sends to a setting; empty for an unknown one."""
    if field == "background_kind":
        colors = {"own": BuilderValues().background}
        return {"background": colors.get(text, text)}
    if field not in FIELD_NAMES or field in (*LIST_FIELDS, "sites", "is_on"):
        return {}
    return {field: int(text) if field in ("days", "radius") and text.isascii() and text.isdigit() else text}
