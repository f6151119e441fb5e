"""`/ticket-stats` as a member sees it: what was opened, in words, and a picture that opens."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from herwa_shared.clock import utc_now
from tests.activity import Wrote, add_history, record
from tests.bot.place import Place
from tests.bot.stored import comes_true, moved, settled

OPENED = {1: 4, 3: 2, 20: 1, 60: 5}  # days ago: threads
TOTALS = {7: 6, 30: 7, 90: 12}


@pytest.fixture(scope="module")
async def desk(stores, sim, bot) -> Place:
    """A server in which people have asked."""
    place = Place(sim.client, "Help desk")
    await settled(stores, bot)
    now = utc_now()
    await add_history(stores, place.guild, now - timedelta(days=200), now)
    rows = [Wrote(now - timedelta(days=ago), n, 5, "thread") for ago, count in OPENED.items() for n in range(count)]
    await record(stores, place.guild, rows)
    return place


def run(sim, place, options=None):
    return asyncio.to_thread(sim.client.command, place.channel, place.ada, "ticket-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_it_answers_with_exact_numbers_and_a_picture(sim, desk, window):
    [message] = (await run(sim, desk, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading == f"**Help desk**, the last {window} days"
    assert len(findings) == 3
    assert findings[0].startswith(f"- {TOTALS[window]} threads in ")
    [picture] = message.attachments
    assert picture.filename == "ticket-stats.png"
    assert picture.description.startswith("Line chart: threads per day")
    with Image.open(io.BytesIO(sim.client.fetch(picture.url))) as opened:
        opened.load()
        assert len(opened.getcolors(1 << 24)) > 3


async def test_a_thread_and_a_post_that_are_opened_now_count(stores, sim, place, bot):
    def ask() -> None:
        forum = sim.client.create_channel(place.guild, "support", type_=15)
        sim.client.create_thread(place.channel, "Where is the key?", owner_id=place.ada)
        sim.client.create_post(forum, "The door is stuck", owner_id=place.bob, content="Help")

    await asyncio.to_thread(ask)
    await settled(stores, bot)
    await moved(stores)

    async def counted() -> bool:
        [message] = (await run(sim, place, {"window": 7})).messages
        return "\n- 2 threads in " in message.content

    await comes_true(counted)
