"""View models of the exports page: an export as a row, what a new one would hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from herwa_shared.charts.formatting import format_day
from herwa_shared.discord.event_times import DISCORD_EPOCH
from herwa_shared.exports.jobs import PAUSED, ExportPreview, ExportRequest, ExportState, ExportStatus
from herwa_shared.exports.tables import TABLES
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.services.channels import ChannelInfo
from herwa_web.pages.exports import texts
from herwa_web.pages.guild.channel_views import describe_place, format_name
from herwa_web.pages.target_options import Option

TONES = {ExportState.READY.value: "green", ExportState.FAILED.value: "red", PAUSED: "amber"}


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An export. `percent` is its progress, -1 if it is not in progress. `note` says what else is known about it."""

    key: str
    label: str
    state: str
    tone: str
    facts: list[str]
    percent: int
    note: str
    is_running: bool
    is_paused: bool
    is_ready: bool


@dataclass(frozen=True, slots=True)
class PreviewBar:
    """How many rows of a kind of data an export would have; `share` of the most, in percent."""

    label: str
    rows: str
    share: int


@dataclass(frozen=True, slots=True)
class ExportPreviewView:
    """What a new export would hold; `refusal` is what does not allow it."""

    summary: str = ""
    border: str = ""
    bars: tuple[PreviewBar, ...] = ()
    refusal: str = ""


def build_rows(
    statuses: Sequence[ExportStatus], zone: ZoneInfo, channels: Mapping[int, ChannelInfo]
) -> list[ExportRow]:
    """Build the rows of exports, newest first."""
    return [_build_row(status, zone, channels) for status in statuses]


def build_channel_options(channels: Iterable[ChannelInfo]) -> list[Option]:
    """Build the options of the channel; deleted ones, which have a history, at the end."""
    ordered = sorted(channels, key=lambda channel: channel.is_deleted)
    return [Option(str(channel.id), _label_channel(channel)) for channel in ordered]


def build_preview(preview: ExportPreview, zone: ZoneInfo, refusal: str) -> ExportPreviewView:
    """Build what a new export would hold, with a bar for each kind of data."""
    counts: dict[str, int] = {}
    for part in preview.parts:
        data_set = TABLES[part.table].data_set
        assert data_set is not None
        counts[data_set] = counts.get(data_set, 0) + part.estimated_rows
    most = max(counts.values(), default=1)
    bars = tuple(
        PreviewBar(title, texts.format_rows(counts[data_set]), max(1, round(100 * counts[data_set] / most)))
        for data_set, (title, _) in texts.DATA_SETS.items()
        if data_set in counts
    )
    if not preview.rows:
        return ExportPreviewView(texts.EMPTY, refusal=refusal)
    summary = texts.format_preview(preview.rows, preview.size, len(preview.parts))
    return ExportPreviewView(summary, texts.format_border(_format_day(preview.border_at, zone)), bars, refusal)


def _build_row(status: ExportStatus, zone: ZoneInfo, channels: Mapping[int, ChannelInfo]) -> ExportRow:
    percent = min(99, round(100 * status.rows / max(status.total_rows, 1))) if status.is_open else -1
    return ExportRow(
        str(status.id),
        texts.format_title([data_set.value for data_set in status.request.data_sets]),
        texts.STATES[status.state],
        TONES.get(status.state, ""),
        _list_facts(status, zone, channels),
        percent,
        _describe(status) if status.is_open else texts.ERRORS.get(status.error or "", ""),
        status.is_open,
        status.state == PAUSED,
        status.state == ExportState.READY,
    )


def _list_facts(status: ExportStatus, zone: ZoneInfo, channels: Mapping[int, ChannelInfo]) -> list[str]:
    request = status.request
    facts = [
        texts.FORMATS[request.format][0],
        _format_period(request, zone),
    ]
    if request.channel_id:
        channel = channels.get(request.channel_id)
        facts.append(texts.UNKNOWN_CHANNEL if channel is None else format_name(channel))
    if request.with_members:
        facts.append(texts.WITH_PSEUDONYMS if request.with_pseudonyms else texts.WITH_MEMBERS)
    if status.state == ExportState.READY and status.expires_at is not None:
        facts += [
            texts.format_rows(status.rows),
            texts.format_size(status.size or 0),
            texts.format_expiry(format_local_time(status.expires_at, zone)),
        ]
    return facts


def _label_channel(channel: ChannelInfo) -> str:
    place = describe_place(channel)
    label = f"{format_name(channel)} ({place})" if place else format_name(channel)
    return texts.format_deleted(label) if channel.is_deleted else label


def _describe(status: ExportStatus) -> str:
    rate = 0.0 if status.state == PAUSED else status.rows_per_second
    left = None if status.seconds_left is None else round(status.seconds_left)
    return texts.format_progress(status.rows, status.total_rows, rate, left)


def _format_period(request: ExportRequest, zone: ZoneInfo) -> str:
    is_everything = request.from_at <= DISCORD_EPOCH
    start = "" if is_everything else _format_day(request.from_at, zone)
    return texts.format_period(start, _format_day(request.to_at, zone))


def _format_day(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{format_day(local)}, {local.year}"
