"""A machine without the libraries that drawing needs: the words come alone and say who can mend it."""

import asyncio

from tests.bot.process import bot_process

BROKEN = "raise ImportError('libGL.so.1: cannot open shared object file')"


async def test_where_no_picture_can_be_drawn_the_words_come_alone(settings, sim, place, tmp_path):
    (tmp_path / "skia.py").write_text(BROKEN)
    with bot_process(settings, sim, PYTHONPATH=str(tmp_path)) as blind:
        await blind.listens()
        asked = await asyncio.to_thread(sim.client.command, place.channel, place.ada, "server-stats")
        assert await blind.stop() == 0
    [message] = asked.messages
    heading, *findings, remark = message.content.splitlines()
    assert heading.endswith("the last 30 days")
    assert len(findings) == 3
    assert "whoever runs this bot" in remark
    assert message.attachments == ()
    assert "apt-get install libgl1" in blind.said()
    assert "Traceback" not in blind.said()
