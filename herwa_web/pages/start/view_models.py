"""View models of the page with the first steps: each step, whether it is done, and the link that fixes it."""

from dataclasses import dataclass
from datetime import datetime

from herwa_shared.charts.formatting import format_day
from herwa_shared.discord.bot_checkup import BotCheckup
from herwa_shared.guardrail.texts import format_local_time
from herwa_shared.services.backfills import BackfillState, BackfillStatus
from herwa_shared.services.channels import PlaceInfo
from herwa_shared.services.guild_settings import GuildSettings
from herwa_shared.services.texts import NOTHING_TO_BACKFILL
from herwa_web.page_names import PageNames
from herwa_web.pages.start import texts

MAX_LISTED_CHANNELS = 12
READ_HISTORY = "read_message_history"


@dataclass(frozen=True, slots=True)
class StepView:
    """A step. `href` is where it is fixed: a page of the server, or Discord if `is_external`.

    `listed` are names that belong to the text; `percent` is the progress, -1 without one. `can_start_import`: the step
    has a button that starts the import of past messages.
    """

    label: str
    text: str
    is_done: bool
    listed: list[str]
    href: str = ""
    link_label: str = ""
    is_external: bool = False
    percent: int = -1
    can_start_import: bool = False


@dataclass(frozen=True, slots=True)
class StartData:
    """The data of the page. `checkup` is None while Discord does not answer.

    `import_begin` is from when on messages can be imported; None if an import cannot be started.
    """

    guild_id: int
    settings: GuildSettings
    checkup: BotCheckup | None
    places: tuple[PlaceInfo, ...]
    backfill: BackfillStatus | None
    import_begin: datetime | None
    first_hour: datetime | None
    invite_url: str
    names: PageNames


def build_steps(data: StartData) -> list[StepView]:
    """Build the steps in the order in which a new server needs them."""
    return [
        _build_permission_step(data),
        _build_channel_step(data),
        _build_zone_step(data),
        _build_import_step(data),
        _build_request_step(data),
        _build_number_step(data),
    ]


def _build_permission_step(data: StartData) -> StepView:
    if data.checkup is None:
        return StepView(texts.PERMISSIONS, texts.UNKNOWN_ACCESS, False, [])
    missing = [texts.PERMISSION_NAMES[name] for name in data.checkup.missing_permissions]
    if not missing:
        return StepView(texts.PERMISSIONS, texts.ALL_PERMISSIONS, True, [])
    return StepView(
        texts.PERMISSIONS,
        texts.format_missing(missing),
        False,
        [],
        href=data.invite_url,
        link_label=texts.FIX,
        is_external=True,
    )


def _build_channel_step(data: StartData) -> StepView:
    if data.checkup is None:
        return StepView(texts.CHANNELS, texts.UNKNOWN_ACCESS, False, [])
    channels = [place for place in data.places if not place.is_category and not place.is_deleted]
    hidden = [place.name for place in channels if place.id in data.checkup.hidden_ids]
    text = texts.format_channels(len(channels) - len(hidden), len(channels))
    more = len(hidden) - MAX_LISTED_CHANNELS
    items = hidden[:MAX_LISTED_CHANNELS] + ([texts.format_more_channels(more)] if more > 0 else [])
    return StepView(texts.CHANNELS, f"{text} {texts.HIDDEN_HINT}" if hidden else text, not hidden, items)


def _build_zone_step(data: StartData) -> StepView:
    is_done = data.settings.is_zone_chosen
    return StepView(
        texts.TIME_ZONE,
        texts.format_zone(data.settings.zone.key) if is_done else texts.NO_ZONE,
        is_done,
        [],
        href=f"/g/{data.guild_id}/settings",
        link_label=texts.CHANGE if is_done else texts.CHOOSE_ZONE,
    )


def _build_import_step(data: StartData) -> StepView:
    status, begin = data.backfill, data.import_begin
    if status is None and begin is None:
        return StepView(texts.HISTORY, NOTHING_TO_BACKFILL, True, [])
    if status is None or status.state is BackfillState.FINISHED:
        parts = [texts.NO_HISTORY] if status is None else [texts.format_imported(status.fetched)]
        if begin is not None:
            parts.append(texts.format_import_begin(_format_date(begin, data)))
        can_start = begin is not None and READ_HISTORY not in (data.checkup.missing_permissions if data.checkup else ())
        return StepView(texts.HISTORY, " ".join(parts), begin is None, [], can_start_import=can_start)
    percent = int(status.done_share * 100)
    text = texts.format_import(status.fetched, percent)
    if status.state is BackfillState.PAUSED:
        text = texts.IMPORT_PAUSED
    elif status.channels is None:
        text = texts.IMPORT_PLANNED
    return StepView(texts.HISTORY, text, False, [], percent=percent)


def _build_request_step(data: StartData) -> StepView:
    channel_id = data.settings.request_channel_id
    text = texts.format_request_channel(data.names.format_channel(channel_id)) if channel_id else ""
    return StepView(
        texts.REQUESTS,
        text or texts.NO_REQUEST_CHANNEL,
        bool(channel_id),
        [],
        href=f"/g/{data.guild_id}/settings",
        link_label=texts.CHANGE if channel_id else texts.CHOOSE_CHANNEL,
    )


def _build_number_step(data: StartData) -> StepView:
    if data.first_hour is None:
        return StepView(texts.NUMBERS, texts.NO_NUMBERS, False, [])
    text = texts.format_first_hour(format_local_time(data.first_hour, data.names.zone))
    return StepView(texts.NUMBERS, text, True, [], href=f"/g/{data.guild_id}", link_label=texts.OPEN_OVERVIEW)


def _format_date(moment: datetime, data: StartData) -> str:
    local = moment.astimezone(data.names.zone)
    return f"{format_day(local)}, {local.year}"
