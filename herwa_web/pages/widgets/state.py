"""State of the page Widgets: the list, the builder with its preview, the public page.

The builder collects unsaved changes like every page of settings; creating and revoking act at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.query_cache.cache import Computed
from herwa_shared.services.audit import Actor
from herwa_shared.services.channels import list_places
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.setting_changes import SettingChange
from herwa_shared.services.widget_settings import WidgetSettings
from herwa_shared.services.widget_uses import load_uses
from herwa_shared.services.widgets import (
    PublicWidget,
    WidgetStatus,
    create_widget,
    find_page,
    get_or_create_page,
    list_widgets,
    load_widget_allowance,
    revoke_widget,
)
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.settings_surfaces import WIDGETS_PAGE
from herwa_shared.widgets.numbers import WidgetNumbers, build_question, compute_numbers
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, parse_guild_id
from herwa_web.pages.target_options import Option
from herwa_web.pages.widgets import texts
from herwa_web.pages.widgets.view_models import (
    LIST_FIELDS,
    USE_DAYS,
    BuilderValues,
    MetricChoice,
    PreviewView,
    SnippetView,
    WidgetRow,
    WidgetsData,
    build_channel_choices,
    build_metric_choices,
    build_preview_content,
    build_previews,
    build_snippet_views,
    build_values,
    build_widget_change,
    build_widget_rows,
    describe_widget_effects,
    find_state,
    get_drafted_settings,
    list_contrast_warnings,
    list_visible_facts,
    parse_control,
)
from herwa_web.saving.state import SettingsPageState, build_actor
from herwa_web.turns import new_turn

PREVIEW_LIFETIME = timedelta(seconds=60)

Change = Callable[[Any, int, Actor], Awaitable[WidgetStatus]]
"""A change of the widgets of a guild in a transaction, which acts at once."""


class WidgetsState(SettingsPageState, rx.State):
    """State of the page Widgets. `selected` is the id of the widget in the builder, empty without one.

    `_opening` is the id of the widget that the builder opens when its data is loaded.
    `serial` changes when the fields of the builder must show other values than the user typed last.
    """

    rows: list[WidgetRow] = rx.field(default_factory=list)
    revoked_rows: list[WidgetRow] = rx.field(default_factory=list)
    allowance: str = ""
    limit_hint: str = ""
    page_key: str = ""
    page_state: str = ""
    page_tone: str = ""
    page_url: str = ""
    selected: str = ""
    is_page: bool = False
    serial: str = ""
    builder_values: BuilderValues = BuilderValues()
    metrics: list[MetricChoice] = rx.field(default_factory=list)
    channels: list[Option] = rx.field(default_factory=list)
    other_channels: list[Option] = rx.field(default_factory=list)
    sites: list[str] = rx.field(default_factory=list)
    field_error: str = ""
    previews: list[PreviewView] = rx.field(default_factory=list)
    snippets: list[SnippetView] = rx.field(default_factory=list)
    warnings: list[str] = rx.field(default_factory=list)
    facts: list[str] = rx.field(default_factory=list)
    sites_fact: str = ""
    numbers_error: str = ""
    revoking: str = ""
    working: bool = False
    _data: WidgetsData | None = None
    _numbers: WidgetNumbers | None = None
    _question: str = ""
    _opening: str = ""
    _had_draft: bool = False
    _shown_settings: WidgetSettings | None = None

    @rx.event(background=True, temporal=True)
    async def add_widget(self) -> Any:
        """Create a widget, which is off, and open it in the builder."""

        async def create(session: Any, guild_id: int, actor: Actor) -> WidgetStatus:
            number = len(await list_widgets(session, guild_id=guild_id)) + 1
            value = {"name": texts.format_new_name(number)}
            return await create_widget(session, guild_id=guild_id, value=value, actor=actor)

        return await self._change_widgets(create, texts.CREATED)

    @rx.event(background=True, temporal=True)
    async def add_page(self) -> Any:
        """Create the public page, which is off, and open it in the builder."""

        async def create(session: Any, guild_id: int, actor: Actor) -> WidgetStatus:
            return await get_or_create_page(session, guild_id=guild_id, actor=actor)

        return await self._change_widgets(create, texts.PAGE_CREATED)

    @rx.event(background=True, temporal=True)
    async def select_widget(self, key: str) -> Any:
        """Open a widget or the public page in the builder."""
        failure = await self._edit(lambda: self._select(str(key)))
        await self._refresh_numbers()
        return failure

    @rx.event(background=True, temporal=True)
    async def put_value(self, field: str, value: str) -> Any:
        """Set a setting, without saving. An invalid value is refused with its reason."""
        change = parse_control(str(field), str(value))
        failure = await self._edit(lambda: self._put_values(change))
        await self._refresh_numbers()
        return failure

    @rx.event(background=True, temporal=True)
    async def toggle_item(self, field: str, value: str) -> Any:
        """Add a metric or channel, or remove it, without saving."""
        failure = await self._edit(lambda: self._toggle_item(str(field), str(value)))
        await self._refresh_numbers()
        return failure

    @rx.event(background=True, temporal=True)
    async def toggle_visible(self) -> Any:
        """Switch the widget on or off, without saving."""
        return await self._edit(lambda: self._put_values({"is_on": not self.builder_values.is_on}))

    @rx.event(background=True, temporal=True)
    async def add_site(self, form: dict[str, Any]) -> Any:
        """Allow a site to embed the widget, without saving."""
        site = str(form.get("site", "")) if isinstance(form, dict) else ""
        return await self._edit(lambda: self._put_values({"sites": [*self.sites, site]}, is_typed=True))

    @rx.event(background=True, temporal=True)
    async def remove_site(self, site: str) -> Any:
        """Remove an allowed site, without saving."""
        return await self._edit(lambda: self._put_values({"sites": [item for item in self.sites if item != site]}))

    @rx.event(background=True, temporal=True)
    async def start_revoke(self, key: str) -> Any:
        """Ask whether a widget should be revoked."""
        return await self._edit(lambda: self._start_revoke(str(key)))

    @rx.event(background=True, temporal=True)
    async def cancel_revoke(self) -> Any:
        """Leave the widget as it is."""
        return await self._edit(self._close_question)

    @rx.event(background=True, temporal=True)
    async def revoke_widget(self) -> Any:
        """Revoke the widget that the user was asked about."""
        async with self:
            key, self.revoking = self.revoking, ""
        if not key:
            return None

        async def revoke(session: Any, guild_id: int, actor: Actor) -> WidgetStatus:
            return await revoke_widget(session, guild_id=guild_id, widget_id=int(key), actor=actor)

        return await self._change_widgets(revoke, texts.REVOKED)

    def _get_surface(self) -> Surface:
        return WIDGETS_PAGE

    def _list_write_surfaces(self, _changes: Sequence[SettingChange]) -> tuple[Surface, ...]:
        return ()

    def _describe_effects(self, changes: Sequence[SettingChange]) -> list[str]:
        return describe_widget_effects(changes)

    def _format_saved(self, count: int) -> str:
        return texts.format_saved(count)

    def _format_undone(self) -> str:
        return texts.UNDONE

    async def _load_page(self) -> Any:
        failure = await super()._load_page()
        await self._refresh_numbers()
        return failure

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> WidgetsData:
        names, now = await load_page_names(guild.id), utc_now()
        history = await app_context.get_authorizer().load_history_limit(guild.id)
        async with app_context.get_stores().database.transaction() as session:
            widgets = await list_widgets(session, guild_id=guild.id)
            settings = await load_guild_settings(session, guild_id=guild.id)
            ids = [widget.id for widget in widgets]
            return WidgetsData(
                widgets,
                await find_page(session, guild_id=guild.id),
                await load_uses(session, widget_ids=ids, days=USE_DAYS, now=now),
                await load_widget_allowance(session, guild_id=guild.id),
                await list_places(session, guild_id=guild.id),
                guild.name,
                settings.zone.key if settings.is_zone_chosen else None,
                settings.week_start,
                history,
                names,
                now,
            )

    def _present(self, data: WidgetsData) -> None:
        self._data, self._names = data, data.names
        rows = build_widget_rows(data)
        self.rows = [row for row in rows if not row.is_revoked]
        self.revoked_rows = [row for row in rows if row.is_revoked]
        allowance = data.allowance
        self.allowance = texts.format_allowance(allowance.used, allowance.limit)
        self.limit_hint = texts.format_limit_hint(allowance.limit or 0) if allowance.is_used_up else ""
        self._present_page(data)
        if data.find(self._opening) is not None:
            opening, self._opening = self._opening, ""
            self._select(opening)
        elif data.find(self.selected) is None:
            self._select(self.rows[0].key if self.rows else "")
        else:
            self._show_draft()

    def _present_page(self, data: WidgetsData) -> None:
        page = data.public_page
        self.page_key = "" if page is None else str(page.id)
        self.page_url = "" if page is None else f"{app_context.get_settings().origin}/w/{page.public_id}"
        self.page_state, self.page_tone = texts.STATES["off" if page is None else find_state(page, None)]

    def _present_draft(self) -> None:
        widget = self._find_selected()
        if widget is None or self._data is None:
            self.previews, self.snippets, self.warnings, self.facts = [], [], [], []
            return
        settings = get_drafted_settings(widget, self._draft)
        if not self._draft and (self._had_draft or self._shown_settings != settings):
            self.serial = new_turn()
        self._had_draft, self._shown_settings = bool(self._draft), settings
        self.is_page = widget.is_page
        self.builder_values = build_values(settings)
        self.metrics = build_metric_choices(settings)
        self.channels, self.other_channels = build_channel_choices(self._data, settings)
        self.sites = list(settings.sites)
        self.warnings = list_contrast_warnings(settings)
        self.sites_fact = texts.format_sites(self.sites)
        self._present_preview(widget, settings)

    def _present_preview(self, widget: WidgetStatus, settings: WidgetSettings) -> None:
        assert self._data is not None
        question = build_question(self._data.to_public(widget, settings))
        content = build_preview_content(self._data, settings, self._numbers if question == self._question else None)
        self.previews = build_previews(content, is_page=widget.is_page)
        self.facts = list_visible_facts(content)
        origin = app_context.get_settings().origin
        self.snippets = (
            [] if widget.is_page else build_snippet_views(content, origin=origin, public_id=widget.public_id)
        )

    async def _refresh_numbers(self) -> None:
        """Load the numbers that the preview needs, if it shows those of another question or old ones."""
        async with self:
            data, widget = self._data, self._find_selected()
            if self.phase != "ready" or data is None or widget is None:
                return
            shown = data.to_public(widget, get_drafted_settings(widget, self._draft))
        question, error = build_question(shown), ""
        numbers: WidgetNumbers | None = None
        try:
            numbers = await _load_numbers(shown, data)
        except HerwaError as failure:
            error = describe_error(failure) and texts.UNAVAILABLE_NUMBERS
        async with self:
            selected = self._find_selected()
            if self._data is None or selected is None:
                return
            settings = get_drafted_settings(selected, self._draft)
            if build_question(self._data.to_public(selected, settings)) == question:
                self._numbers, self._question, self.numbers_error = numbers, question, error
                self._present_preview(selected, settings)

    async def _change_widgets(self, change: Change, text: str) -> Any:
        """Authorize and make a change that acts at once, then load the page again."""
        async with self:
            if self.working:
                return None
            self.working, url, turn = True, self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), WIDGETS_PAGE)
            task = asyncio.create_task(_run_change(change, guild.id, build_actor(visitor)))
            widget = await asyncio.shield(task)
        except ACCESS_ERRORS as error:
            async with self:
                self.working = False
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            async with self:
                self.working = False
            return rx.toast.error(str(error) if isinstance(error, HerwaError) else describe_error(error), id="widgets")
        async with self:
            self.working = False
            if self._is_on_server(url):
                self.announcement = text
                self._opening = str(widget.id) if widget.revoked_at is None else ""
                self._forget_saved()
        await self._load_page()
        return rx.toast.success(text, id="widgets")

    def _find_selected(self) -> WidgetStatus | None:
        return None if self._data is None else self._data.find(self.selected)

    def _select(self, key: str) -> None:
        is_known = self._data is not None and (not key or self._data.find(key) is not None)
        if is_known:
            self.selected, self.field_error, self.serial, self.revoking = key, "", new_turn(), ""
            self._show_draft()

    def _put_values(self, values: dict[str, Any], *, is_typed: bool = False) -> None:
        """Change settings of the selected widget. `is_typed`: the fields must be emptied."""
        widget = self._find_selected()
        if widget is None or not values:
            return
        try:
            change = build_widget_change(widget, self._draft, values)
        except BadRequest as error:
            self.field_error = self.announcement = str(error)
            return
        self.field_error = ""
        if is_typed:
            self.serial = new_turn()
        self._put_change(change)

    def _toggle_item(self, field: str, value: str) -> None:
        if field not in LIST_FIELDS:
            return
        chosen = [choice for choice in self.metrics if choice.position]
        chosen_metrics = [choice.key for choice in sorted(chosen, key=lambda choice: choice.position)]
        items = chosen_metrics if field == "metrics" else [option.value for option in self.channels]
        remaining = [item for item in items if item != value]
        self._put_values({field: remaining if value in items else [*items, value]})

    def _start_revoke(self, key: str) -> None:
        if any(row.key == key for row in self.rows):
            self.revoking = key

    def _close_question(self) -> None:
        self.revoking = ""


async def _run_change(change: Change, guild_id: int, actor: Actor) -> WidgetStatus:
    async with open_write_transaction(app_context.get_stores().database) as session:
        return await change(session, guild_id, actor)


async def _load_numbers(widget: PublicWidget, data: WidgetsData) -> WidgetNumbers:
    """Load the numbers of a preview, once a minute for all tabs that show the same."""
    stores, guild_id = app_context.get_stores(), widget.status.guild_id

    async def compute() -> Computed[WidgetNumbers]:
        now = utc_now()
        numbers = await compute_numbers(stores.database, stores.clickhouse, widget, history=data.history, now=now)
        return Computed(numbers, now + PREVIEW_LIFETIME)

    question = ("widget", build_question(widget), data.history.days)
    return await app_context.get_query_cache().get_object(guild_id, question, compute)
