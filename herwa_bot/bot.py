"""The bot: an AutoShardedBot lean enough for 10,000 guilds in one process."""

import asyncio
import gc
from contextlib import suppress
from typing import Any

import discord
from discord.ext import commands

from herwa_bot.cogs.server_stats import ServerStats
from herwa_bot.collector.beat import beat
from herwa_bot.collector.tap import Tap
from herwa_bot.collector.writer import Writer
from herwa_bot.replies import CommandTree
from herwa_shared.log import get_logger
from herwa_shared.stores import Stores

log = get_logger(__name__)


class HerwaBot(commands.AutoShardedBot):
    """Counts through the tap, answers through cogs; caches nothing that it does not need."""

    def __init__(self, stores: Stores, *, process_id: int, content: bool) -> None:
        super().__init__(
            commands.when_mentioned,
            intents=discord.Intents(guilds=True, guild_messages=True, message_content=content),
            tree_cls=CommandTree,
            allowed_contexts=discord.app_commands.AppCommandContext(guild=True),
            allowed_installs=discord.app_commands.AppInstallationType(guild=True),
            allowed_mentions=discord.AllowedMentions.none(),
            help_command=None,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self.stores = stores
        self.process_id = process_id
        self.writer = Writer(stores.database, process_id=process_id, resolve=self._describe_place)
        self._tasks: list[asyncio.Task[None]] = []
        Tap(self.writer, content=content).install(self)

    async def setup_hook(self) -> None:
        """Before the gateway: commands are known, the writer runs."""
        await self.add_cog(ServerStats(self.stores))
        self._tasks = [
            asyncio.create_task(self.writer.run()),
            asyncio.create_task(beat(self, self.writer, self.stores.database, process_id=self.process_id)),
        ]
        try:
            await self.tree.sync()
        except discord.HTTPException as error:
            log.warning("commands could not be registered, the old ones stay", error=str(error))

    async def on_ready(self) -> None:
        """What was loaded at start stays for good: take it out of the collector's rounds."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        log.info("listening", guilds=len(self.guilds), shards=self.shard_count)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self.writer.listening.disconnected(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.writer.listening.resumed(shard_id)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """A handler of ours failed: say so and go on."""
        log.error("event handler failed", handler=event_method, exc_info=True)  # noqa: LOG014 - called in one

    async def close(self) -> None:
        """Leave Discord first, so that nothing more arrives, then store what is held."""
        await super().close()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _describe_place(self, place_id: int) -> None:
        places = self.writer.places
        try:
            data = await self.http.get_channel(place_id)
        except (discord.NotFound, discord.Forbidden):
            places.assume_channel(place_id)
            return
        places.learn_payload(data)
