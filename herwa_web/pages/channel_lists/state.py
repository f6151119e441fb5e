"""State of the channel lists page: lists and the editor."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services.channel_lists import list_channel_lists
from herwa_shared.services.channels import list_places
from herwa_shared.services.discovery import load_surfaces
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.settings_surfaces import CHANNEL_COMMANDS, CHANNELS_PAGE
from herwa_web import app_context, auth
from herwa_web.page_names import load_page_names
from herwa_web.pages.channel_lists import texts
from herwa_web.pages.channel_lists.view_models import (
    ListCard,
    ListsData,
    PlaceChoice,
    build_cards,
    build_choices,
    build_list_change,
    describe_list_effects,
)
from herwa_web.pages.target_options import Option, build_what_options, select_commands
from herwa_web.saving.state import SettingsPageState
from herwa_web.turns import new_turn

MAX_TARGET_LENGTH = 90


class ChannelListsState(SettingsPageState, rx.State):
    """State of the channel lists page. `edited` is the target in the editor, empty for a new list."""

    cards: list[ListCard] = rx.field(default_factory=list)
    module_options: list[Option] = rx.field(default_factory=list)
    feature_options: list[Option] = rx.field(default_factory=list)
    command_options: list[Option] = rx.field(default_factory=list)
    editing: bool = False
    edited: str = ""
    edited_label: str = ""
    choices: list[PlaceChoice] = rx.field(default_factory=list)
    serial: str = ""
    form_error: str = ""
    _data: ListsData | None = None

    @rx.event(background=True, temporal=True)
    async def open_editor(self, key: str) -> Any:
        """Open the editor for a list, or for a new one with an empty key."""
        return await self._edit(lambda: self._open_editor(str(key)))

    @rx.event(background=True, temporal=True)
    async def close_editor(self) -> Any:
        """Close the editor without a change."""
        return await self._edit(self._close_editor)

    @rx.event(background=True, temporal=True)
    async def put_list(self, form: dict[str, Any]) -> Any:
        """Add the submitted list to the unsaved changes."""
        return await self._edit(lambda: self._put_list(form))

    @rx.event(background=True, temporal=True)
    async def delete_list(self, key: str) -> Any:
        """Add the removal of a list to the unsaved changes, or take its change out of them."""
        return await self._edit(lambda: self._delete_list(str(key)))

    def _get_surface(self) -> Surface:
        return CHANNELS_PAGE

    def _list_write_surfaces(self, _changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        return CHANNEL_COMMANDS

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> ListsData:
        names = await load_page_names(guild.id)
        async with app_context.get_stores().database.transaction() as session:
            lists = await list_channel_lists(session, guild_id=guild.id)
            return ListsData(
                guild,
                await load_policy(session, guild_id=guild.id, global_policy=await load_global_policy(session)),
                select_commands(await load_surfaces(session)),
                await list_places(session, guild_id=guild.id),
                {f"{item.target_kind}:{item.target_key}": tuple(sorted(item.place_ids)) for item in lists},
                names,
                utc_now(),
            )

    def _present(self, data: ListsData) -> None:
        self._data, self._names = data, data.names
        self.module_options, self.feature_options, self.command_options = build_what_options(data.commands)
        self._show_draft()

    def _present_draft(self) -> None:
        if self._data is not None:
            self.cards = build_cards(self._data, self._draft)

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        return describe_list_effects(self._data, changes) if self._data else []

    def _open_editor(self, key: str) -> None:
        if self._data is None:
            return
        card = next((card for card in self.cards if card.key == key), None)
        change = self._draft.get(f"{SettingType.CHANNEL_LIST}:{key}")
        checked: Sequence[int] = self._data.lists.get(key, ())
        if change is not None and change.after is not None:
            checked = [int(place_id) for place_id in change.after["places"]]
        self.edited, self.edited_label = (card.key, card.label) if card else ("", "")
        self.choices = build_choices(self._data, checked if card else ())
        self.editing, self.form_error, self.serial = True, "", new_turn()

    def _close_editor(self) -> None:
        self.editing, self.form_error = False, ""

    def _put_list(self, form: Any) -> None:
        data = self._data
        if data is None or not isinstance(form, dict):
            return
        target = str(form.get("what") or self.edited)[:MAX_TARGET_LENGTH]
        known = {place.id for place in data.places}
        fields = {field for field, value in form.items() if str(field).startswith("place:") and value}
        place_ids = [place_id for place_id in known if f"place:{place_id}" in fields]
        if target.partition(":")[0] not in list(TargetKind):
            self.form_error = texts.CHOOSE_WHAT
        elif not place_ids:
            self.form_error = texts.CHOOSE_PLACES
        else:
            self._put_change(build_list_change(target, place_ids, data))
            self._close_editor()
        self.announcement = self.form_error

    def _delete_list(self, key: str) -> None:
        data, draft_key = self._data, f"{SettingType.CHANNEL_LIST}:{key}"
        if draft_key in self._draft:
            self._drop_change(draft_key)
        elif data is not None and key in data.lists:
            self._put_change(build_list_change(key, (), data))
