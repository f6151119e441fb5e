"""`/voice-stats` replies with exact minutes and members and a valid image."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_shared.clock import utc_now
from tests.support.db_assertions import wait_until_stored
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
    return server


def run_voice_stats(sim, server, options=None):
    return asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "voice-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_reply_shows_minutes_members_and_an_image(sim, voice_server, window):
    [message] = (await run_voice_stats(sim, voice_server, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading == f"**Talking café**, the last {window} days · {MEMBERS_BY_WINDOW[window]} members in voice"
    assert len(findings) == 3
    assert findings[0].startswith(f"- {MINUTES_BY_WINDOW[window]:,} minutes in voice in ")
    [image_file] = message.attachments
    assert image_file.filename == "voice-stats.png"
    assert image_file.description.startswith("Line chart: voice minutes per day")
    assert findings[0].removeprefix("- ") in image_file.description
    with Image.open(io.BytesIO(sim.client.fetch(image_file.url))) as image:
        image.load()
        assert len(image.getcolors(1 << 24)) > 3


async def test_server_without_coverage_gets_a_reply_without_numbers(sim, server, bot):
    [message] = (await run_voice_stats(sim, server, {"window": 7})).messages
    heading, *findings = message.content.splitlines()
    assert heading.endswith(("the last 7 days", " · 0 members in voice"))
    assert len(findings) == 3
    assert len(message.attachments) == 1
