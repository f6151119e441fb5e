"""State of pages that change settings: unsaved changes, the save bar, conflicts, undo.

A page collects `SettingChange`s with `_put_change`. Nothing is saved before `save`, which asks Discord for the user's
rights again. If someone else has changed one of the settings meanwhile, nothing is saved and the user decides.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Surface
from herwa_shared.errors import Forbidden
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.rule_tests import load_role_permissions
from herwa_shared.services.setting_changes import (
    SettingChange,
    SettingConflict,
    SettingsChanged,
    has_same_effect,
    save_changes,
)
from herwa_shared.services.undo import undo_entries
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import PageNames, load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.saving import texts
from herwa_web.saving.view_models import (
    ChangeView,
    ConflictView,
    build_change_view,
    build_conflict_view,
    get_change_key,
)


def create_field(default_factory: Callable[[], Any]) -> Any:
    """Create a field of a mixin. mypy does not know `rx.field` in classes with `mixin=True`."""
    return rx.field(default_factory=default_factory)


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """Changes that are saved while the page still shows the data from before; by key, with their audit entries."""

    changes: Mapping[str, SettingChange]
    entry_ids: tuple[int, ...]


class SettingsPageState(GuildPageState, rx.State, mixin=True):
    """State of a page that changes settings.

    `effects` are sentences that say who is affected by the unsaved changes. `saved_text` confirms the last save, which
    `undo_save` undoes.
    """

    changes: list[ChangeView] = create_field(list)
    change_count: str = ""
    effects: list[str] = create_field(list)
    conflicts: list[ConflictView] = create_field(list)
    saving: bool = False
    save_error: str = ""
    saved_text: str = ""
    can_undo: bool = False
    _draft: dict[str, SettingChange] = create_field(dict)
    _open_conflicts: tuple[SettingConflict, ...] = ()
    _entry_ids: tuple[int, ...] = ()
    _last_changes: tuple[SettingChange, ...] = ()
    _unconfirmed: SavedDraft | None = None
    _names: PageNames = create_field(PageNames)

    @rx.event(background=True, temporal=True)
    async def save(self) -> Any:
        """Save all changes, or none of them if someone else has changed one of the settings."""
        return await self._save_draft()

    @rx.event(background=True, temporal=True)
    async def undo_save(self) -> Any:
        """Undo the last save, unless one of its settings was changed again."""
        async with self._get_order_lock(), self:
            if self.saving or not self._entry_ids:
                return None
            self.saving, self.save_error = True, ""
            url, turn, entry_ids, changes = self.router.url, self._turn, self._entry_ids, self._last_changes
        try:
            visitor, guild = await self._authorize_write(url, changes)
            await asyncio.shield(asyncio.create_task(_undo(guild.id, entry_ids, build_actor(visitor))))
        except Exception as error:  # noqa: BLE001 - `_show_save_failure` logs it and shows it
            return await self._show_save_failure(error, url, turn)
        async with self:
            if self._is_on_server(url):
                self.saving, self.can_undo, self._entry_ids = False, False, ()
                self.saved_text = self.announcement = self._format_undone()
        return await self._load_page()

    @rx.event(background=True, temporal=True)
    async def discard(self) -> Any:
        """Forget all unsaved changes."""
        return await self._edit(self._discard_changes)

    @rx.event(background=True, temporal=True)
    async def discard_change(self, key: str) -> Any:
        """Forget one unsaved change."""
        return await self._edit(lambda: self._drop_change(str(key)))

    @rx.event(background=True, temporal=True)
    async def keep_theirs(self) -> Any:
        """Resolve the conflicts: forget the user's changes of these settings."""
        return await self._edit(self._take_current_values)

    @rx.event(background=True, temporal=True)
    async def use_mine(self) -> Any:
        """Resolve the conflicts: keep the user's changes, now in place of the current values, and save."""
        return await self._edit(self._rebase_changes) or await self._save_draft()

    @rx.event(background=True, temporal=True)
    async def close_saved(self) -> Any:
        """Hide the confirmation of the last save."""
        return await self._edit(self._forget_saved)

    async def _save_draft(self) -> Any:
        async with self._get_order_lock(), self:
            if self.saving or not self._draft:
                return None
            self.saving, self.save_error, self.conflicts = True, "", []
            url, turn, draft = self.router.url, self._turn, dict(self._draft)
        try:
            changes = tuple(draft.values())
            visitor, guild = await self._authorize_write(url, changes)
            entry_ids = await asyncio.shield(asyncio.create_task(_save(guild.id, changes, build_actor(visitor))))
        except SettingsChanged as error:
            return await self._show_conflicts(error, url)
        except Exception as error:  # noqa: BLE001 - `_show_save_failure` logs it and shows it
            return await self._show_save_failure(error, url, turn)
        async with self:
            if self._is_on_server(url):
                self._unconfirmed = SavedDraft(draft, entry_ids)
        failure = await self._load_page()
        async with self:
            self._confirm_save()
        return failure

    def _prepare_present(self) -> None:
        self._confirm_save()

    def _confirm_save(self) -> None:
        """Forget the saved changes at the moment when the page shows the saved values, and say that they are saved.

        What the user has changed meanwhile stays, and starts from the saved values.
        """
        if self._unconfirmed is None:
            return
        saved, self._unconfirmed = self._unconfirmed, None
        later = list_later_changes(self._draft, saved.changes)
        self._forget_changes()
        self._draft = later
        self._show_draft()
        self._last_changes, self._entry_ids = tuple(saved.changes.values()), saved.entry_ids
        self.can_undo = bool(saved.entry_ids)
        self.saved_text = self._format_saved(len(saved.changes)) if saved.entry_ids else texts.NOTHING_CHANGED
        self.announcement = self.saved_text

    def _list_write_surfaces(self, changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        """List the surfaces that a user needs to save or undo these changes, besides the page's own."""
        raise NotImplementedError

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        """Describe who is affected by the unsaved changes."""
        raise NotImplementedError

    def _format_saved(self, count: int) -> str:
        """Say that changes were saved, and when they are in force."""
        return texts.format_saved(count)

    def _format_undone(self) -> str:
        """Say that the last save was undone."""
        return texts.UNDONE

    def _present_draft(self) -> None:
        """Set the vars of the page that depend on the unsaved changes."""
        raise NotImplementedError

    def _put_change(self, change: SettingChange, key: str = "") -> None:
        """Add a change, or replace the one of the same setting; a change to the present value removes it."""
        key = key or get_change_key(change)
        self._forget_saved()
        if key in self._draft:
            change = replace(change, before=self._draft[key].before)
        self._draft = {other_key: other for other_key, other in self._draft.items() if other_key != key}
        if not has_same_effect(change.type, change.before, change.after):
            self._draft[key] = change
        self._show_draft()

    def _drop_change(self, key: str) -> None:
        self._draft = {other_key: change for other_key, change in self._draft.items() if other_key != key}
        self._show_draft()

    def _discard_changes(self) -> None:
        self._forget_changes()
        self._show_draft()

    def _take_current_values(self) -> None:
        for conflict in self._open_conflicts:
            self._draft = {key: change for key, change in self._draft.items() if change != conflict.change}
        self._forget_conflicts()
        self._show_draft()

    def _rebase_changes(self) -> None:
        """Let the changes start from the current values. A rule that someone removed is saved as a new one."""
        for conflict in self._open_conflicts:
            change = conflict.change
            rebased = SettingChange(change.type, conflict.target, conflict.current, change.after)
            self._draft = {key: rebased if other == change else other for key, other in self._draft.items()}
        self._forget_conflicts()
        self._show_draft()

    def _show_draft(self) -> None:
        """Show the unsaved changes in the bar and on the page."""
        changes = tuple(self._draft.values())
        self.changes = [build_change_view(key, change, self._names) for key, change in self._draft.items()]
        self.change_count = texts.format_change_count(len(changes)) if changes else ""
        self.effects = self._describe_effects(changes) if changes else []
        self.save_error = ""
        self._present_draft()

    def _forget_changes(self) -> None:
        self._draft, self.changes, self.change_count, self.effects = {}, [], "", []
        self.saving, self.save_error = False, ""
        self._forget_conflicts()

    def _forget_conflicts(self) -> None:
        self.conflicts, self._open_conflicts = [], ()

    def _forget_saved(self) -> None:
        self.saved_text, self.can_undo, self._entry_ids = "", False, ()

    async def _authorize_write(
        self, url: Any, changes: Sequence[SettingChange] = ()
    ) -> tuple[auth.Visitor, UserGuildInfo]:
        """Ask Discord for the user's rights again and authorize the page and the commands that do the same.

        Raises Forbidden, not AccessDenied, if only a command is refused: the page and the draft stay.
        """
        guild_id = parse_guild_id(url.path)
        visitor, guild = await auth.authorize_write(self, guild_id, self._get_surface())
        try:
            for surface in self._list_write_surfaces(changes):
                await auth.authorize(visitor, guild_id, surface)
        except AccessDenied as denial:
            raise Forbidden(str(denial)) from denial
        return visitor, guild

    async def _show_denial(self, denial: AccessDenied, guild_id: str) -> None:
        """Show the refusal of the page. The draft stays, unseen, until the page can be opened again."""
        draft = self._draft if guild_id == self._guild_id else {}
        await super()._show_denial(denial, guild_id)
        self._draft = draft

    def _is_on_server(self, url: Any) -> bool:
        """Return whether this state still belongs to the server of a URL."""
        return self._guild_id == parse_guild_id(url.path)

    async def _show_conflicts(self, error: SettingsChanged, url: Any) -> Any:
        member_ids = _list_member_ids(error.conflicts)
        names = await load_page_names(int(parse_guild_id(url.path)), member_ids=member_ids)
        async with self:
            if self._is_on_server(url):
                self.saving, self._open_conflicts = False, error.conflicts
                self.conflicts = [build_conflict_view(conflict, names, names.zone) for conflict in error.conflicts]
                self.announcement = texts.CONFLICT_TITLE
        return await self._load_page()

    async def _show_save_failure(self, error: Exception, url: Any, turn: str) -> Any:
        if isinstance(error, ACCESS_ERRORS):
            return await self._show_failure(error, url, turn)
        text = describe_error(error)
        async with self:
            if self._is_on_server(url):
                self.saving, self.save_error, self.announcement = False, text, text
        return None


def list_later_changes(
    draft: Mapping[str, SettingChange], saved: Mapping[str, SettingChange]
) -> dict[str, SettingChange]:
    """List the changes of a draft that were made while others were saved; both by key.

    A setting that was saved starts from its saved value. One that is no longer in the draft was changed back.
    """
    later = {
        key: replace(change, before=saved[key].after) if key in saved and change.target else change
        for key, change in draft.items()
        if change != saved.get(key)
    }
    for key, change in saved.items():
        if key not in draft and change.target:
            later[key] = replace(change, before=change.after, after=change.before)
    return later


async def _save(guild_id: int, changes: Sequence[SettingChange], actor: Actor) -> tuple[int, ...]:
    database = app_context.get_stores().database
    role_permissions = await load_role_permissions(database, app_context.get_guild_reader(), guild_id=guild_id)
    async with open_write_transaction(database) as session:
        return await save_changes(
            session, guild_id=guild_id, changes=changes, actor=actor, role_permissions=role_permissions
        )


async def _undo(guild_id: int, entry_ids: Sequence[int], actor: Actor) -> None:
    async with open_write_transaction(app_context.get_stores().database) as session:
        await undo_entries(session, guild_id=guild_id, entry_ids=entry_ids, actor=actor)


def build_actor(visitor: auth.Visitor) -> Actor:
    """Build the author of a change for the audit log."""
    return Actor(ChangeSource.WEB, visitor.user.user_id, visitor.user.name)


def _list_member_ids(conflicts: Sequence[SettingConflict]) -> set[int]:
    """List the members whose names the conflicts need."""
    values: list[SettingValue | None] = []
    for conflict in conflicts:
        values += [conflict.change.before, conflict.change.after, conflict.current]
    return {int(value["subject_id"]) for value in values if value and value.get("subject_kind") == "member"}
