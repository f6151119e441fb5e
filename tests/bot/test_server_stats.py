"""`/server-stats` as a member sees it: numbers in words, a picture that opens, and nothing in it that pings."""

import asyncio
import io
import os
import signal
from datetime import timedelta

import pytest
from PIL import Image

from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from tests.bot.conftest import Place
from tests.bot.stored import moved, settled

EVIL = "@everyone **x** <@1>"
AGO = {3: 5, 20: 7, 60: 11, 120: 13}  # days ago: messages
TOTALS = {7: 5, 30: 12, 90: 23}


@pytest.fixture(scope="module")
async def evil(stores, sim, bot) -> Place:
    """A server with a name that tries everything, and a history."""
    key, _ = sim.client.begin_replay(EVIL)
    for days, count in sorted(AGO.items(), reverse=True):
        when = utc_now() - timedelta(days=days)
        rows = [
            [(when + timedelta(seconds=n)).isoformat(), "talk", "general", "", f"a{n}", 10, 0] for n in range(count)
        ]
        sim.client.replay_rows(key, rows)
    sim.client.finish_replay(key)
    await settled(stores, bot)
    await moved(stores)
    return Place(sim.client, EVIL)


def run(sim, place, options=None):
    return asyncio.to_thread(sim.client.command, place.channel, place.ada, "server-stats", options)


@pytest.mark.parametrize("window", [7, 30, 90])
async def test_it_answers_with_exact_numbers_a_picture_and_its_description(sim, evil, window):
    [message] = (await run(sim, evil, {"window": window})).messages
    heading, *findings = message.content.splitlines()
    assert heading.endswith(f"the last {window} days")
    assert len(findings) == 3
    assert all(finding.startswith("- ") for finding in findings)
    assert findings[0].startswith(f"- {TOTALS[window]} messages in ")
    assert not message.ephemeral
    [picture] = message.attachments
    assert (picture.filename, picture.content_type) == ("server-stats.png", "image/png")
    assert findings[0].removeprefix("- ") in picture.description
    with Image.open(io.BytesIO(sim.client.fetch(picture.url))) as opened:
        opened.load()
        assert opened.format == "PNG"
        assert len(opened.getcolors(1 << 24)) > 3


async def test_without_a_choice_it_looks_back_thirty_days(sim, evil):
    [message] = (await run(sim, evil)).messages
    assert f"- {TOTALS[30]} messages in " in message.content


async def test_the_name_of_the_server_is_plain_text(sim, evil):
    [message] = (await run(sim, evil)).messages
    assert "@everyone" not in message.content
    assert "<@1>" not in message.content
    assert message.content.startswith("**@\N{ZERO WIDTH SPACE}everyone \\*\\*x\\*\\* \\<@1\\>**, ")


async def test_a_server_in_which_nobody_wrote_is_answered_too(sim, bot, place):
    [message] = (await run(sim, place, {"window": 7})).messages
    assert len(message.content.splitlines()) == 4
    assert len(message.attachments) == 1


async def test_without_the_store_of_statistics_only_the_asker_is_told(stores, settings, folder, sim, bot, evil):
    os.kill(read_record(folder, "clickhouse").pid, signal.SIGKILL)
    try:
        [message] = (await run(sim, evil)).messages
    finally:
        with lease_engines(settings, folder):
            pass
    assert message.ephemeral
    assert message.content.startswith("The statistics cannot be read at the moment.")
    [again] = (await run(sim, evil)).messages
    assert f"- {TOTALS[30]} messages in " in again.content
