"""State of the audit log page: filters from the URL, entries, undo."""

import asyncio
from collections.abc import Mapping
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.services.audit import Actor, get_entry, list_actors, list_entries
from herwa_shared.services.guilds import get_timezone
from herwa_shared.services.undo import list_undoable, undo
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.settings_surfaces import (
    AUDIT_PAGE,
    CHANNEL_COMMANDS,
    FEATURE_COMMANDS,
    RULE_COMMANDS,
    TICKET_COMMANDS,
    WIDGETS_PAGE,
)
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.navigation import AUDIT_ITEM
from herwa_web.page_names import load_page_names
from herwa_web.pages.audit import texts
from herwa_web.pages.audit.filters import AuditView
from herwa_web.pages.audit.view_models import (
    AuditData,
    EntryRow,
    FilterOption,
    build_actor_options,
    build_kind_options,
    build_rows,
    list_member_ids,
)
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import SETTINGS

PAGE_ENTRIES = 50
UNDO_SURFACES: Mapping[str, tuple[Surface, ...]] = {
    "feature": FEATURE_COMMANDS,
    "module": FEATURE_COMMANDS,
    "rule": RULE_COMMANDS,
    "list": CHANNEL_COMMANDS,
    "tickets": TICKET_COMMANDS,
    "widget": (WIDGETS_PAGE,),
    "setting": (SETTINGS,),
}
"""The commands or the page that make the opposite change, by the first part of an action.

Only these can be undone on the page.
"""


class AuditState(GuildPageState, rx.State):
    """State of the audit log page. `target` is the URL to which the page goes on by itself."""

    rows: list[EntryRow] = rx.field(default_factory=list)
    kinds: list[FilterOption] = rx.field(default_factory=list)
    actors: list[FilterOption] = rx.field(default_factory=list)
    first_day: str = ""
    last_day: str = ""
    is_filtered: bool = False
    clear_href: str = ""
    older_href: str = ""
    newest_href: str = ""
    target: str = ""

    @rx.event(background=True, temporal=True)
    async def apply_filters(self, form: dict[str, Any]) -> Any:
        """Go to the URL with the submitted user and days."""
        return await self._edit(lambda: self._go_to(form))

    @rx.event(background=True, temporal=True)
    async def undo_entry(self, entry_id: str) -> Any:
        """Undo the change of an entry, if its setting was not changed again."""
        async with self:
            url, turn = self.router.url, self._turn
        try:
            text = await self._undo(url, str(entry_id))
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            return rx.toast.error(describe_error(error), id="undo")
        async with self:
            self.announcement = texts.format_undone(text)
        await self._load_page()
        return rx.toast.success(texts.format_undone(text), id="undo")

    def _get_surface(self) -> Surface:
        return AUDIT_PAGE

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, url: Any) -> AuditData:
        view = AuditView.parse(url.query_parameters)
        async with app_context.get_stores().database.transaction() as session:
            entries = await list_entries(
                session,
                guild_id=guild.id,
                limit=PAGE_ENTRIES + 1,
                before=view.cursor,
                matching=view.build_filter(await get_timezone(session, guild_id=guild.id)),
            )
            undoable = await list_undoable(session, guild_id=guild.id, entries=entries)
            actors = await list_actors(session, guild_id=guild.id)
        names = await load_page_names(guild.id, member_ids=list_member_ids(entries))
        has_older = len(entries) > PAGE_ENTRIES
        return AuditData(
            view,
            f"/g/{guild.id}{AUDIT_ITEM.path}",
            entries[:PAGE_ENTRIES],
            has_older,
            actors,
            undoable,
            names,
            utc_now(),
        )

    def _present(self, data: AuditData) -> None:
        view = data.view
        rows = build_rows(data)
        if rows != self.rows:
            self.rows = rows
        self.kinds = build_kind_options(view, data.base_url)
        self.actors = build_actor_options(view, data.actors)
        self.first_day, self.last_day, self.is_filtered = view.first_day, view.last_day, view.is_filtered
        self.clear_href, self.target = data.base_url, ""
        self.newest_href = view.with_cursor("").build_url(data.base_url) if view.before else ""
        last = data.listed[-1].number if data.listed else 0
        self.older_href = view.with_cursor(str(last)).build_url(data.base_url) if data.has_older else ""

    def _go_to(self, form: Any) -> None:
        url = self.router.url
        parameters = {"kind": url.query_parameters.get("kind"), **(form if isinstance(form, dict) else {})}
        parameters.pop("before", None)
        self.target = AuditView.parse(parameters).build_url(self.clear_href)

    async def _undo(self, url: Any, entry_id: str) -> str:
        """Authorize the opposite change with the user's present rights, and make it."""
        visitor = await auth.load_visitor(self, fresh=True)
        guild_id = parse_guild_id(url.path)
        guild = await auth.authorize(visitor, guild_id, AUDIT_PAGE)
        if not entry_id.isascii() or not entry_id.isdigit() or len(entry_id) > auth.MAX_ID_DIGITS:
            raise NotFound
        async with app_context.get_stores().database.transaction() as session:
            entry = await get_entry(session, guild_id=guild.id, entry_id=int(entry_id))
        surfaces = UNDO_SURFACES.get(entry.action.partition(".")[0])
        if surfaces is None:
            raise BadRequest(texts.NOT_UNDOABLE)
        for surface in surfaces:
            await auth.authorize(visitor, guild_id, surface)
        actor = build_actor(visitor)
        return await asyncio.shield(asyncio.create_task(_save_undo(guild.id, int(entry_id), actor)))


async def _save_undo(guild_id: int, entry_id: int, actor: Actor) -> str:
    async with open_write_transaction(app_context.get_stores().database) as session:
        return await undo(session, guild_id=guild_id, entry_id=entry_id, actor=actor)
