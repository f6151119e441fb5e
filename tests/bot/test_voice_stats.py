"""`/voice-stats` replies with exact minutes and members and a valid image."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_bot.texts import stats as texts
from herwa_bot.ui.escaping import escape
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.text.metric_phrases import format_amount, get_metric_phrases
from herwa_shared.clock import utc_now
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.row_factories import EventRow, add_imported_period, insert_events
from tests.support.sample_server import SampleServer

VOICE_BY_AGE_DAYS = {
    1: (50, 1),
    3: (20, 2),
    20: (30, 1),
    60: (600, 3),
}  # days ago: (minutes per person, number of people)
MINUTES_BY_WINDOW = {7: 90, 30: 120, 90: 1920}
MEMBERS_BY_WINDOW = {7: 2, 30: 2, 90: 3}


@pytest.fixture(scope="module")
async def voice_server(stores, sim, bot) -> SampleServer:
    """A server with voice activity of the last 60 days."""
    server = SampleServer(sim.client, "Talking café")
    await wait_until_stored(stores, bot)
    now = utc_now()
    await add_imported_period(stores, server.id, now - timedelta(days=200), now)
    rows = [
        EventRow(now - timedelta(days=age_days), 1000 + person, 5, "voice", minutes * 60)
        for age_days, (minutes, people) in VOICE_BY_AGE_DAYS.items()
        for person in range(people)
    ]
    await insert_events(stores, server.id, rows)
    await MemberClient(sim, stores, server).wait_for_verdict("Yes", "voice-stats")
    return server


def run_voice_stats(sim, server, options=None):
    return asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "voice-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_reply_shows_minutes_members_and_an_image(sim, voice_server, window):
    [message] = (await run_voice_stats(sim, voice_server, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    members = format_amount(MEMBERS_BY_WINDOW[window], Metric.VOICE_MEMBERS)
    assert heading == texts.format_heading("Talking café", window, members)
    notes = (texts.NO_COMPARISON, texts.COMPARISON_BEFORE_HISTORY)
    assert 1 <= len([line for line in findings if line not in notes]) <= 3
    assert findings[0].startswith(f"- {format_amount(MINUTES_BY_WINDOW[window], Metric.VOICE_MINUTES)}")
    [image_file] = message.attachments
    assert image_file.filename == "voice-stats.png"
    assert findings[0].removeprefix("- ") in image_file.description
    with Image.open(io.BytesIO(sim.client.fetch(image_file.url))) as image:
        image.load()
        assert len(image.getcolors(1 << 24)) > 3


async def test_server_without_coverage_gets_a_reply_without_numbers(sim, server, bot):
    [message] = (await run_voice_stats(sim, server, {"window": 7})).messages
    heading, *findings = message.content.splitlines()
    assert heading == texts.format_heading(escape(sim.client.get_guild(server.id)["name"]), 7)
    assert findings
    assert len(message.attachments) == 1


async def test_members_with_less_than_a_minute_are_not_in_the_heading(stores, sim, bot):
    server = SampleServer(sim.client, "Short talks")
    await wait_until_stored(stores, bot)
    now = utc_now()
    await add_imported_period(stores, server.id, now - timedelta(days=40), now)
    await insert_events(stores, server.id, [EventRow(now - timedelta(days=2), 1000, 5, "voice", 20)])
    [message] = (await run_voice_stats(sim, server, {"window": 7})).messages
    heading, finding, *_ = message.content.splitlines()
    assert heading == texts.format_heading("Short talks", 7)
    assert finding.startswith(f"- {get_metric_phrases(Metric.VOICE_MINUTES).none}")
