"""The exports page: preview, start, watch, pause, download with a link of this session, and what Free includes."""

import asyncio
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.exports.events import ExportNotice
from herwa_shared.exports.files import ExportFolder
from herwa_shared.exports.jobs import list_exports
from herwa_shared.exports.runner import ExportRunner
from herwa_shared.services.audit import SYSTEM, list_entries
from herwa_shared.services.message_subscribers import MessageTopic, list_subscribers
from herwa_shared.services.subscriptions import grant
from herwa_shared.stores import Stores
from herwa_web.export_notices import SHARED_TIME, format_notice
from herwa_web.pages.exports import texts
from tests.support.export_factory import add_finished_export
from tests.support.row_factories import add_channel
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.reflex_client import HYDRATE_AND_LOAD, connect_client
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.web_server import WebServer

LAYOUT_STATE = "reflex___state____state.herwa_web___layout_state____layout_state"
STATE = "reflex___state____state.herwa_web___pages___exports___state____exports_state"


def open_exports(web: WebServer, user, server: CanaryServer):
    return open_settings_page(web, user, server, path="/exports", state=STATE)


@pytest.fixture
def runner(stores: Stores, tmp_path) -> ExportRunner:
    return ExportRunner(stores.database, stores.clickhouse_writer, ExportFolder(tmp_path))


