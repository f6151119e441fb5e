"""The peer of `benchmarks.collector`: discord.py's default client, which counts in `on_message` into the same buffer.

It uses the same event loop, event type, batches and COPY as Herwa's bot. Only the path of an event from the gateway to
the batch differs.
"""

import asyncio

import discord
import uvloop

from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.discord_endpoints import find_discord_url, get_bot_token, set_discord_url
from herwa_shared.config import Settings
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.shutdown import wait_for_shutdown
from herwa_shared.services import processes
from herwa_shared.stores import open_stores

COUNTED_MESSAGE_TYPES = (discord.MessageType.default, discord.MessageType.reply)


class BaselineClient(discord.AutoShardedClient):
    """A client with default options that counts in `on_message`, as tutorials for discord.py show it."""

    def __init__(self, writer: EventWriter) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True))
        self.writer = writer

    async def on_shard_ready(self, shard_id: int) -> None:
        self.writer.gateway_sessions.start_session(shard_id=shard_id, shard_count=self.shard_count or 1)

    async def on_message(self, message: discord.Message) -> None:
        if message.guild is None or message.type not in COUNTED_MESSAGE_TYPES:
            return
        kind = EventKind.MESSAGE_WEBHOOK if message.webhook_id else EventKind.MESSAGE
        if message.author.bot:
            kind = EventKind.MESSAGE_BOT
        thread = message.channel.id if isinstance(message.channel, discord.Thread) else 0
        channel = message.channel.parent_id if isinstance(message.channel, discord.Thread) else message.channel.id
        live_since_ms = self.writer.gateway_sessions.get_live_since_ms(message.guild.id)
        reply = message.type is discord.MessageType.reply
        at_ms, guild_id, author = decode_snowflake_ms(message.id), message.guild.id, message.author
        self.writer.add(
            ActivityEvent(
                guild_id, kind.value, at_ms, channel, thread, author.id, reply, None, None, message.id, live_since_ms
            )
        )
        self.writer.metadata.update_member(guild_id, author.id, author.display_name, is_bot=author.bot)


async def skip_unresolved(_channel_id: int) -> None:
    """Do nothing: discord.py's cache knows every channel."""


async def run(settings: Settings) -> None:
    """Count messages until the process receives a signal to stop."""
    folder = DataFolder(settings.data_dir)
    set_discord_url(str(find_discord_url(settings, folder)))
    async with open_stores(settings) as stores:
        async with stores.database.transaction() as session:
            process_id = await processes.register_process(session, name="bot")
        client = BaselineClient(EventWriter(stores.database, process_id=process_id, resolve_channel=skip_unresolved))
        writer_task = asyncio.create_task(client.writer.run())
        client_task = asyncio.create_task(client.start(get_bot_token(settings, folder)))
        await wait_for_shutdown()
        await client.close()
        writer_task.cancel()
        await asyncio.gather(writer_task, client_task, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(run(Settings()))
