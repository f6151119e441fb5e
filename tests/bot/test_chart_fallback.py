"""Without the drawing libraries, a reply is text only and names who can install them."""

import asyncio

from tests.support.bot_process import run_bot_process

BROKEN_SKIA_SOURCE = "raise ImportError('libGL.so.1: cannot open shared object file')"


async def test_reply_without_skia_has_text_but_no_image(settings, sim, server, tmp_path):
    (tmp_path / "skia.py").write_text(BROKEN_SKIA_SOURCE)
    with run_bot_process(settings, sim, PYTHONPATH=str(tmp_path)) as bot:
        await bot.wait_until_ready()
        result = await asyncio.to_thread(sim.client.run_command, server.channel, server.ada, "server-stats")
        assert await bot.stop() == 0
    [message] = result.messages
    heading, *findings, remark = message.content.splitlines()
    assert heading.endswith("the last 30 days")
    assert len(findings) == 3
    assert "whoever runs this bot" in remark
    assert message.attachments == ()
    assert "apt-get install libgl1" in bot.read_log()
    assert "Traceback" not in bot.read_log()
