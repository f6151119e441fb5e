"""Without the drawing libraries, a reply is text only and names who can install them."""

import asyncio

from herwa_bot.texts import stats as texts
from herwa_bot.ui.escaping import escape
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
    assert heading == texts.format_heading(escape(sim.client.get_guild(server.id)["name"]), 30)
    assert findings
    assert remark == texts.NO_IMAGE
    assert message.attachments == ()
    assert "libgl1" in bot.read_log()
    assert "Traceback" not in bot.read_log()
