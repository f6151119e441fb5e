"""State of the page with the first steps of a new server."""

import asyncio
from datetime import datetime
from typing import Any

import reflex as rx

from herwa_shared.analytics.first_recorded_hour import find_first_recorded_hour
from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.authorization import AccessDenied
from herwa_shared.catalog import Limit, Surface
from herwa_shared.clock import utc_now
from herwa_shared.discord.bot_checkup import BotCheckup, check_bot
from herwa_shared.discord.endpoints import find_discord_endpoints
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.guardrail.entitlement import resolve_entitlement
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import Actor
from herwa_shared.services.backfills import (
    BackfillNotPossible,
    find_backfill_window,
    load_backfill_status,
    start_backfill,
)
from herwa_shared.services.channels import list_places
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.policies import load_global_policy, load_policy
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_shared.settings_surfaces import HISTORY_COMMANDS
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.pages.home.view_models import build_invite_url
from herwa_web.pages.start import texts
from herwa_web.pages.start.view_models import StartData, StepView, build_steps
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import START


class StartState(GuildPageState, rx.State):
    """State of the page with the first steps."""

    steps: list[StepView] = rx.field(default_factory=list)
    progress: str = ""
    working: bool = False

    @rx.event(background=True, temporal=True)
    async def start_import(self) -> Any:
        """Start the import of past messages, as `/history import` does."""
        async with self:
            if self.working:
                return None
            self.working = True
            url, turn = self.router.url, self._turn
        failure = await self._start_import(url, turn)
        async with self:
            self.working = False
        if failure is not None:
            return failure
        await self._load_page()
        return rx.toast.success(texts.IMPORT_STARTED, id="import")

    async def _start_import(self, url: Any, turn: str) -> Any:
        """Start the import. Returns what shows the failure; None if it was started or the page shows the failure."""
        guild_id = parse_guild_id(url.path)
        try:
            visitor, guild = await auth.authorize_write(self, guild_id, START)
            for surface in HISTORY_COMMANDS:
                await auth.authorize(visitor, guild_id, surface)
            await asyncio.shield(asyncio.create_task(_start(guild.id, build_actor(visitor))))
        except AccessDenied as denial:
            return rx.toast.error(str(denial), id="import")
        except ACCESS_ERRORS as error:
            return await self._show_failure(error, url, turn) or rx.noop()
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            return rx.toast.error(describe_error(error), id="import")
        return None

    def _get_surface(self) -> Surface:
        return START

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> StartData:
        stores = app_context.get_stores()
        first_hour, checkup, names = await asyncio.gather(
            find_first_recorded_hour(stores.database, stores.clickhouse, guild.id),
            _check_bot(guild.id),
            load_page_names(guild.id),
        )
        async with stores.database.transaction() as session:
            begin = await _find_import_begin(session, guild.id)
            return StartData(
                guild.id,
                await load_guild_settings(session, guild_id=guild.id),
                checkup,
                await list_places(session, guild_id=guild.id),
                await load_backfill_status(session, guild_id=guild.id),
                begin,
                first_hour,
                _build_invite_url(guild.id),
                names,
            )

    def _present(self, data: StartData) -> None:
        steps = build_steps(data)
        if steps != self.steps:
            self.steps = steps
        self.progress = texts.format_progress(sum(step.is_done for step in steps), len(steps))


async def _check_bot(guild_id: int) -> BotCheckup | None:
    try:
        return await check_bot(app_context.get_guild_reader(), guild_id)
    except DiscordUnavailable:
        return None


async def _start(guild_id: int, actor: Actor) -> None:
    now = utc_now()
    async with open_write_transaction(app_context.get_stores().database) as session:
        days = await _load_history_days(session, guild_id, now)
        await start_backfill(session, actor, guild_id=guild_id, history_days=days, now=now)


async def _find_import_begin(session: Any, guild_id: int) -> datetime | None:
    """Find from when on messages can be imported; None if an import cannot be started."""
    now = utc_now()
    days = await _load_history_days(session, guild_id, now)
    try:
        begin, _ = await find_backfill_window(session, guild_id=guild_id, history_days=days, now=now)
    except BackfillNotPossible:
        return None
    return begin


async def _load_history_days(session: Any, guild_id: int, now: datetime) -> int | None:
    policy = await load_policy(session, guild_id=guild_id, global_policy=await load_global_policy(session))
    return resolve_entitlement(policy, now.timestamp()).limits.get(Limit.HISTORY_DAYS)


def _build_invite_url(guild_id: int) -> str:
    settings = app_context.get_settings()
    endpoints = find_discord_endpoints(settings, DataFolder(settings.data_dir))
    return build_invite_url(endpoints, guild_id) if endpoints else ""
