"""What the bot assumes about private parts of discord.py.

A new version of discord.py must pass these tests first.
"""

import inspect
import re
from pathlib import Path

import discord
from discord.asset import Asset
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import HTTPClient, Route
from discord.state import AutoShardedConnectionState
from discord.ui import Modal, View

KNOWN_VERSION = "2.7.1"
LOCK_PATH = Path(__file__).parents[2] / "requirements.txt"


def test_installed_discord_py_is_the_known_version():
    assert discord.__version__ == KNOWN_VERSION, (
        "herwa_bot/collector/discordpy_patch.py and handlers/messages.py replace private parts of discord.py: read those"
        " parts of the new version, then change KNOWN_VERSION"
    )


def test_lock_file_pins_the_known_version():
    assert re.search(r"^discord-py==([\d.]+)", LOCK_PATH.read_text(), re.MULTILINE)[1] == KNOWN_VERSION


def test_replaced_methods_receive_and_dispatch_as_expected():
    poll_source = inspect.getsource(DiscordWebSocket.poll_event)
    assert "await self.socket.receive(timeout=self._max_heartbeat_timeout)" in poll_source
    assert "await self.received_message(msg.data)" in poll_source
    received_source = inspect.getsource(DiscordWebSocket.received_message)
    for step in ("self._decompressor.decompress(msg)", "self.sequence = seq", "self._keep_alive.tick()"):
        assert step in received_source
    assert "func = self._discord_parsers[event]" in received_source
    assert "ws._discord_parsers = client._connection.parsers" in inspect.getsource(DiscordWebSocket.from_client)


def test_heartbeat_latency_is_measured_from_sending():
    assert "self.latency = ack_time - self._last_send" in inspect.getsource(KeepAliveHandler.ack)
    assert "coro = self.ws.send_heartbeat(data)" in inspect.getsource(KeepAliveHandler.run)


def test_events_are_parsed_through_a_dictionary():
    assert "self.parsers: Dict[str, Callable[[Any], None]]" in inspect.getsource(AutoShardedConnectionState.__mro__[1])


def test_intents_can_be_reduced_before_identify():
    assert "payload['d']['intents'] = state._intents.value" in inspect.getsource(DiscordWebSocket.identify)
    login_source = inspect.getsource(discord.Client.login)
    assert login_source.index("application_flags = self._application.flags") < login_source.index(
        "await self.setup_hook()"
    )
    assert "with_counts" in inspect.signature(HTTPClient.get_guilds).parameters


def test_member_keeps_the_ids_of_unknown_roles():
    assert "self._roles: utils.SnowflakeList = utils.SnowflakeList(map(int, data['roles']))" in inspect.getsource(
        discord.Member.__init__
    )


def test_interaction_check_runs_before_every_command_and_autocomplete():
    call_source = inspect.getsource(discord.app_commands.CommandTree._call)
    check_index = call_source.index("await self.interaction_check(interaction)")
    assert check_index < min(
        call_source.index(f"{method}(")
        for method in ("_call_context_menu", "_invoke_autocomplete", "_invoke_with_namespace")
    )


def test_press_and_submission_are_checked_run_and_their_errors_reported():
    for method, action in ((View._scheduled_task, "item.callback"), (Modal._scheduled_task, "self.on_submit")):
        steps = (
            "self.interaction_check(interaction)",
            f"await {action}(interaction)",
            "await self.on_error(interaction",
        )
        positions = [inspect.getsource(method).index(step) for step in steps]
        assert positions == sorted(positions)


def test_urls_are_defined_where_they_are_replaced():
    assert str(Route.BASE).startswith("http")
    assert DiscordWebSocket.DEFAULT_GATEWAY.scheme in ("ws", "wss")
    assert Asset.BASE.startswith("http")
