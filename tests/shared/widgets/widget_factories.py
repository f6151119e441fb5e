"""Widgets and their numbers for tests, without a database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.comparison import Change
from herwa_shared.services.widget_settings import WidgetMetric, WidgetSettings, WidgetTemplate
from herwa_shared.widgets.content import WidgetContent, build_content
from herwa_shared.widgets.numbers import WidgetChannel, WidgetNumber, WidgetNumbers

NOW = datetime(2026, 3, 10, 14, 2, tzinfo=UTC)
VALUES = {
    WidgetMetric.MESSAGES: (48_201, 43_000),
    WidgetMetric.ACTIVE_MEMBERS: (1_204, 1_310),
    WidgetMetric.VOICE_MINUTES: (96_400, 96_400),
    WidgetMetric.VOICE_MEMBERS: (312, 12),
    WidgetMetric.JOINS: (87, 60),
    WidgetMetric.MEMBERS: (25_310, 25_100),
}


def build_numbers(*metrics: WidgetMetric, days: int = 30, channels: tuple[WidgetChannel, ...] = ()) -> WidgetNumbers:
    """Build numbers whose days go up and down, with one gap."""
    numbers = []
    for metric in metrics:
        value, base = VALUES[metric]
        day_values = [value // days + (index * 37) % 23 * value // (days * 40) for index in range(days)]
        shown = tuple(None if index == days // 3 else day for index, day in enumerate(day_values))
        numbers.append(WidgetNumber(metric, value, False, Change(value, base), shown))
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    return WidgetNumbers(NOW, midnight - timedelta(days=days), midnight, ZoneInfo("UTC"), tuple(numbers), channels)


def build_widget_content(name: str = "Tea House", *, age: timedelta = timedelta(), **overrides) -> WidgetContent:
    """Build the content of a widget with example numbers. `overrides` are settings."""
    settings = WidgetSettings(**({"name": "Blog"} | overrides))
    channels = ()
    if settings.template is WidgetTemplate.CHANNELS:
        channels = (WidgetChannel("general", 840), WidgetChannel("日本語", 310), WidgetChannel("عربي 🎉", 120))
    metrics = () if settings.template is WidgetTemplate.CHANNELS else settings.metrics
    numbers = build_numbers(*metrics, days=settings.days, channels=channels)
    return build_content(name, settings, numbers, now=NOW + age)
