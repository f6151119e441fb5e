"""The Discord client: an `AutoShardedBot` without caches, for 10,000 guilds in one process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from herwa_bot.access.access_requests import RequestAccessButton, RequestDecisionButton
from herwa_bot.access.command_log import finish_command
from herwa_bot.access.guard import Guard
from herwa_bot.access.notices import send_notices
from herwa_bot.cogs import COGS
from herwa_bot.collector.archived_threads import ThreadList, ThreadLister
from herwa_bot.collector.channel_directory import ChannelDirectory
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import get_time_ms
from herwa_bot.collector.growth import PAGE_SIZE as MEMBER_PAGE_SIZE
from herwa_bot.collector.handlers.messages import MessageHandlers
from herwa_bot.collector.history_fetcher import MAX_PAGES_PER_SECOND, RequestPacer
from herwa_bot.collector.history_fetcher import PAGE_SIZE as HISTORY_PAGE_SIZE
from herwa_bot.collector.member_counts import PAGE_SIZE, poll_forever
from herwa_bot.collector.payload_fields import Payload
from herwa_bot.collector.skipped_events import log_skipped_event
from herwa_bot.command_tree import GuardedCommandTree
from herwa_bot.intents import build_intents, list_missing_intents, list_privileged_intents, warn_missing_intents
from herwa_bot.ui.views import reply_if_expired
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.retry import RetryPolicy, log_retry, retry
from herwa_shared.runtime.garbage_collection import exempt_startup_objects
from herwa_shared.services.entitlement_checks import request_check
from herwa_shared.stores import Stores

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

SYNC_TIMEOUT_SECONDS = 10.0
SYNC_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=60.0)
CHECK_RETRY = RetryPolicy(first_delay_seconds=0.5, max_delay_seconds=30.0)
SYNC_ERRORS = (discord.HTTPException, aiohttp.ClientError, OSError)  # TimeoutError is an OSError


class HerwaBot(commands.AutoShardedBot):
    """Discord client that counts through `MessageHandlers` and serves commands through cogs.

    Messages and members are not cached, and members are not chunked at startup.

    `message_content`: request the message content intent. `all_intents_granted`: False requests no privileged intent
    at all. Intents that Discord does not grant are dropped before the gateway connection. `dashboard_url`: the base URL
    of the dashboard, or None if Discord does not accept links to it.
    """

    def __init__(
        self,
        stores: Stores,
        writer: EventWriter,
        guard: Guard,
        guild_reader: GuildReader,
        *,
        message_content: bool,
        all_intents_granted: bool = True,
        dashboard_url: str | None = None,
    ) -> None:
        super().__init__(
            commands.when_mentioned,
            intents=build_intents(message_content=message_content),
            tree_cls=GuardedCommandTree,
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
        self.guild_reader = guild_reader
        self.dashboard_url = dashboard_url
        self.was_ready = False
        self._all_intents_granted = all_intents_granted
        self._tasks: set[asyncio.Task[None]] = set()
        self._history_pacer = RequestPacer(MAX_PAGES_PER_SECOND)
        self._poll_task: asyncio.Task[None] | None = None
        self.channel_directory = ChannelDirectory()
        self._message_handlers = MessageHandlers(writer, self.channel_directory)
        self._message_handlers.install(self)
        self._thread_lister = ThreadLister(
            self._message_handlers.list_thread_parents, self._fetch_active_threads, self._fetch_archived_threads
        )
        writer.resolve_channel = self._resolve_channel
        for fetcher in (writer.catch_up.fetcher, writer.backfiller.fetcher):
            fetcher.can_read_history = self._message_handlers.can_read_history
            fetcher.has_guild = self._message_handlers.has_guild

    async def setup_hook(self) -> None:
        """Reduce the intents, add the cogs and sync the commands.

        discord.py calls this before it connects to the gateway.
        """
        self._reduce_intents()
        self.add_dynamic_items(RequestAccessButton, RequestDecisionButton)
        for cog in COGS:
            await self.add_cog(cog(self.stores))
            self.add_dynamic_items(*getattr(cog, "persistent_buttons", ()))
            for menu in getattr(cog, "menus", ()):
                self.tree.add_command(menu)
        try:
            await self._sync_commands()
        except SYNC_ERRORS as error:
            log.warning("command sync failed, previously registered commands remain", error=format_reason(error))
            self._tasks.add(asyncio.create_task(self._retry_sync()))

    def _reduce_intents(self) -> None:
        """Drop intents that the application lacks: the gateway closes the connection otherwise."""
        intents = self._connection._intents  # noqa: SLF001 - IDENTIFY sends these; discord.py's version is pinned
        missing_names = (
            list_missing_intents(intents, self.application_flags)
            if self._all_intents_granted
            else list_privileged_intents(intents)
        )
        warn_missing_intents(missing_names)
        for name in missing_names:
            setattr(intents, name, False)
        self._message_handlers.can_read_content = intents.message_content
        for fetcher in (self.writer.catch_up.fetcher, self.writer.backfiller.fetcher):
            fetcher.can_read_content = intents.message_content
        self.writer.gateway_sessions.intents = intents.value
        self.writer.gateway_sessions.missing_intents = missing_names

    async def _sync_commands(self) -> None:
        """Register the commands with Discord. Raises one of SYNC_ERRORS on failure.

        Idempotent: Discord receives the complete list and changes only what differs.
        """
        async with asyncio.timeout(SYNC_TIMEOUT_SECONDS):
            await self.tree.sync()

    async def _retry_sync(self) -> None:
        """Retry the command sync until it succeeds.

        Runs in the background, so that counting does not wait for it.
        """
        report = partial(log_retry, limited_log, "command sync failed, previously registered commands remain")
        await retry(self._sync_commands, SYNC_RETRY, errors=SYNC_ERRORS, report=report)
        log.info("command sync succeeded")

    async def on_ready(self) -> None:
        """Start polling member counts and exempt startup objects from garbage collection."""
        exempt_startup_objects()
        self.was_ready = True
        self.writer.gateway_sessions.bot_user_name = str(self.user)
        log.info("bot ready", guilds=len(self.guilds), shards=self.shard_count)
        if self._poll_task is None:
            self._poll_task = asyncio.create_task(
                poll_forever(
                    self.writer.member_counts,
                    self._fetch_guild_counts,
                    self.writer.add_all,
                    self.writer.get_covered_since_ms,
                )
            )
            self._tasks.add(self._poll_task)
            self._tasks.add(
                asyncio.create_task(
                    self.writer.growth_counter.run(
                        self._fetch_members,
                        has_guild=lambda guild_id: self.get_guild(guild_id) is not None,
                        can_list_members=lambda: self.intents.members,
                    )
                )
            )
            self._tasks.add(asyncio.create_task(send_notices(self, self.guard, self.dashboard_url)))
            self._tasks.add(
                asyncio.create_task(
                    self.writer.catch_up.run(
                        self._fetch_history_page,
                        self._thread_lister,
                        self._message_handlers.on_channel_fetched,
                        has_guild=self._message_handlers.has_guild,
                    )
                )
            )
            self._tasks.add(
                asyncio.create_task(
                    self.writer.backfiller.run(
                        self._list_channels,
                        self._thread_lister,
                        self._fetch_history_page,
                        has_guild=lambda guild_id: self.get_guild(guild_id) is not None,
                    )
                )
            )
        await self._request_entitlement_check(None)  # events of the time before this session are lost

    async def on_entitlement_create(self, entitlement: discord.Entitlement) -> None:
        """Let the worker ask Discord what the guild has bought; the event is only the occasion."""
        await self._request_entitlement_check(entitlement)

    async def on_entitlement_update(self, entitlement: discord.Entitlement) -> None:
        await self._request_entitlement_check(entitlement)

    async def on_entitlement_delete(self, entitlement: discord.Entitlement) -> None:
        await self._request_entitlement_check(entitlement)

    async def _request_entitlement_check(self, entitlement: discord.Entitlement | None) -> None:
        """Request a check of the entitlement's guild; None stands for all guilds. A user's own one is of no guild."""
        guild_id = None if entitlement is None else entitlement.guild_id
        if entitlement is not None and guild_id is None:
            return

        async def request() -> None:
            async with self.stores.database.transaction() as session:
                await request_check(session, guild_id=guild_id)

        await retry(request, CHECK_RETRY, report=partial(log_retry, limited_log, "entitlements not checked, retrying"))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Reply to component interactions that no live view handles.

        Views mark an interaction as handled at the beginning of their task. discord.py creates that task before it
        dispatches this event, so the mark is set when this runs.
        """
        await reply_if_expired(interaction)

    async def on_app_command_completion(self, interaction: discord.Interaction, _command: object) -> None:
        """Count a command that has run without an error."""
        finish_command(interaction)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self.writer.gateway_sessions.mark_disconnected(shard_id)
        self.writer.voice_tracker.pause(self.writer.gateway_sessions.build_guild_filter(shard_id), now_ms=get_time_ms())

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.writer.gateway_sessions.mark_resumed(shard_id)
        self.writer.voice_tracker.resume(self.writer.gateway_sessions.build_guild_filter(shard_id))

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Log a failed event handler; the bot continues."""
        log.error("event handler failed", handler=event_method, exc_info=True)  # noqa: LOG014 - called while handling

    async def close(self) -> None:
        """Disconnect from Discord, mark all shards as disconnected and pause voice tracking."""
        for task in self._tasks:
            task.cancel()
        await super().close()
        self.writer.gateway_sessions.mark_all_disconnected()
        self.writer.voice_tracker.pause(lambda _: True, now_ms=get_time_ms())

    async def _fetch_history_page(self, channel_id: int, before_id: int) -> Sequence[Payload]:
        await self._history_pacer.wait_turn()
        return await self.http.logs_from(channel_id, HISTORY_PAGE_SIZE, before=before_id)

    async def _list_channels(self, guild_id: int) -> Sequence[Payload]:
        """List the channels and the active threads of a guild."""
        threads = await self._fetch_active_threads(guild_id)
        return [*await self.http.get_all_guild_channels(guild_id), *threads["threads"]]

    async def _fetch_active_threads(self, guild_id: int) -> Payload:
        await self._history_pacer.wait_turn()
        return await self.http.get_active_threads(guild_id)

    async def _fetch_archived_threads(self, thread_list: ThreadList, channel_id: int, before: str | None) -> Payload:
        fetch: Callable[..., Awaitable[Payload]] = {
            ThreadList.PUBLIC: self.http.get_public_archived_threads,
            ThreadList.PRIVATE: self.http.get_private_archived_threads,
            ThreadList.JOINED_PRIVATE: self.http.get_joined_private_archived_threads,
        }[thread_list]
        await self._history_pacer.wait_turn()
        return await fetch(channel_id, before, HISTORY_PAGE_SIZE)

    async def _fetch_members(self, guild_id: int, after_id: int) -> Sequence[Payload]:
        return await self.http.get_members(guild_id, MEMBER_PAGE_SIZE, after_id)

    async def _fetch_guild_counts(self, after_id: int) -> Sequence[Payload]:
        return await self.http.get_guilds(PAGE_SIZE, after=after_id or None, with_counts=True)

    async def _resolve_channel(self, channel_id: int) -> None:
        """Fetch a channel and record its parent; fall back to treating the ID as a channel.

        Raises discord.HTTPException for server errors, so that the caller retries.
        """
        try:
            self._message_handlers.on_channel_fetched(dict(await self.http.get_channel(channel_id)))
        except discord.HTTPException as error:
            if error.status >= 500:
                raise
            log.info("channel fetch refused, counted without a parent", channel=channel_id, status=error.status)
        except (LookupError, TypeError, ValueError) as error:
            log_skipped_event("fetched channel", error)
        if self.writer.thread_parents.find_parent(channel_id) is None:
            self.writer.thread_parents.treat_as_channel(channel_id)
