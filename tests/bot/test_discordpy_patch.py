"""A heartbeat may be acknowledged before discord.py has recorded its send time."""

import time
from types import SimpleNamespace

from discord.gateway import DiscordWebSocket

from herwa_bot.collector.discordpy_patch import install_fast_dispatch
from herwa_bot.collector.gateway_sessions import GatewaySessions


async def test_send_time_is_recorded_before_the_heartbeat_is_sent(monkeypatch):
    for method in ("poll_event", "received_message", "send_heartbeat"):
        monkeypatch.setattr(DiscordWebSocket, method, getattr(DiscordWebSocket, method))
    install_fast_dispatch({}, SimpleNamespace(is_full=False, gateway_sessions=GatewaySessions()))
    started_at = time.perf_counter()
    keep_alive = SimpleNamespace(_last_send=started_at - 41.25)
    send_times = []

    async def send_str(_text: str) -> None:
        send_times.append(keep_alive._last_send)

    await DiscordWebSocket.send_heartbeat(
        SimpleNamespace(_keep_alive=keep_alive, socket=SimpleNamespace(send_str=send_str)), {"op": 1, "d": 7}
    )
    assert send_times[0] >= started_at
