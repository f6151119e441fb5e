"""`/server-stats` replies with exact numbers, a valid image and no mention."""

import asyncio
import io
import os
import signal
from datetime import timedelta

import pytest
from PIL import Image

from herwa_bot.texts import errors
from herwa_bot.texts import stats as texts
from herwa_bot.ui.escaping import escape
from herwa_shared.analytics.history_limit import HistoryLimit
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.timezones import UTC_ZONE
from herwa_shared.charts.formatting import format_long_day
from herwa_shared.charts.text.metric_phrases import format_amount
from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from tests.support.db_assertions import move_buffer, wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.sample_server import SampleServer
from tests.support.short_history import grant_short_history, revoke_tier
from tests.support.waiting import wait_until

HOSTILE_NAME = "@everyone **x** <@1>"
MESSAGES_BY_AGE_DAYS = {3: 5, 20: 7, 60: 11, 120: 13}  # days ago: messages
TOTALS_BY_WINDOW = {7: 5, 30: 12, 90: 23}


@pytest.fixture(scope="module")
async def hostile_server(stores, sim, bot) -> SampleServer:
    """A server with a name full of markup and mentions, and a message history."""
    key, _ = sim.client.begin_replay(HOSTILE_NAME)
    for days, count in sorted(MESSAGES_BY_AGE_DAYS.items(), reverse=True):
        sent_at = utc_now() - timedelta(days=days)
        rows = [
            [(sent_at + timedelta(seconds=n)).isoformat(), "talk", "general", "", f"a{n}", 10, 0] for n in range(count)
        ]
        sim.client.send_replay_rows(key, rows)
    sim.client.finish_replay(key)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)
    server = SampleServer(sim.client, HOSTILE_NAME)
    await MemberClient(sim, stores, server).wait_for_verdict("Yes", "server-stats")
    return server


def run_server_stats(sim, server, options=None):
    return asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "server-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_reply_shows_exact_numbers_and_an_image_with_a_description(sim, hostile_server, window):
    [message] = (await run_server_stats(sim, hostile_server, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading == texts.format_heading(escape(HOSTILE_NAME), window)
    notes = [line for line in findings if not line.startswith("- ")]
    assert 1 <= len(findings) - len(notes) <= 3
    assert notes in ([], [texts.NO_COMPARISON] if window < 90 else [texts.COMPARISON_BEFORE_HISTORY])
    assert findings[0].startswith(f"- {format_amount(TOTALS_BY_WINDOW[window], Metric.MESSAGES)}")
    assert not message.ephemeral
    [image_file] = message.attachments
    assert (image_file.filename, image_file.content_type) == ("server-stats.png", "image/png")
    assert findings[0].removeprefix("- ") in image_file.description
    with Image.open(io.BytesIO(sim.client.fetch(image_file.url))) as image:
        image.load()
        assert image.format == "PNG"
        assert len(image.getcolors(1 << 24)) > 3


async def test_default_window_is_thirty_days(sim, hostile_server):
    [message] = (await run_server_stats(sim, hostile_server)).messages
    assert message.content.startswith(texts.format_heading(escape(HOSTILE_NAME), 30))
    assert f"\n- {format_amount(TOTALS_BY_WINDOW[30], Metric.MESSAGES)}" in message.content


async def test_period_begins_with_the_history_of_the_tier(stores, sim, hostile_server):
    await grant_short_history(stores, hostile_server.id, 10)
    first_day = HistoryLimit(10).get_start(UTC_ZONE, utc_now())
    note = texts.format_history_start(format_long_day(first_day, UTC_ZONE))

    async def is_limited() -> bool:
        [message] = (await run_server_stats(sim, hostile_server, {"window": 30})).messages
        lines = message.content.splitlines()
        return lines[-1] == note and lines[1].startswith(f"- {format_amount(TOTALS_BY_WINDOW[7], Metric.MESSAGES)}")

    try:
        await wait_until(is_limited)
    finally:
        await revoke_tier(stores, hostile_server.id)


async def test_server_name_is_escaped(sim, hostile_server):
    [message] = (await run_server_stats(sim, hostile_server)).messages
    assert "@everyone" not in message.content
    assert "<@1>" not in message.content
    assert message.content.startswith("**@\N{ZERO WIDTH SPACE}everyone \\*\\*x\\*\\* \\<@1\\>**")


async def test_server_without_messages_gets_a_reply(sim, bot, server):
    [message] = (await run_server_stats(sim, server, {"window": 7})).messages
    heading, *findings = message.content.splitlines()
    assert heading == texts.format_heading(escape(sim.client.get_guild(server.id)["name"]), 7)
    assert findings
    assert len(message.attachments) == 1


async def test_clickhouse_outage_gets_an_ephemeral_error(stores, settings, folder, sim, bot, hostile_server):
    os.kill(read_record(folder, "clickhouse").pid, signal.SIGKILL)
    try:
        [message] = (await run_server_stats(sim, hostile_server)).messages
    finally:
        with lease_engines(settings, folder):
            pass
    assert message.ephemeral
    assert message.content == errors.STATS_UNAVAILABLE
    [second_message] = (await run_server_stats(sim, hostile_server)).messages
    assert f"\n- {format_amount(TOTALS_BY_WINDOW[30], Metric.MESSAGES)}" in second_message.content
