"""The page with the first steps: the bot's permissions at Discord, time zone, import, numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from herwa_shared.catalog import SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.discord.bot_checkup import BotCheckup
from herwa_shared.discord.constants import VIEW_CHANNEL
from herwa_shared.models import GuildMembership
from herwa_shared.services.audit import list_entries
from herwa_shared.services.backfills import BackfillState, BackfillStatus, load_backfill_status
from herwa_shared.services.discovery import register
from herwa_shared.services.guild_settings import DEFAULT_SETTINGS, set_guild_setting
from herwa_shared.services.guilds import ChannelData, save_channels
from herwa_shared.settings_surfaces import HISTORY_COMMANDS
from herwa_shared.stores import Stores
from herwa_web.page_names import PageNames
from herwa_web.pages.start import texts
from herwa_web.pages.start.view_models import StartData, build_steps
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import DashboardFactory
from tests.web.settings_page import open_settings_page
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___start___state____start_state"


async def test_steps_show_what_is_missing_and_start_the_import(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    hidden = factory.discord.create_channel(server.id, "secret")
    overwrites = [{"id": str(server.id), "type": 0, "allow": "0", "deny": str(VIEW_CHANNEL)}]
    factory.discord.call("channel/overwrites", channel_id=str(hidden), overwrites=overwrites)
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], HISTORY_COMMANDS)
        await save_channels(session, [ChannelData(hidden, server.id, None, 0, "secret")])
        joined = update(GuildMembership).where(col(GuildMembership.guild_id) == server.id)
        await session.execute(joined.values(joined_at=utc_now() - timedelta(hours=1)))
    async with open_settings_page(web, manager, server, path="/start", state=STATE) as page:
        steps = {step["label"]: step for step in page.get("steps")}
        assert list(steps) == [
            texts.PERMISSIONS,
            texts.CHANNELS,
            texts.TIME_ZONE,
            texts.HISTORY,
            texts.REQUESTS,
            texts.NUMBERS,
        ]
        assert steps[texts.PERMISSIONS]["is_done"]
        assert steps[texts.CHANNELS]["text"].startswith(texts.format_channels(1, 2))
        assert steps[texts.CHANNELS]["listed"] == ["#secret"]
        assert not steps[texts.TIME_ZONE]["is_done"]
        assert steps[texts.HISTORY]["can_start_import"]
        assert steps[texts.NUMBERS]["is_done"]
        assert steps[texts.NUMBERS]["href"] == f"/g/{server.id}"
        async with stores.database.transaction() as session:
            await set_guild_setting(
                session, guild_id=server.id, setting="timezone", value={"value": "Asia/Tokyo"}, actor=TEST_ACTOR
            )
        await page.call("start_import")
        await page.wait_for("steps", lambda steps: steps[3]["text"] == texts.IMPORT_PLANNED)
        assert page.get("steps")[2]["text"] == texts.format_zone("Asia/Tokyo")
    async with stores.database.transaction() as session:
        assert await load_backfill_status(session, guild_id=server.id) is not None
        newest, *_ = await list_entries(session, guild_id=server.id)
    assert (newest.action, newest.actor.user_id) == ("history.import", manager.id)


def build_data(**values: Any) -> StartData:
    checkup = BotCheckup(frozenset(), ("embed_links",))
    return replace(StartData(1, DEFAULT_SETTINGS, checkup, (), None, None, None, "U", PageNames()), **values)


def test_missing_permission_links_to_discord():
    step = build_steps(build_data())[0]
    assert (step.text, step.is_done, step.href, step.is_external) == ("Missing: Embed Links.", False, "U", True)
    assert build_steps(build_data(checkup=None))[0].text == texts.UNKNOWN_ACCESS


def test_import_is_offered_only_while_it_can_be_started():
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    finished = BackfillStatus(BackfillState.FINISHED, begin, begin, begin, begin, 2, 0, 0, 12, 1.0)
    unreadable = BotCheckup(frozenset(), ("read_message_history",))
    offers = [
        (step.is_done, step.can_start_import)
        for step in (
            build_steps(build_data(**values))[3]
            for values in (
                {"import_begin": begin},
                {"import_begin": begin, "checkup": unreadable},
                {"import_begin": begin, "backfill": finished},
                {"backfill": finished},
                {},
            )
        )
    ]
    assert offers == [(False, True), (False, False), (False, True), (True, False), (True, False)]
