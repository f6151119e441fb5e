"""State of the access rules page: rules, editor, matrix, templates, Try it, requests."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.services.access_requests import allow_request, dismiss_request
from herwa_shared.services.access_rules import parse_rule, to_setting_value
from herwa_shared.services.audit import Actor
from herwa_shared.services.rule_tests import add_rule_test, remove_rule_test
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.settings_surfaces import RULE_COMMANDS, RULES_PAGE
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.pages.guild_page_state import ACCESS_ERRORS
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData, apply_changes
from herwa_web.pages.rules.effects import describe_rule_effects
from herwa_web.pages.rules.loading import load_rules_data
from herwa_web.pages.rules.page_rights import RightsColumn, RightsRow, build_rights
from herwa_web.pages.rules.rule_form import (
    FormView,
    build_trial_options,
    build_who_options,
    fill_form,
    parse_form,
)
from herwa_web.pages.rules.rule_tests import (
    TestRow,
    build_test_rows,
    list_broken_tests,
    parse_test_form,
)
from herwa_web.pages.rules.templates import build_new_rule_change, build_template, get_scope
from herwa_web.pages.rules.trial import Trial, TrialView, run_trial
from herwa_web.pages.rules.view_models import (
    MatrixRow,
    RequestRow,
    RuleRow,
    build_cell_change,
    build_matrix,
    build_request_rows,
    build_rule_rows,
    list_matrix_members,
)
from herwa_web.pages.target_options import Option, build_what_options, build_where_options
from herwa_web.saving.state import SettingsPageState, build_actor
from herwa_web.turns import new_turn

RECENT_DAYS = timedelta(days=30)


class RulesState(SettingsPageState, rx.State):
    """State of the access rules page. `tab` is a key of `texts.TABS`."""

    tab: str = "rules"
    tab_hrefs: dict[str, str] = rx.field(default_factory=dict)
    requests_label: str = texts.TABS["requests"]
    rules: list[RuleRow] = rx.field(default_factory=list)
    columns: list[str] = rx.field(default_factory=list)
    matrix: list[MatrixRow] = rx.field(default_factory=list)
    tests: list[TestRow] = rx.field(default_factory=list)
    tests_label: str = texts.TABS["tests"]
    test_error: str = ""
    rights_columns: list[RightsColumn] = rx.field(default_factory=list)
    rights: list[RightsRow] = rx.field(default_factory=list)
    requests: list[RequestRow] = rx.field(default_factory=list)
    role_options: list[Option] = rx.field(default_factory=list)
    member_options: list[Option] = rx.field(default_factory=list)
    permission_options: list[Option] = rx.field(default_factory=list)
    module_options: list[Option] = rx.field(default_factory=list)
    feature_options: list[Option] = rx.field(default_factory=list)
    command_options: list[Option] = rx.field(default_factory=list)
    channel_options: list[Option] = rx.field(default_factory=list)
    category_options: list[Option] = rx.field(default_factory=list)
    editing: bool = False
    form: FormView = rx.field(default_factory=FormView)
    form_error: str = ""
    trial_commands: list[Option] = rx.field(default_factory=list)
    trial: TrialView = rx.field(default_factory=TrialView)
    trial_error: str = ""
    _data: RulesData | None = None

    @rx.event(background=True, temporal=True)
    async def open_editor(self, key: str) -> Any:
        """Open the editor for a rule, or for a new one with an empty key."""
        return await self._edit(lambda: self._open_editor(str(key)))

    @rx.event(background=True, temporal=True)
    async def close_editor(self) -> Any:
        """Close the editor without a change."""
        return await self._edit(self._close_editor)

    @rx.event(background=True, temporal=True)
    async def put_rule(self, form: dict[str, Any]) -> Any:
        """Add the submitted rule to the unsaved changes."""
        return await self._edit(lambda: self._put_rule(form))

    @rx.event(background=True, temporal=True)
    async def delete_rule(self, key: str) -> Any:
        """Add the deletion of a rule to the unsaved changes, or take a new rule out of them."""
        return await self._edit(lambda: self._delete_rule(str(key)))

    @rx.event(background=True, temporal=True)
    async def toggle_cell(self, key: str) -> Any:
        """Change the rule for a role and a command by a click on a cell of the matrix."""
        return await self._edit(lambda: self._toggle_cell(str(key)))

    @rx.event(background=True, temporal=True)
    async def use_template(self, form: dict[str, Any]) -> Any:
        """Add the rules of a template to the unsaved changes."""
        return await self._edit(lambda: self._use_template(form))

    @rx.event(background=True, temporal=True)
    async def try_command(self, form: dict[str, Any]) -> Any:
        """Show every step of a decision, with the unsaved changes."""
        failure = await self._edit(self._clear_trial)
        async with self:
            data, changes, url = self._data, tuple(self._draft.values()), self.router.url
        if failure is not None or data is None or not isinstance(form, dict):
            return failure
        try:
            trial = Trial(str(form.get("who")), str(form.get("command")), _parse_channel(form.get("channel")))
            view = await run_trial(trial, data, apply_changes(data.policy, changes), app_context.get_guild_reader())
        except HerwaError as error:
            async with self:
                self.trial_error = self.announcement = str(error)
            return None
        async with self:
            if self._is_at(url):
                self.trial, self.announcement = view, view.verdict
        return None

    @rx.event(background=True, temporal=True)
    async def decide_request(self, key: str, allow: bool) -> Any:
        """Allow a request for 24 hours, or decline it."""
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await self._authorize_write(url)
            await asyncio.shield(
                asyncio.create_task(_decide_request(guild.id, str(key), build_actor(visitor), allow=allow is True))
            )
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            return rx.toast.error(describe_error(error), id="request")
        text = texts.REQUEST_ALLOWED if allow is True else texts.REQUEST_DECLINED
        async with self:
            self.announcement = text
        await self._load_page()
        return rx.toast.success(text, id="request")

    @rx.event(background=True, temporal=True)
    async def add_test(self, form: dict[str, Any]) -> Any:
        """Add a test of the rules, at once."""
        async with self:
            data, self.test_error = self._data, ""
        if data is None or not isinstance(form, dict):
            return None
        try:
            arguments = parse_test_form(form, data)
        except BadRequest as error:
            text = str(error)
            return await self._edit(lambda: self._refuse_test(text))
        return await self._change_tests(partial(add_rule_test, **arguments), texts.TEST_ADDED)

    @rx.event(background=True, temporal=True)
    async def remove_test(self, key: str) -> Any:
        """Remove a test of the rules, at once."""
        if not _is_id(str(key)):
            return None
        return await self._change_tests(partial(remove_rule_test, test_id=int(key)), texts.TEST_REMOVED)

    async def _change_tests(self, change: Callable[..., Awaitable[Any]], text: str) -> Any:
        async with self:
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await self._authorize_write(url)
            await asyncio.shield(asyncio.create_task(_run_change(change, guild.id, build_actor(visitor))))
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            message = describe_error(error)
            return await self._edit(lambda: self._refuse_test(message))
        async with self:
            self.announcement = text
        await self._load_page()
        return rx.toast.success(text, id="test")

    def _refuse_test(self, text: str) -> None:
        self.test_error = self.announcement = text

    def _get_surface(self) -> Surface:
        return RULES_PAGE

    def _list_write_surfaces(self, _changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        return RULE_COMMANDS

    async def _fetch(self, visitor: auth.Visitor, guild: UserGuildInfo, url: Any) -> RulesData:
        tab = str(url.query_parameters.get("tab", ""))
        return await load_rules_data(
            visitor, guild, tab if tab in texts.TABS else "rules", now=utc_now(), recent=RECENT_DAYS
        )

    def _present(self, data: RulesData) -> None:
        self._data, self._names, self.tab = data, data.names, data.tab
        path = f"/g/{data.guild.id}/rules"
        self.tab_hrefs = {tab: path if tab == "rules" else f"{path}?tab={tab}" for tab in texts.TABS}
        self.requests_label = texts.format_requests_tab(len(data.requests))
        self.requests = build_request_rows(data)
        options = (
            *build_who_options(data),
            *build_what_options(data.command_surfaces),
            *build_where_options(data.places),
        )
        self.role_options, self.member_options, self.permission_options = options[:3]
        self.module_options, self.feature_options, self.command_options = options[3:6]
        self.channel_options, self.category_options = options[6:]
        self.trial_commands = build_trial_options(data)
        self._show_draft()

    def _present_draft(self) -> None:
        if self._data is None:
            return
        rules = build_rule_rows(self._data, self._draft)
        if rules != self.rules:
            self.rules = rules
        self.tests = build_test_rows(self._data, self._get_drafted_policy(self._data))
        self.tests_label = texts.format_tests_tab(sum(not test.passes for test in self.tests))
        if self.tab == "rights":
            self.rights_columns, self.rights = build_rights(self._data, self._get_drafted_policy(self._data))
        if self.tab == "matrix":
            self.columns = [label for _, _, label, _ in list_matrix_members(self._data)]
            matrix = build_matrix(self._data, self._get_drafted_policy(self._data), self._list_changed_cells())
            if matrix != self.matrix:
                self.matrix = matrix

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        if self._data is None:
            return []
        broken = [texts.format_broken_test(name) for name in list_broken_tests(self._data, changes)]
        return broken + describe_rule_effects(self._data, changes)

    def _get_drafted_policy(self, data: RulesData) -> GuildPolicy:
        return apply_changes(data.policy, tuple(self._draft.values()))

    def _list_changed_cells(self) -> set[str]:
        values = [change.after or change.before or {} for change in self._draft.values()]
        return {f"{value['subject_kind']}:{value['subject_id']}:{value['target_key']}" for value in values}

    def _open_editor(self, key: str) -> None:
        data = self._data
        if data is None:
            return
        change = self._draft.get(key) or self._draft.get(f"{SettingType.RULE}:{key}")
        value = change.after if change else data.saved_rules.get(int(key)) if _is_id(key) else None
        self.form = FormView(serial=new_turn()) if value is None else fill_form(value, key, data, new_turn())
        self.editing, self.form_error = True, ""

    def _close_editor(self) -> None:
        self.editing, self.form_error = False, ""

    def _put_rule(self, form: Any) -> None:
        data = self._data
        if data is None or not isinstance(form, dict):
            return
        try:
            rule, *further_rules = parse_form(form, data)
        except BadRequest as error:
            self.form_error = self.announcement = str(error)
            return
        self._put_value(str(form.get("rule_id") or ""), to_setting_value(rule), data)
        for further_rule in further_rules:
            self._put_value("", to_setting_value(further_rule), data)
        self._close_editor()

    def _put_value(self, key: str, value: dict[str, Any], data: RulesData) -> None:
        """Put the value of an edited rule (`key`) or of a new one into the draft."""
        if _is_id(key) and int(key) in data.saved_rules:
            self._put_change(SettingChange(SettingType.RULE, key, data.saved_rules[int(key)], value))
            return
        if key in self._draft:
            self._draft = {other: change for other, change in self._draft.items() if other != key}
        new_change = build_new_rule_change(parse_rule(value), data)
        if new_change is None:
            self._show_draft()
        else:
            self._put_change(new_change[1], new_change[0])

    def _delete_rule(self, key: str) -> None:
        data = self._data
        if key in self._draft:
            self._drop_change(key)
        elif data is not None and _is_id(key) and int(key) in data.saved_rules:
            current = self._draft.get(f"{SettingType.RULE}:{key}")
            if current is not None and current.after is None:
                self._drop_change(f"{SettingType.RULE}:{key}")
            else:
                self._put_change(SettingChange(SettingType.RULE, key, data.saved_rules[int(key)], None))

    def _toggle_cell(self, key: str) -> None:
        data = self._data
        if data is None:
            return
        draft_key = f"{SettingType.RULE}:cell:{key}"
        if draft_key in self._draft:
            self._drop_change(draft_key)
        elif change := build_cell_change(key, data, self._get_drafted_policy(data)):
            drafted = next((name for name, other in self._draft.items() if _is_same_rule(other, change)), "")
            if drafted:
                self._drop_change(drafted)
            else:
                self._put_change(change, draft_key)

    def _use_template(self, form: Any) -> None:
        data = self._data
        if data is None or not isinstance(form, dict):
            return
        name = str(form.get("template"))
        try:
            changes = build_template(name, str(form.get("role")), data) if name in texts.TEMPLATES else []
        except BadRequest as error:
            self.form_error = self.announcement = str(error)
            return
        self.form_error = ""
        for key, change in changes:
            self._put_change(change, key)

    def _clear_trial(self) -> None:
        self.trial, self.trial_error = TrialView(), ""


async def _run_change(change: Callable[..., Awaitable[Any]], guild_id: int, actor: Actor) -> None:
    async with open_write_transaction(app_context.get_stores().database) as session:
        await change(session, guild_id=guild_id, actor=actor)


async def _decide_request(guild_id: int, key: str, actor: Actor, *, allow: bool) -> None:
    if not _is_id(key):
        raise BadRequest
    async with open_write_transaction(app_context.get_stores().database) as session:
        if allow:
            await allow_request(session, request_id=int(key), guild_id=guild_id, actor=actor)
        else:
            await dismiss_request(session, request_id=int(key), guild_id=guild_id, actor=actor)


def _is_same_rule(change: SettingChange, other: SettingChange) -> bool:
    """Whether two changes end in rules of the same scope, of which the second would replace the first."""
    if change.after is None or other.after is None:
        return False
    return get_scope(change.after) == get_scope(other.after)


def _parse_channel(value: Any) -> int:
    text = str(value or "").partition(":")[2]
    return int(text) if _is_id(text) else 0


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= auth.MAX_ID_DIGITS
