"""`/voice-stats` as a member sees it: minutes and members in words, and a picture that opens."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_shared.clock import utc_now
from tests.activity import Wrote, add_history, record
from tests.bot.place import Place
from tests.bot.stored import settled

SAT = {1: (50, 1), 3: (20, 2), 20: (30, 1), 60: (600, 3)}  # days ago: minutes of each, how many people
MINUTES = {7: 90, 30: 120, 90: 1920}
PEOPLE = {7: 2, 30: 2, 90: 3}


@pytest.fixture(scope="module")
async def cafe(stores, sim, bot) -> Place:
    """A server in which people have talked."""
    place = Place(sim.client, "Talking café")
    await settled(stores, bot)
    now = utc_now()
    await add_history(stores, place.guild, now - timedelta(days=200), now)
    rows = [
        Wrote(now - timedelta(days=ago), 1000 + person, 5, "voice", minutes * 60)
        for ago, (minutes, people) in SAT.items()
        for person in range(people)
    ]
    await record(stores, place.guild, rows)
    return place


def run(sim, place, options=None):
    return asyncio.to_thread(sim.client.command, place.channel, place.ada, "voice-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_it_answers_with_minutes_members_and_a_picture(sim, cafe, window):
    [message] = (await run(sim, cafe, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading == f"**Talking café**, the last {window} days · {PEOPLE[window]} members in voice"
    assert len(findings) == 3
    assert findings[0].startswith(f"- {MINUTES[window]:,} minutes in voice in ")
    [picture] = message.attachments
    assert picture.filename == "voice-stats.png"
    assert picture.description.startswith("Line chart: voice minutes per day")
    assert findings[0].removeprefix("- ") in picture.description
    with Image.open(io.BytesIO(sim.client.fetch(picture.url))) as opened:
        opened.load()
        assert len(opened.getcolors(1 << 24)) > 3


async def test_where_nobody_counted_no_number_is_made_up(sim, place, bot):
    [message] = (await run(sim, place, {"window": 7})).messages
    heading, *findings = message.content.splitlines()
    assert heading.endswith(("the last 7 days", " · 0 members in voice"))
    assert len(findings) == 3
    assert len(message.attachments) == 1
