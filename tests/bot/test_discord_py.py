"""What the bot takes for granted of discord.py's inside. A new version of it has to pass here before anything else."""

import inspect
import re
from pathlib import Path

import discord
from discord.asset import Asset
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import HTTPClient, Route
from discord.state import AutoShardedConnectionState

KNOWN_VERSION = "2.7.1"
LOCK_PATH = Path(__file__).parents[2] / "requirements.txt"


def test_it_is_the_version_that_was_read():
    assert discord.__version__ == KNOWN_VERSION, (
        "herwa_bot/collector/discordpy_patch.py and tap.py replace private parts of discord.py: read those parts of the new"
        " version, then change KNOWN"
    )


def test_the_lock_names_the_same_version():
    assert re.search(r"^discord-py==([\d.]+)", LOCK_PATH.read_text(), re.MULTILINE)[1] == KNOWN_VERSION


def test_the_replaced_methods_read_and_hand_on_as_ours_do():
    poll_source = inspect.getsource(DiscordWebSocket.poll_event)
    assert "await self.socket.receive(timeout=self._max_heartbeat_timeout)" in poll_source
    assert "await self.received_message(msg.data)" in poll_source
    received_source = inspect.getsource(DiscordWebSocket.received_message)
    for step in ("self._decompressor.decompress(msg)", "self.sequence = seq", "self._keep_alive.tick()"):
        assert step in received_source
    assert "func = self._discord_parsers[event]" in received_source
    assert "ws._discord_parsers = client._connection.parsers" in inspect.getsource(DiscordWebSocket.from_client)


def test_a_heartbeat_is_timed_from_the_moment_it_is_sent():
    assert "self.latency = ack_time - self._last_send" in inspect.getsource(KeepAliveHandler.ack)
    assert "coro = self.ws.send_heartbeat(data)" in inspect.getsource(KeepAliveHandler.run)


def test_events_are_parsed_through_a_dictionary():
    assert "self.parsers: Dict[str, Callable[[Any], None]]" in inspect.getsource(AutoShardedConnectionState.__mro__[1])


def test_identify_sends_the_intents_that_are_lowered_before_it():
    assert "payload['d']['intents'] = state._intents.value" in inspect.getsource(DiscordWebSocket.identify)
    login_source = inspect.getsource(discord.Client.login)
    assert login_source.index("application_flags = self._application.flags") < login_source.index(
        "await self.setup_hook()"
    )
    assert "with_counts" in inspect.signature(HTTPClient.get_guilds).parameters


def test_a_member_knows_the_ids_of_roles_that_were_never_described():
    assert "self._roles: utils.SnowflakeList = utils.SnowflakeList(map(int, data['roles']))" in inspect.getsource(
        discord.Member.__init__
    )


def test_the_tree_asks_before_everything_that_it_runs():
    call_source = inspect.getsource(discord.app_commands.CommandTree._call)
    check_index = call_source.index("await self.interaction_check(interaction)")
    assert check_index < min(
        call_source.index(f"{method}(")
        for method in ("_call_context_menu", "_invoke_autocomplete", "_invoke_with_namespace")
    )


def test_its_addresses_stand_where_they_are_replaced():
    assert str(Route.BASE).startswith("http")
    assert DiscordWebSocket.DEFAULT_GATEWAY.scheme in ("ws", "wss")
    assert Asset.BASE.startswith("http")
