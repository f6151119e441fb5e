"""`/ticket-stats` replies with the exact number of opened threads and a valid image."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_bot.cogs.stats.chart_selection import STATS_COMMANDS
from herwa_bot.texts import buttons
from herwa_bot.texts import stats as texts
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.text.metric_phrases import format_amount
from herwa_shared.clock import utc_now
from tests.support.db_assertions import move_buffer, wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.row_factories import EventRow, add_imported_period, add_ticket, insert_events
from tests.support.sample_server import SampleServer
from tests.support.waiting import wait_until

THREADS_BY_AGE_DAYS = {1: 4, 3: 2, 20: 1, 60: 5}  # days ago: threads
TOTALS_BY_WINDOW = {7: 6, 30: 7, 90: 12}


@pytest.fixture(scope="module")
async def help_desk(stores, sim, bot) -> SampleServer:
    """A server with threads of the last 60 days."""
    server = SampleServer(sim.client, "Help desk")
    await wait_until_stored(stores, bot)
    now = utc_now()
    await add_imported_period(stores, server.id, now - timedelta(days=200), now)
    rows = [
        EventRow(now - timedelta(days=age_days), n, 5, "thread")
        for age_days, count in THREADS_BY_AGE_DAYS.items()
        for n in range(count)
    ]
    await insert_events(stores, server.id, rows)
    await MemberClient(sim, stores, server).wait_for_verdict("Yes", "ticket-stats")
    return server


def run_ticket_stats(sim, server, options=None):
    return asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "ticket-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_reply_shows_exact_numbers_and_an_image(sim, help_desk, window):
    [message] = (await run_ticket_stats(sim, help_desk, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading == texts.format_heading("Help desk", window)
    notes = (texts.NO_COMPARISON, texts.COMPARISON_BEFORE_HISTORY)
    assert 1 <= len([line for line in findings if line not in notes]) <= 3
    assert findings[0].startswith(f"- {format_amount(TOTALS_BY_WINDOW[window], Metric.THREADS)}")
    [image_file] = message.attachments
    assert image_file.filename == "ticket-stats.png"
    assert findings[0].removeprefix("- ") in image_file.description
    with Image.open(io.BytesIO(sim.client.fetch(image_file.url))) as image:
        image.load()
        assert len(image.getcolors(1 << 24)) > 3


async def test_every_metric_of_the_command_can_be_charted_and_its_buttons_keep_it(stores, sim, help_desk):
    await add_ticket(stores, help_desk.id, utc_now() - timedelta(days=2), seconds=725)
    options = {"window": 7, "metric": Metric.FIRST_RESPONSE_SECONDS.value}
    [message] = (await run_ticket_stats(sim, help_desk, options)).messages
    _, finding, long_wait, *others = message.content.splitlines()
    assert finding.startswith("- 12 min to first response")
    assert long_wait == "- 9 of 10 within 12 min."
    assert texts.format_tickets(1, 1, 1) in others
    assert texts.format_first_response("12 min", "12 min") not in others
    members = MemberClient(sim, stores, help_desk)
    [message] = (await members.press(message, buttons.format_days(30))).messages
    assert message.content.splitlines()[1].startswith("- 12 min to first response")


def test_metrics_of_all_commands_are_all_metrics():
    metrics = [metric for command in STATS_COMMANDS.values() for metric in command.metrics]
    assert set(metrics) == set(Metric)


async def test_new_thread_and_forum_post_are_counted(stores, sim, server, bot):
    def open_threads() -> None:
        forum = sim.client.create_channel(server.id, "support", type_=15)
        sim.client.create_thread(server.channel, "Where is the key?", owner_id=server.ada)
        sim.client.create_post(forum, "The lock is stuck", owner_id=server.bob, content="Help")

    await asyncio.to_thread(open_threads)
    await wait_until_stored(stores, bot)
    await move_buffer(stores)

    async def is_counted() -> bool:
        [message] = (await run_ticket_stats(sim, server, {"window": 7})).messages
        return f"\n- {format_amount(2, Metric.THREADS)}" in message.content

    await wait_until(is_counted)
