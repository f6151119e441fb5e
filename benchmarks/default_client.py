"""The peer of `collector`: discord.py's client as it comes, counting in `on_message`, into the same buffer.

It uses the same event loop, translation target, batches and COPY as Herwa's bot: what differs is the way of an event
from the gateway to the batch.
"""

import asyncio

import discord
import uvloop

from herwa_bot.collector.event_writer import Writer
from herwa_bot.discord_endpoints import bot_token, discord_url, use_discord_at
from herwa_shared.config import Settings
from herwa_shared.pipeline.events import Event, EventKind, snowflake_ms
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.shutdown import until_stopped
from herwa_shared.services import processes
from herwa_shared.stores import open_stores

WRITTEN = (discord.MessageType.default, discord.MessageType.reply)


class Counter(discord.AutoShardedClient):
    """Default options; counts in the listener that every tutorial shows."""

    def __init__(self, writer: Writer) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True))
        self.writer = writer

    async def on_shard_ready(self, shard_id: int) -> None:
        self.writer.listening.ready(shard_id=shard_id, shard_count=self.shard_count or 1)

    async def on_message(self, message: discord.Message) -> None:
        if message.guild is None or message.type not in WRITTEN:
            return
        kind = EventKind.MESSAGE_WEBHOOK if message.webhook_id else EventKind.MESSAGE
        if message.author.bot:
            kind = EventKind.MESSAGE_BOT
        thread = message.channel.id if isinstance(message.channel, discord.Thread) else 0
        channel = message.channel.parent_id if isinstance(message.channel, discord.Thread) else message.channel.id
        since = self.writer.listening.since_ms(message.guild.id)
        reply = message.type is discord.MessageType.reply
        at_ms, guild_id, author = snowflake_ms(message.id), message.guild.id, message.author
        self.writer.add(
            Event(guild_id, kind.value, at_ms, channel, thread, author.id, reply, None, None, message.id, since)
        )
        self.writer.directory.member(guild_id, author.id, author.display_name, bot=author.bot)


async def describe(_place_id: int) -> None:
    """Every place is known: the client caches them."""


async def run(settings: Settings) -> None:
    """Count until told to stop."""
    folder = DataFolder(settings.data_dir)
    use_discord_at(str(discord_url(settings, folder)))
    async with open_stores(settings) as stores:
        async with stores.database.transaction() as session:
            process_id = await processes.register(session, name="bot")
        client = Counter(Writer(stores.database, process_id=process_id, resolve=describe))
        writing = asyncio.create_task(client.writer.run())
        listening = asyncio.create_task(client.start(bot_token(settings, folder)))
        await until_stopped()
        await client.close()
        writing.cancel()
        await asyncio.gather(writing, listening, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(run(Settings()))
