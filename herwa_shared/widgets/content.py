"""What a widget says: its title, its numbers as texts, and the same in words for screen readers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.charts.text.changes import append_change, format_change
from herwa_shared.charts.text.metric_phrases import get_metric_phrases
from herwa_shared.services.widget_settings import WidgetMetric, WidgetSettings
from herwa_shared.widgets import texts
from herwa_shared.widgets.numbers import PEOPLE_METRICS, WidgetNumber, WidgetNumbers
from herwa_shared.widgets.text_width import clean_text

STALE_AFTER = timedelta(minutes=3)
"""Numbers that are older carry their time."""


@dataclass(frozen=True, slots=True)
class NumberText:
    """A number of a widget as texts; `sentence` says it in words. `is_good` is None for a neutral change."""

    number: WidgetNumber
    value: str
    label: str
    change: str
    is_good: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class WidgetContent:
    """Everything that a widget shows. `as_of` is empty unless the numbers are old, `numbers` None before the first."""

    guild_name: str
    settings: WidgetSettings
    numbers: WidgetNumbers | None
    subtitle: str
    as_of: str
    items: tuple[NumberText, ...] = field(default=())

    @property
    def title(self) -> str:
        """The name of the widget for screen readers."""
        return texts.format_title(self.guild_name)

    @property
    def description(self) -> str:
        """What the widget shows, in words."""
        if self.numbers is None:
            return texts.NO_NUMBERS
        channels = [
            texts.format_channel_amount(
                clean_text(channel.name), texts.format_number(channel.members, self.settings.number_format)
            )
            for channel in self.numbers.channels
        ]
        sentences = [item.sentence for item in self.items] or channels or [texts.NO_CHANNELS]
        return f"{self.subtitle}{f', {self.as_of}' if self.as_of else ''}: {'; '.join(sentences)}."


def build_content(
    guild_name: str, settings: WidgetSettings, numbers: WidgetNumbers | None, *, now: datetime
) -> WidgetContent:
    """Build the content of a widget from its last numbers."""
    subtitle, as_of = texts.format_window(settings.days), ""
    if numbers is not None:
        subtitle = texts.format_window((numbers.end - numbers.start + timedelta(hours=12)).days)
        as_of = texts.format_as_of(numbers.as_of, numbers.zone) if now - numbers.as_of > STALE_AFTER else ""
    items = () if numbers is None else tuple(_build_item(number, settings, numbers) for number in numbers.numbers)
    return WidgetContent(clean_text(guild_name) or "Discord", settings, numbers, subtitle, as_of, items)


def _build_item(number: WidgetNumber, settings: WidgetSettings, numbers: WidgetNumbers) -> NumberText:
    metric = Metric(number.metric)
    phrases = get_metric_phrases(metric)
    label = phrases.singular if number.value == 1 else phrases.plural
    if number.value is None:
        counts_people = PEOPLE_METRICS[number.metric] == metric
        value = texts.FEW_PEOPLE if number.is_hidden and counts_people else texts.UNKNOWN_VALUE
        return NumberText(number, value, label, "", None, texts.format_hidden_amount(label))
    value = texts.format_number(number.value, settings.number_format)
    sentence = f"{value} {label}"
    days = (numbers.end - numbers.start + timedelta(hours=12)).days
    if number.change is not None:
        sentence = append_change(sentence, number.change, metric, texts.format_base_period(days))
    return NumberText(
        number, value, label, format_change(number.change, metric), _is_good(number.metric, number.change), sentence
    )


def _is_good(metric: WidgetMetric, change: Change | None) -> bool | None:
    return None if change is None else change.is_good(rising_is_good=get_definition(Metric(metric)).rising_is_good)
