"""Settings of a guild: time zone, first day of the week, who sees data about members, channel for access requests."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.models import Guild
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.rule_targets import require_places
from herwa_shared.zone_names import parse_zone

WEEK_STARTS = (1, 6, 7)
"""First days of the week that are in use somewhere: Monday, Saturday, Sunday."""


class GuildSetting(StrEnum):
    """The settings, by the column of the table `guild` in which they are stored."""

    TIME_ZONE = "timezone"
    WEEK_START = "week_start"
    MEMBER_AUDIENCE = "member_audience"
    REQUEST_CHANNEL = "request_channel_id"


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """The settings of a guild. `week_start` is an ISO weekday; `request_channel_id` is None without a channel.

    `is_zone_chosen`: the guild has chosen its time zone; until then it is UTC.
    """

    zone: ZoneInfo
    week_start: int
    member_audience: MemberAudience
    request_channel_id: int | None
    is_zone_chosen: bool = field(default=True, compare=False)

    def get_value(self, setting: GuildSetting) -> SettingValue:
        """Return a setting as the audit log stores it; a channel's id is a text there."""
        channel = "" if self.request_channel_id is None else str(self.request_channel_id)
        values: Mapping[GuildSetting, str | int] = {
            GuildSetting.TIME_ZONE: self.zone.key,
            GuildSetting.WEEK_START: self.week_start,
            GuildSetting.MEMBER_AUDIENCE: self.member_audience.value,
            GuildSetting.REQUEST_CHANNEL: channel,
        }
        return {"value": values[setting]}


DEFAULT_SETTINGS = GuildSettings(ZoneInfo("UTC"), 1, MemberAudience.INSIGHTS, None)


async def load_guild_settings(session: AsyncSession, *, guild_id: int) -> GuildSettings:
    """Load the settings of a guild; the defaults for an unknown one."""
    query = select(Guild.timezone, Guild.week_start, Guild.member_audience, Guild.request_channel_id)
    row = (await session.execute(query.where(col(Guild.id) == guild_id))).one_or_none()
    if row is None:
        return DEFAULT_SETTINGS
    return GuildSettings(
        ZoneInfo(row[0] or "UTC"), row[1], MemberAudience(row[2]), row[3], is_zone_chosen=row[0] is not None
    )


async def set_guild_setting(
    session: AsyncSession, *, guild_id: int, setting: str, value: SettingValue, actor: Actor
) -> int | None:
    """Set a setting to `{"value": …}`; returns the id of the audit entry, None if nothing changed.

    Raises NotFound for an unknown setting or guild, and BadRequest for an invalid value.
    """
    if setting not in set(GuildSetting):
        raise NotFound(texts.UNKNOWN_SETTING)
    await _VALIDATORS[GuildSetting(setting)](session, guild_id, str(value["value"]))
    await lock_guild(session, guild_id)
    return await apply_change(
        session, GUILD_SETTING, guild_id=guild_id, target=setting, value={"value": value["value"]}, actor=actor
    )


async def _check_zone(_session: AsyncSession, _guild_id: int, text: str) -> None:
    parse_zone(text)


async def _check_week_start(_session: AsyncSession, _guild_id: int, text: str) -> None:
    if text not in map(str, WEEK_STARTS):
        raise BadRequest(texts.INVALID_WEEK_START)


async def _check_audience(_session: AsyncSession, _guild_id: int, text: str) -> None:
    if text not in set(MemberAudience):
        raise BadRequest(texts.INVALID_AUDIENCE)


async def _check_channel(session: AsyncSession, guild_id: int, text: str) -> None:
    if not text:
        return
    if not text.isascii() or not text.isdigit():
        raise BadRequest(texts.INVALID_PLACE)
    await require_places(session, guild_id, [int(text)])


_VALIDATORS: Mapping[GuildSetting, Callable[[AsyncSession, int, str], Awaitable[None]]] = MappingProxyType(
    {
        GuildSetting.TIME_ZONE: _check_zone,
        GuildSetting.WEEK_START: _check_week_start,
        GuildSetting.MEMBER_AUDIENCE: _check_audience,
        GuildSetting.REQUEST_CHANNEL: _check_channel,
    }
)


async def _read(session: AsyncSession, guild_id: int, target: str) -> SettingValue | None:
    settings = await load_guild_settings(session, guild_id=guild_id)
    return settings.get_value(GuildSetting(target))


async def _write(session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, _actor: Actor) -> None:
    assert value is not None, "these settings always have a value"
    stored = value["value"]
    if target == GuildSetting.REQUEST_CHANNEL:
        stored = int(stored) if stored else None
    await session.execute(update(Guild).where(col(Guild.id) == guild_id).values({target: stored}))


GUILD_SETTING = SettingKind(
    read=_read,
    write=_write,
    get_action=lambda _before, _after: "setting.set",
    format_title=lambda target, _value: texts.GUILD_SETTING_TITLES[target],
)
