"""An unmodified discord.py bot in the process of the tests that records what it receives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import discord
import yarl
from discord.asset import Asset
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.sim.commands import add_commands
from tests.support.sim_process import SimProcess

INTENTS = discord.Intents(guilds=True, guild_messages=True, members=True, voice_states=True, guild_reactions=True)
CLOSE_TIMEOUT_SECONDS = 30


class RecordingBot(commands.AutoShardedBot):
    """Records messages and events. Identifies again without discord.py's pause of five seconds."""

    def __init__(self, **options: object) -> None:
        super().__init__(
            commands.when_mentioned, max_messages=None, guild_ready_timeout=0.05, **{"intents": INTENTS, **options}
        )
        self.messages: list[discord.Message] = []
        self.recorded_events: list[tuple[str, object]] = []
        add_commands(self.tree)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        self.recorded_events.append(("identify", shard_id))

    async def on_message(self, message: discord.Message) -> None:
        self.messages.append(message)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.recorded_events.append(("join", guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.recorded_events.append(("remove", guild.id))

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        self.recorded_events.append(("unavailable", guild.id))

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self.recorded_events.append(("available", guild.id))

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.recorded_events.append(("resumed", shard_id))

    async def on_raw_message_edit(self, payload) -> None:
        self.recorded_events.append(("edit", payload.message_id))

    async def on_raw_message_delete(self, payload) -> None:
        self.recorded_events.append(("delete", payload.message_id))

    async def on_raw_bulk_message_delete(self, payload) -> None:
        self.recorded_events.append(("bulk_delete", frozenset(payload.message_ids)))

    async def on_raw_member_remove(self, payload) -> None:
        self.recorded_events.append(("leave", payload.user.id))

    async def on_member_join(self, member: discord.Member) -> None:
        self.recorded_events.append(("member", member.id))

    async def on_voice_state_update(self, member, _before, _after) -> None:
        self.recorded_events.append(("voice", member.id))

    async def on_raw_reaction_add(self, payload) -> None:
        self.recorded_events.append(("reaction", payload.message_id))

    async def on_raw_reaction_remove(self, payload) -> None:
        self.recorded_events.append(("unreaction", payload.message_id))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        self.recorded_events.append(("thread", thread.id))


async def wait_until(condition, timeout_seconds: float = 10.0) -> None:
    """Wait until the condition holds; raise TimeoutError after `timeout_seconds`."""
    async with asyncio.timeout(timeout_seconds):
        while not condition():  # noqa: ASYNC110 - an event would have to be set in every discord.py callback
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connect_bot(sim: SimProcess, **options: object) -> AsyncIterator[RecordingBot]:
    """Connect a bot and wait until it is ready; close it at the end of the block."""
    Route.BASE = f"{sim.url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sim.url.replace("http", "ws", 1) + "/")
    Asset.BASE = f"{sim.url}/cdn"
    async with RecordingBot(**options) as bot:
        bot_task = asyncio.create_task(bot.start(sim.token))
        try:
            await asyncio.sleep(0)
            await wait_until(lambda: bot_task.done() or bot.is_ready())
            if bot_task.done():
                bot_task.result()
            yield bot
        finally:
            await bot.close()
            with suppress(asyncio.CancelledError):
                async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                    await bot_task
