"""The answer to a heartbeat may be there before anybody has noted that it was sent."""

import time
from types import SimpleNamespace

from discord.gateway import DiscordWebSocket

from herwa_bot.collector.discordpy_patch import install_fast_dispatch


async def test_an_immediate_acknowledgement_is_not_taken_for_a_late_one(monkeypatch):
    for method in ("poll_event", "received_message", "send_heartbeat"):
        monkeypatch.setattr(DiscordWebSocket, method, getattr(DiscordWebSocket, method))
    install_fast_dispatch({}, SimpleNamespace(is_full=False))
    before = time.perf_counter()
    keep_alive = SimpleNamespace(_last_send=before - 41.25)
    send_times = []

    async def send_str(_text: str) -> None:
        send_times.append(keep_alive._last_send)

    await DiscordWebSocket.send_heartbeat(
        SimpleNamespace(_keep_alive=keep_alive, socket=SimpleNamespace(send_str=send_str)), {"op": 1, "d": 7}
    )
    assert send_times[0] >= before
