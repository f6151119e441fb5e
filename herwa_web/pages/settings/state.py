"""State of the settings page: time, data about members, support channels, requests for access."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.services.channels import list_places
from herwa_shared.services.guild_settings import WEEK_STARTS, GuildSetting, load_guild_settings
from herwa_shared.services.message_subscribers import MessageTopic, load_message_choice, set_subscription
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.services.support_channels import list_support_channels
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.settings_surfaces import TICKET_COMMANDS
from herwa_shared.zone_names import list_zone_names
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS
from herwa_web.pages.settings import texts
from herwa_web.pages.settings.view_models import (
    MESSAGE_KINDS,
    THREAD_KINDS,
    ChannelChip,
    SettingsData,
    build_channel_options,
    build_chips,
    build_mark_change,
    build_setting_change,
    describe_setting_effects,
    describe_zone,
    find_unlisted_zone,
    get_drafted_value,
    list_drafted_marks,
)
from herwa_web.pages.target_options import Option
from herwa_web.saving.state import SettingsPageState
from herwa_web.surfaces import SETTINGS


class SettingsState(SettingsPageState, rx.State):
    """State of the settings page. The values contain the unsaved changes."""

    time_zone: str = ""
    unlisted_zone: str = ""
    zone_hint: str = ""
    week_start: str = ""
    audience: str = ""
    request_channel: str = ""
    request_channels: list[Option] = rx.field(default_factory=list)
    support_channels: list[ChannelChip] = rx.field(default_factory=list)
    other_channels: list[Option] = rx.field(default_factory=list)
    is_subscribed: bool = False
    is_muted: bool = False
    _data: SettingsData | None = None

    @rx.event(background=True, temporal=True)
    async def put_value(self, name: str, value: str) -> Any:
        """Set a setting, without saving. Unknown settings and values are ignored."""
        return await self._edit(lambda: self._put_value(str(name), str(value)))

    @rx.event(background=True, temporal=True)
    async def mark_channel(self, key: str) -> Any:
        """Add a support channel, without saving."""
        return await self._edit(lambda: self._put_mark(str(key), is_marked=True))

    @rx.event(background=True, temporal=True)
    async def unmark_channel(self, key: str) -> Any:
        """Remove a support channel, without saving."""
        return await self._edit(lambda: self._put_mark(str(key), is_marked=False))

    @rx.event(background=True, temporal=True)
    async def toggle_messages(self) -> Any:
        """Switch the user's own messages about requests on or off, at once."""
        async with self._get_order_lock():
            return await self._toggle_messages()

    async def _toggle_messages(self) -> Any:
        async with self:
            url, turn, is_on = self.router.url, self._turn, not self.is_subscribed
        try:
            visitor, guild = await self._authorize_write(url)
            async with open_write_transaction(app_context.get_stores().database) as session:
                await set_subscription(
                    session,
                    guild_id=guild.id,
                    topic=MessageTopic.REQUESTS,
                    user_id=visitor.user.user_id,
                    subscribed=is_on,
                )
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            return rx.toast.error(describe_error(error), id="messages")
        text = texts.MESSAGES_ON if is_on else texts.MESSAGES_OFF
        async with self:
            if self._is_on_server(url):
                self.is_subscribed, self.announcement = is_on, text
        return rx.toast.success(text, id="messages")

    def _get_surface(self) -> Surface:
        return SETTINGS

    def _list_write_surfaces(self, changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        return TICKET_COMMANDS if any(change.type is SettingType.SUPPORT_CHANNEL for change in changes) else ()

    async def _fetch(self, visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> SettingsData:
        names = await load_page_names(guild.id)
        async with app_context.get_stores().database.transaction() as session:
            return SettingsData(
                await load_guild_settings(session, guild_id=guild.id),
                tuple(await list_support_channels(session, guild_id=guild.id)),
                await list_places(session, guild_id=guild.id),
                await load_message_choice(
                    session, guild_id=guild.id, topic=MessageTopic.REQUESTS, user_id=visitor.user.user_id
                ),
                names,
                utc_now(),
            )

    def _present(self, data: SettingsData) -> None:
        self._data, self._names = data, data.names
        self.is_subscribed, self.is_muted = data.messages.is_subscribed, data.messages.is_muted
        self.request_channels = build_channel_options(data, MESSAGE_KINDS)
        self._show_draft()

    def _present_draft(self) -> None:
        data = self._data
        if data is None:
            return
        self.time_zone = get_drafted_value(data, self._draft, GuildSetting.TIME_ZONE)
        self.unlisted_zone = find_unlisted_zone(self.time_zone)
        self.zone_hint = describe_zone(self.time_zone, data.now)
        self.week_start = get_drafted_value(data, self._draft, GuildSetting.WEEK_START)
        self.audience = get_drafted_value(data, self._draft, GuildSetting.MEMBER_AUDIENCE)
        self.request_channel = get_drafted_value(data, self._draft, GuildSetting.REQUEST_CHANNEL)
        self.support_channels = build_chips(data, self._draft)
        marked = list_drafted_marks(data, self._draft)
        self.other_channels = build_channel_options(data, THREAD_KINDS, without=marked)

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        return describe_setting_effects(self._data, changes) if self._data else []

    def _put_value(self, name: str, value: str) -> None:
        allowed_values = {
            GuildSetting.TIME_ZONE: list_zone_names(),
            GuildSetting.WEEK_START: frozenset(map(str, WEEK_STARTS)),
            GuildSetting.MEMBER_AUDIENCE: frozenset(MemberAudience),
            GuildSetting.REQUEST_CHANNEL: frozenset(["", *(option.value for option in self.request_channels)]),
        }
        if self._data is None or name not in set(GuildSetting) or value not in allowed_values[GuildSetting(name)]:
            return
        self._put_change(build_setting_change(self._data, GuildSetting(name), value))

    def _put_mark(self, key: str, *, is_marked: bool) -> None:
        keys = {option.value for option in self.other_channels} | {chip.key for chip in self.support_channels}
        if self._data is not None and key in keys:
            self._put_change(build_mark_change(self._data, int(key), is_marked=is_marked))
