"""The bot: an AutoShardedBot lean enough for 10,000 guilds in one process."""

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from herwa_bot.access.access_requests import AnswerButton, AskButton
from herwa_bot.access.guard import Guard
from herwa_bot.cogs import COGS
from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.gateway_sessions import now_ms
from herwa_bot.collector.handlers.messages import Tap
from herwa_bot.collector.member_counts import PAGE, go_rounds
from herwa_bot.collector.payload_fields import Payload
from herwa_bot.command_tree import GuardedTree
from herwa_bot.intents import missing_intents, privileged, say_missing, wanted_intents
from herwa_bot.ui.views import say_if_unheard
from herwa_shared.log import get_logger
from herwa_shared.stores import Stores

log = get_logger(__name__)

SYNC_SECONDS = 10.0
SYNC_AGAIN_SECONDS = 60.0


class HerwaBot(commands.AutoShardedBot):
    """Counts through the tap, answers through cogs; caches nothing that it does not need.

    `content` and `all_granted` are what to hope for: what Discord does not grant is done without.
    """

    def __init__(
        self, stores: Stores, writer: Writer, guard: Guard, *, content: bool, all_granted: bool = True
    ) -> None:
        super().__init__(
            commands.when_mentioned,
            intents=wanted_intents(content=content),
            tree_cls=GuardedTree,
            allowed_contexts=discord.app_commands.AppCommandContext(guild=True),
            allowed_installs=discord.app_commands.AppInstallationType(guild=True),
            allowed_mentions=discord.AllowedMentions.none(),
            help_command=None,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self.stores = stores
        self.writer = writer
        self.guard = guard
        self.was_ready = False
        self._all_granted = all_granted
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None
        self._tap = Tap(writer)
        self._tap.install(self)
        writer.resolve = self._describe_place

    async def setup_hook(self) -> None:
        """Before the gateway: intents are settled and commands known."""
        self._settle_intents()
        self.add_dynamic_items(AskButton, AnswerButton)
        for cog in COGS:
            await self.add_cog(cog(self.stores))
            self.add_dynamic_items(*getattr(cog, "persistent", ()))
            for menu in getattr(cog, "menus", ()):
                self.tree.add_command(menu)
        if not await self._sync():
            self._tasks.add(asyncio.create_task(self._sync_again()))

    def _settle_intents(self) -> None:
        """Ask the gateway for no more than the application may have: it would hang up."""
        intents = self._connection._intents  # noqa: SLF001 - what IDENTIFY sends; the version is pinned
        missing = missing_intents(intents, self.application_flags) if self._all_granted else privileged(intents)
        say_missing(missing)
        for name in missing:
            setattr(intents, name, False)
        self._tap.content = intents.message_content
        self.writer.listening.intents = intents.value
        self.writer.listening.missing_intents = missing

    async def _sync(self) -> bool:
        """Tell Discord our commands. It takes the whole list and changes nothing where nothing is new."""
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                await self.tree.sync()
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("commands could not be registered, the old ones stay for now", error=repr(error)[:200])
            return False
        return True

    async def _sync_again(self) -> None:
        """Counting does not wait for commands."""
        while True:
            await asyncio.sleep(SYNC_AGAIN_SECONDS)
            if await self._sync():
                log.info("commands are registered")
                return

    async def on_ready(self) -> None:
        """What was loaded at start stays for good: take it out of the collector's rounds."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        self.was_ready = True
        self.writer.listening.user = str(self.user)
        log.info("listening", guilds=len(self.guilds), shards=self.shard_count)
        if self._rounds is None:
            self._rounds = asyncio.create_task(go_rounds(self.writer.census, self._count_guilds, self.writer.add_all))
            self._tasks.add(self._rounds)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Runs behind the views: their tasks were made before, and mark what they hear at once."""
        await say_if_unheard(interaction)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self.writer.listening.disconnected(shard_id)
        self.writer.voice.silence(self.writer.listening.guilds_of(shard_id), now_ms=now_ms())

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.writer.listening.resumed(shard_id)
        self.writer.voice.resume(self.writer.listening.guilds_of(shard_id))

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """A handler of ours failed: say so and go on."""
        log.error("event handler failed", handler=event_method, exc_info=True)  # noqa: LOG014 - called in one

    async def close(self) -> None:
        """Leave Discord."""
        for task in self._tasks:
            task.cancel()
        await super().close()
        self.writer.listening.hung_up()
        self.writer.voice.silence(lambda _: True, now_ms=now_ms())

    async def _count_guilds(self, after: int) -> Sequence[Payload]:
        return await self.http.get_guilds(PAGE, after=after or None, with_counts=True)

    async def _describe_place(self, place_id: int) -> None:
        try:
            self._tap.channel_described(dict(await self.http.get_channel(place_id)))
        except discord.HTTPException as error:
            if error.status >= 500:
                raise
            log.info("Discord does not say what a place is, it counts for itself", place=place_id, status=error.status)
        except (LookupError, TypeError, ValueError):
            log.exception("Discord's answer about a place is skipped, it counts for itself", place=place_id)
        if self.writer.places.parent_of(place_id) is None:
            self.writer.places.assume_channel(place_id)
