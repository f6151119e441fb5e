"""View models of the settings page: values with the unsaved changes, channels, effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from herwa_shared.charts.formatting import WEEKDAYS, format_city, format_time
from herwa_shared.discord.constants import ChannelType
from herwa_shared.services.channels import PlaceInfo
from herwa_shared.services.guild_settings import GuildSetting, GuildSettings
from herwa_shared.services.message_subscribers import MessageChoice
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.zone_names import list_zone_names
from herwa_web.page_names import PageNames
from herwa_web.pages.settings import texts
from herwa_web.pages.target_options import Option

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
MARK_VALUE = {"marked": True}


@dataclass(frozen=True, slots=True)
class ChannelChip:
    """A support channel. `state` says that it was deleted, or that its mark is not saved yet."""

    key: str
    label: str
    is_new: bool
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class SettingsData:
    """The data of the page. `support_channels` are ids; `messages` are about requests."""

    settings: GuildSettings
    support_channels: tuple[int, ...]
    places: tuple[PlaceInfo, ...]
    messages: MessageChoice
    names: PageNames
    now: datetime


Draft = Mapping[str, SettingChange]


def list_zone_groups() -> list[tuple[str, list[Option]]]:
    """List the time zones by region, for a select; aliases without a region are left out."""
    names = sorted(list_zone_names())
    groups = [
        (region, [Option(name, _format_zone(name)) for name in names if name.startswith(f"{region}/")])
        for region in REGIONS
    ]
    return [*groups, (texts.OTHER_ZONES, [Option("UTC", "UTC")])]


def find_unlisted_zone(zone: str) -> str:
    """Return a zone that `list_zone_groups` leaves out, else an empty string."""
    is_listed = zone == "UTC" or zone.partition("/")[0] in REGIONS
    return "" if is_listed else zone


def get_drafted_value(data: SettingsData, draft: Draft, setting: GuildSetting) -> str:
    """Return the value of a setting with the unsaved change."""
    change = draft.get(f"{SettingType.GUILD}:{setting}")
    value = data.settings.get_value(setting) if change is None else change.after
    return "" if value is None else str(value["value"])


def build_setting_change(data: SettingsData, setting: GuildSetting, text: str) -> SettingChange:
    """Build the change that sets a setting to a value as a control sends it."""
    value = int(text) if setting is GuildSetting.WEEK_START else text
    return SettingChange(SettingType.GUILD, setting, data.settings.get_value(setting), {"value": value})


def build_mark_change(data: SettingsData, channel_id: int, *, is_marked: bool) -> SettingChange:
    """Build the change that marks a channel as a support channel, or removes the mark."""
    before = MARK_VALUE if channel_id in data.support_channels else None
    return SettingChange(SettingType.SUPPORT_CHANNEL, str(channel_id), before, MARK_VALUE if is_marked else None)


def build_chips(data: SettingsData, draft: Draft) -> list[ChannelChip]:
    """Build the support channels with the unsaved changes; those that were marked first are the first."""
    places = {place.id: place for place in data.places}
    return [
        ChannelChip(
            str(channel_id),
            data.names.format_channel(channel_id),
            channel_id not in data.support_channels,
            channel_id in places and places[channel_id].is_deleted,
        )
        for channel_id in list_drafted_marks(data, draft)
    ]


def list_drafted_marks(data: SettingsData, draft: Draft) -> list[int]:
    """List the ids of the support channels with the unsaved changes."""
    changes = {int(change.target): change for change in draft.values() if change.type is SettingType.SUPPORT_CHANNEL}
    kept = [
        channel_id
        for channel_id in data.support_channels
        if channel_id not in changes or changes[channel_id].after is not None
    ]
    return kept + [id_ for id_, change in changes.items() if change.after is not None and id_ not in kept]


def build_channel_options(data: SettingsData, kinds: frozenset[int], *, without: Sequence[int] = ()) -> list[Option]:
    """Build the options of a select of channels of some kinds, without deleted ones."""
    return [
        Option(str(place.id), place.name)
        for place in data.places
        if place.kind in kinds and not place.is_deleted and place.id not in without
    ]


MESSAGE_KINDS = frozenset((int(ChannelType.TEXT), int(ChannelType.NEWS)))
THREAD_KINDS = MESSAGE_KINDS | {int(ChannelType.FORUM)}
"""Channels in which `/tickets mark` finds threads."""


def describe_setting_effects(data: SettingsData, changes: Sequence[SettingChange]) -> list[str]:
    """Describe what the unsaved changes do."""
    return [_describe_change(data, change) for change in changes]


def describe_zone(zone: str, now: datetime) -> str:
    """Say what time it is in a zone."""
    return texts.format_local_time(format_time(now.astimezone(ZoneInfo(zone))), format_city(ZoneInfo(zone)))


def _describe_change(data: SettingsData, change: SettingChange) -> str:
    if change.type is SettingType.SUPPORT_CHANNEL:
        channel = data.names.format_channel(int(change.target))
        return texts.format_mark_effect(channel, is_marked=change.after is not None)
    assert change.after is not None
    value = str(change.after["value"])
    match GuildSetting(change.target):
        case GuildSetting.TIME_ZONE:
            return texts.format_zone_effect(value)
        case GuildSetting.WEEK_START:
            return texts.format_week_effect(WEEKDAYS[int(value) - 1])
        case GuildSetting.MEMBER_AUDIENCE:
            return texts.format_audience_effect(texts.AUDIENCES[value][0])
        case GuildSetting.REQUEST_CHANNEL:
            return texts.format_request_effect(data.names.format_channel(int(value)) if value else "")


def _format_zone(name: str) -> str:
    """Format a zone within its region: `Argentina, Buenos Aires`."""
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")
