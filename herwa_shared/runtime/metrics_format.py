"""Metrics in the text format of Prometheus, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricKind(StrEnum):
    """A counter only rises; a gauge may fall."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class MetricSample:
    """A value with its labels. Their values come from the code, never from clients, so that there are few."""

    value: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """All samples of one name. `help_text` is one line."""

    name: str
    kind: MetricKind
    help_text: str
    samples: tuple[MetricSample, ...]


def build_gauge(name: str, help_text: str, value: float) -> MetricFamily:
    """Build a gauge without labels."""
    return MetricFamily(name, MetricKind.GAUGE, help_text, (MetricSample(value, {}),))


def build_counter(name: str, help_text: str, value: float) -> MetricFamily:
    """Build a counter without labels."""
    return MetricFamily(name, MetricKind.COUNTER, help_text, (MetricSample(value, {}),))


def format_metrics(families: Iterable[MetricFamily]) -> bytes:
    """Format all families as one document."""
    lines: list[str] = []
    for family in families:
        lines += (f"# HELP {family.name} {family.help_text}", f"# TYPE {family.name} {family.kind}")
        lines += (f"{family.name}{_format_labels(sample.labels)} {sample.value:.17g}" for sample in family.samples)
    return ("\n".join(lines) + "\n").encode()


def _format_labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
