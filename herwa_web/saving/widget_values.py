"""Settings of widgets as texts, for the save bar and the audit log."""

from collections.abc import Iterable, Mapping
from typing import Any

from herwa_shared.guardrail.texts import NameFormatter
from herwa_web.pages.widgets import texts

ALWAYS_SHOWN = ("name", "is_on", "template", "metrics")


def format_widget_value(value: Mapping[str, Any] | None, names: NameFormatter) -> str:
    """Format the most important settings of a widget; None: there is no such widget before or after a change."""
    return texts.NONE if value is None else _format_fields(value, ALWAYS_SHOWN, names)


def format_widget_difference(
    before: Mapping[str, Any], after: Mapping[str, Any], names: NameFormatter
) -> tuple[str, str]:
    """Format the settings that differ, before and after."""
    fields = [field for field in texts.FIELDS if before.get(field) != after.get(field)]
    return _format_fields(before, fields, names), _format_fields(after, fields, names)


def _format_fields(value: Mapping[str, Any], fields: Iterable[str], names: NameFormatter) -> str:
    return " · ".join(
        f"{texts.FIELDS[field]}: {_format_field(field, value[field], names)}" for field in fields if field in value
    )


def _format_field(field: str, value: Any, names: NameFormatter) -> str:
    items = value if isinstance(value, list) else [value]
    labels = texts.VALUE_LABELS.get(field, {})
    if field == "channel_ids":
        parts = [names.format_channel(int(item)) for item in items]
    else:
        parts = [labels.get(str(item), str(item)) for item in items]
    return ", ".join(parts) or texts.NONE