async def test_summaries_are_counted_started_paused_and_downloaded(
    web: WebServer, factory: DashboardFactory, stores: Stores, runner: ExportRunner
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_exports(web, manager, server) as page:
        assert not page.get("has_history")
        await page.call("open_form")
        await page.wait_for("preview", lambda preview: preview and preview["summary"])
        assert page.get("data_sets") == ["summaries"]
        assert page.get("preview")["refusal"] == ""
        await page.call("start_export")
        await page.wait_for("rows", lambda rows: len(rows or []) == 1)
        [row] = page.get("rows")
        assert (row["label"], row["is_running"], row["percent"]) == (texts.DATA_SETS["summaries"][0], True, 0)
        await page.call("pause", key=row["key"])
        await page.wait_for("rows", lambda rows: rows[0]["is_paused"])
        await page.call("resume", key=row["key"])
        await page.wait_for("rows", lambda rows: not rows[0]["is_paused"])

        async def is_ready() -> bool:
            await runner.run_step()
            await page.call("refresh")
            await page.visitor.wait_until_idle()
            return page.get("rows")[0]["is_ready"]

        await wait_until(is_ready, interval_seconds=0.1)
        received = len(page.visitor.received)
        await page.call("download", key=row["key"])
        path = f"/api/guilds/{server.id}/exports/{row['key']}/file?link="
        await wait_until(lambda: path in str(page.visitor.received[received:]), timeout_seconds=20)
        await page.call("ask_first", action="delete", key=row["key"])
        await page.wait_for("question", f"delete:{row['key']}")
        await page.call("confirm")
        await page.wait_for("rows", lambda rows: rows[0]["state"] == texts.STATES["deleted"])
    async with stores.database.transaction() as session:
        actions = [entry.action for entry in await list_entries(session, guild_id=server.id)]
    assert actions == ["export.delete", "export.resume", "export.pause", "export.create"]


async def test_link_from_the_overview_opens_the_form_with_days_channel_and_data(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    voice = await add_channel(stores, server.id, "Lounge", kind=2)
    today = utc_now().date()
    days = {"first_day": (today - timedelta(days=4)).isoformat(), "last_day": today.isoformat()}
    query = urlencode(days | {"channel": voice, "data": "voice"})
    async with open_settings_page(web, manager, server, path=f"/exports?{query}", state=STATE) as page:
        await page.wait_for("preview", lambda preview: preview and preview["summary"] == texts.EMPTY)
        assert page.get("data_sets") == ["summaries"], "Free exports summaries"
        assert [page.get(name) for name in ("period", "first_day", "last_day")] == ["custom", *days.values()]
        assert page.get("channel") == str(voice)
        await page.call("choose", field="channel", value="1")
        [written_to] = [option["value"] for option in page.get("channels") if server.canary in option["label"]]
        await page.call("choose", field="channel", value=written_to)
        await page.wait_for("preview", lambda preview: preview["bars"])
        await page.call("start_export")
        await page.wait_for("rows", lambda rows: len(rows or []) == 1)
        assert f"#channel-{server.canary}" in page.get("rows")[0]["facts"]
        await page.call("refresh")
        await page.visitor.wait_until_idle()
        assert page.get("creating") is False, "only the link opens the form, not the refresh of its page"
    async with stores.database.transaction() as session:
        [job] = await list_exports(session, guild_id=server.id, limit=5)
    assert (job.channel_id, job.to_at - job.from_at <= timedelta(days=5)) == (int(written_to), True)


@pytest.mark.parametrize(
    ("ready", "failed", "expected"),
    [
        (0, 0, ""),
        (1, 0, "Your export is ready to download."),
        (0, 1, "Your export failed."),
        (3, 0, "3 of your exports are ready to download."),
        (0, 2, "2 of your exports failed."),
        (1, 1, "1 of your exports is ready to download, 1 failed."),
        (2, 3, "2 of your exports are ready to download, 3 failed."),
    ],
)
def test_notice_counts_exports(ready, failed, expected):
    assert format_notice(ExportNotice(ready, failed)) == expected


async def test_manager_sees_a_notice_on_other_pages_until_exports_is_opened_and_switches_messages(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager, other = await factory.create_user(server), await factory.create_user(server)
    await add_finished_export(stores, server.id, user_id=manager.id)
    await add_finished_export(stores, server.id, user_id=manager.id, state="failed")
    notice = format_notice(ExportNotice(ready=1, failed=1))
    for user, expected in ((manager, notice), (other, "")):
        assert await load_notice(web, user, server, path="/audit") == expected
    assert await load_notice(web, manager, server) == notice
    async with open_exports(web, manager, server) as page:
        assert (page.get("is_subscribed"), page.get("is_muted")) == (False, False)
        await page.call("toggle_messages")
        await page.wait_for("is_subscribed", True)
        assert await load_subscribers(stores, server) == (manager.id,)
        await page.call("toggle_messages")
        await page.wait_for("is_subscribed", False)
        assert await load_subscribers(stores, server) == ()
    await asyncio.sleep(SHARED_TIME.total_seconds() + 0.1)
    assert await load_notice(web, manager, server) == ""


async def load_notice(web: WebServer, user: LoggedInUser, server: CanaryServer, *, path: str = "") -> str:
    """Open a page of a server; return the notice about exports that it shows."""
    async with connect_client(web, session_token=user.session_token) as visitor:
        tab = SettingsTab(visitor, f"/g/{server.id}{path}", LAYOUT_STATE)
        await visitor.send(HYDRATE_AND_LOAD, path=tab.path)
        await tab.wait_for("loaded_at", lambda time: time)
        await visitor.wait_until_idle()
        return tab.get("export_notice") or ""


async def load_subscribers(stores: Stores, server: CanaryServer) -> tuple[int, ...]:
    async with stores.database.transaction() as session:
        return await list_subscribers(session, guild_id=server.id, topic=MessageTopic.EXPORTS)


async def test_free_sees_what_history_would_be_and_premium_gets_it(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_exports(web, manager, server) as page:
        await page.call("open_form")
        await page.call("choose", field="data", value="messages")
        await page.wait_for("preview", lambda preview: preview and preview["refusal"])
        assert len(page.get("preview")["bars"]) == 2
        await page.call("start_export")
        await page.wait_for("form_error", lambda error: error)
        assert not page.get("rows")
        async with stores.database.transaction() as session:
            await grant(session, guild_id=server.id, tier="premium", reason="", actor=SYSTEM)

        async def has_history() -> bool:
            await page.call("retry")
            await page.visitor.wait_until_idle()
            return bool(page.get("has_history"))

        await wait_until(has_history, interval_seconds=0.2)
        await page.call("open_form")
        await page.wait_for("data_sets", lambda data_sets: len(data_sets) == 6)
        await page.call("choose", field="format", value="parquet")
        await page.wait_for("export_format", "parquet")
        await page.wait_for("counting", False)
        await page.call("start_export")
        await page.wait_for("rows", lambda rows: len(rows or []) == 1)
        assert page.get("rows")[0]["facts"][0] == "Parquet"
        await page.call("ask_first", action="cancel", key=page.get("rows")[0]["key"])
        await page.call("confirm")
        await page.wait_for("rows", lambda rows: rows[0]["state"] == texts.STATES["canceled"])


async def test_custom_dates_are_counted_when_both_are_chosen(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_exports(web, manager, server) as page:
        await page.call("open_form")
        await page.wait_for("preview", lambda preview: preview and preview["summary"])
        await page.call("choose", field="period", value="custom")
        await page.wait_for("preview", lambda preview: not preview["summary"])
        for field, value in (("first_day", "2099-01-01"), ("last_day", "2099-01-02")):
            await page.call("choose", field=field, value=value)
        await page.wait_for("form_error", lambda error: error)
        today = utc_now().date()
        for field, value in (("last_day", today), ("first_day", today - timedelta(days=5))):
            await page.call("choose", field=field, value=value.isoformat())
        await page.wait_for("preview", lambda preview: preview["summary"])
        await page.call("start_export")
        await page.wait_for("rows", lambda rows: len(rows or []) == 1)
        assert page.get("form_error") == ""
