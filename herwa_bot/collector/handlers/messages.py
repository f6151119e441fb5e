"""Handlers of raw gateway events about messages, guilds and channels.

discord.py would build a message object for every message, its most expensive operation. Counted events therefore never
reach discord.py, and its parsers for the other events are wrapped. An exception in a parser would end the process, so
`isolate_errors` wraps each one: no event content may do that. `ConnectionState.parsers` is private; discord.py's
version is pinned, and tests/bot/test_discord_py.py fails when it changes.
"""

from collections.abc import Container
from datetime import datetime
from typing import Any

from discord.ext import commands

from herwa_bot.collector.archived_threads import ThreadParent
from herwa_bot.collector.catch_up import MissedPeriod
from herwa_bot.collector.channel_directory import ChannelDirectory
from herwa_bot.collector.channel_visibility import ChannelVisibility
from herwa_bot.collector.discordpy_patch import Parser, install_fast_dispatch
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import GatewaySessions, get_time_ms
from herwa_bot.collector.handlers.members import MemberHandlers, ignore_event
from herwa_bot.collector.handlers.scheduled_events import ScheduledEventHandlers
from herwa_bot.collector.metadata_sync import MetadataTracker
from herwa_bot.collector.parsing import messages
from herwa_bot.collector.parsing.members import parse_thread_create
from herwa_bot.collector.payload_fields import InvalidPayload, parse_snowflake
from herwa_bot.collector.skipped_events import log_skipped_event
from herwa_bot.collector.thread_parents import ThreadParents
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import FORUM_CHANNEL_TYPES, JOIN_MESSAGE_TYPE
from herwa_shared.discord.event_times import is_possible_event_time
from herwa_shared.pipeline.events import ActivityEvent, decode_snowflake_ms

EventData = dict[str, Any]

# Parts of a guild that discord.py would cache although nothing in Herwa reads them.
STRIPPED_GUILD_FIELDS = (
    "channels",
    "threads",
    "emojis",
    "stickers",
    "members",
    "presences",
    "voice_states",
    "soundboard_sounds",
    "guild_scheduled_events",
)


class MessageHandlers:
    """Handles all gateway events; passes activity events and metadata to the writer.

    `can_read_content`: the message content intent is granted, so that message lengths and attachments are known.
    """

    def __init__(self, writer: EventWriter, channel_directory: ChannelDirectory) -> None:
        self.can_read_content = False
        self._channel_directory = channel_directory
        self._writer = writer
        self._metadata: MetadataTracker = writer.metadata
        self._thread_parents: ThreadParents = writer.thread_parents
        self._gateway_sessions: GatewaySessions = writer.gateway_sessions
        self._gap_tracker = writer.gap_tracker
        self._join_message_tracker = writer.join_message_tracker
        self._catch_up = writer.catch_up
        self._ticket_tracker = writer.ticket_tracker
        self._visibility = ChannelVisibility(channel_directory)
        self._member_handlers = MemberHandlers(writer)
        self._scheduled_event_handlers = ScheduledEventHandlers(writer)

    def has_guild(self, guild_id: int) -> bool:
        """Return whether the channels of a guild are known, and Discord is not out of order for it."""
        return self._channel_directory.has_guild(guild_id) and self._gap_tracker.is_guild_available(guild_id)

    def can_read_history(self, guild_id: int, channel_id: int) -> bool:
        """Return whether the bot may read the history of a channel."""
        return self._visibility.can_read_history(guild_id, channel_id)

    def list_thread_parents(self, guild_id: int) -> list[ThreadParent]:
        """List the channels of a guild that can have threads and that the bot can view."""
        return self._visibility.list_thread_parents(guild_id)

    def install(self, bot: commands.AutoShardedBot) -> None:
        """Install the parsers in discord.py.

        Counted events bypass discord.py; the parsers of other events run before discord.py's.
        """
        counted_parsers: dict[str, Parser] = {
            "MESSAGE_CREATE": self.on_message_create,
            "MESSAGE_UPDATE": self.on_message_update,
            "MESSAGE_DELETE": self.on_message_delete,
            "MESSAGE_DELETE_BULK": self.on_message_delete_bulk,
            **self._member_handlers.build_parsers(),
            **self._scheduled_event_handlers.build_parsers(ignore_event),
            "GUILD_MEMBER_UPDATE": self.on_member_update,
        }
        install_fast_dispatch(
            {name: isolate_errors(name, parser) for name, parser in counted_parsers.items()}, self._writer
        )
        wrapped_parsers: dict[str, Parser] = {
            "READY": self.on_ready,
            "GUILD_CREATE": self.on_guild_create,
            "GUILD_UPDATE": self.on_guild_update,
            "GUILD_DELETE": self.on_guild_delete,
            "CHANNEL_CREATE": self.on_channel_update,
            "CHANNEL_UPDATE": self.on_channel_update,
            "CHANNEL_DELETE": self.on_channel_delete,
            "INTERACTION_CREATE": self.on_interaction_create,
            "GUILD_MEMBERS_CHUNK": self._member_handlers.on_members_chunk,
            "GUILD_ROLE_CREATE": self.on_role_create,
            "GUILD_ROLE_UPDATE": self.on_role_update,
            "GUILD_ROLE_DELETE": self.on_role_delete,
            "THREAD_CREATE": self.on_thread_create,
            "THREAD_UPDATE": self.on_thread_update,
            "THREAD_DELETE": self.on_thread_delete,
            "THREAD_LIST_SYNC": self.on_thread_list_sync,
        }
        parsers = bot._connection.parsers  # noqa: SLF001 - see the module docstring
        for name, original in list(parsers.items()):
            own_parser = wrapped_parsers.get(name)
            parsers[name] = isolate_errors(name, own_parser, original) if own_parser else isolate_errors(name, original)

    def on_message_create(self, data: EventData) -> None:
        if "guild_id" not in data:
            return
        source_channel_id, guild_id = parse_snowflake(data, "channel_id"), parse_snowflake(data, "guild_id")
        parent_id = self._thread_parents.find_parent(source_channel_id)
        live_since_ms = self._writer.get_live_since_ms(guild_id, parent_id or source_channel_id)
        event = messages.parse_message_create(
            data, parent_id=parent_id or 0, live_since_ms=live_since_ms, can_read_content=self.can_read_content
        )
        if event is None:
            if data["type"] == JOIN_MESSAGE_TYPE:
                self._member_handlers.on_join_message(data)
            return
        reject_future(event)
        if not data.get("webhook_id"):
            member, is_bot = data.get("member") or {}, event.kind == messages.BOT
            name = messages.get_member_name(member, data["author"])
            self._metadata.update_member(
                guild_id, event.user_id, name, is_bot=is_bot, joined_at=member.get("joined_at")
            )
        self._writer.add(event, resolved=parent_id is not None)

    def on_message_update(self, data: EventData) -> None:
        if "guild_id" in data:
            parent_id = self._thread_parents.find_parent(parse_snowflake(data, "channel_id"))
            event = messages.parse_message_edit(data, parent_id=parent_id or 0, now_ms=get_time_ms())
            if event is not None:
                key = f"edit {data['id']} {event.at_ms}"
                self._writer.add_once(key, event, resolved=parent_id is not None)

    def on_message_delete(self, data: EventData) -> None:
        if "guild_id" in data:
            parent_id = self._thread_parents.find_parent(parse_snowflake(data, "channel_id"))
            event = messages.parse_message_delete(data, parent_id=parent_id or 0, at_ms=get_time_ms())
            self._writer.add_once(f"delete {data['id']}", event, resolved=parent_id is not None)

    def on_message_delete_bulk(self, data: EventData) -> None:
        if not isinstance(data["ids"], list):
            raise InvalidPayload("ids")
        for message_id in data["ids"]:
            self.on_message_delete({**data, "id": message_id})

    def on_interaction_create(self, data: EventData) -> None:
        """Record the names of the caller and of the members chosen in options.

        A member who never wrote a message is otherwise known by ID only.
        """
        if "guild_id" not in data:
            return
        guild_id = parse_snowflake(data, "guild_id")
        resolved = (data.get("data") or {}).get("resolved") or {}
        chosen_members = resolved.get("members") or {}
        users = [(user, chosen_members.get(user_id)) for user_id, user in (resolved.get("users") or {}).items()]
        for user, member in [(data["member"]["user"], data["member"]), *users]:
            if member is not None:
                name = messages.get_member_name(member, user)
                self._metadata.update_member(
                    guild_id,
                    parse_snowflake(user, "id"),
                    name,
                    is_bot=bool(user.get("bot")),
                    joined_at=member.get("joined_at"),
                )

    def on_ready(self, data: EventData) -> None:
        shard_id, shard_count = data.get("shard", (0, 1))
        self._gateway_sessions.start_session(shard_id=shard_id, shard_count=shard_count)
        self._visibility.bot_user_id = parse_snowflake(data["user"], "id")
        guild_ids = frozenset(parse_snowflake(guild, "id") for guild in data["guilds"])
        self._metadata.set_shard_guilds(guild_ids, shard_id=shard_id, shard_count=shard_count)
        self._channel_directory.retain_guilds(self._metadata.guilds)
        is_on_shard = self._gateway_sessions.build_guild_filter(shard_id)
        self._gap_tracker.remove_missing_guilds(is_on_shard, guild_ids, at=utc_now())
        self._gap_tracker.expect_guilds(guild_ids, now=utc_now())
        self._member_handlers.on_shard_ready(guild_ids, shard_id=shard_id)

    def on_guild_create(self, data: EventData) -> None:
        if data.get("unavailable") is True:
            self._gap_tracker.open_guild_gap(parse_snowflake(data, "id"), at=utc_now())
            return
        guild = messages.parse_guild(data)
        self._metadata.update_guild(guild)
        for field in ("channels", "threads"):
            self._update_channels(data.get(field, ()), guild.id)
        if data.get("channels"):
            self._metadata.set_listed_channels(
                guild.id, [parse_snowflake(channel, "id") for channel in data["channels"]]
            )
        self._channel_directory.set_guild(guild.id, data.get("channels", ()))
        self._visibility.set_guild(guild.id, data)
        self._join_message_tracker.set_channel_id(guild.id, messages.get_join_message_channel_id(data))
        session_started_at = self._gap_tracker.take_expected(guild.id)
        hidden_before = self._gap_tracker.list_hidden_channels(guild.id)
        self._update_hidden_channels(guild.id, session_started_at=session_started_at)
        self._ticket_tracker.add_active_threads(
            guild.id, data.get("threads") or (), self._visibility.list_hidden_channels(guild.id)
        )
        self._report_missed_period(guild.id, data, session_started_at, hidden_before=hidden_before)
        self._member_handlers.on_guild_create(data, guild)
        self._scheduled_event_handlers.on_guild_create(data)
        for field in STRIPPED_GUILD_FIELDS:
            data[field] = []

    def on_guild_update(self, data: EventData) -> None:
        if known_guild := self._metadata.guilds.get(parse_snowflake(data, "id")):
            updated_guild = messages.parse_guild_update(data, known_guild)
            self._metadata.update_guild(updated_guild)
            self._member_handlers.on_guild_update(data, known_guild, updated_guild)
            self._join_message_tracker.set_channel_id(known_guild.id, messages.get_join_message_channel_id(data))
            self._update_hidden_channels(known_guild.id)
        for field in ("emojis", "stickers"):
            data[field] = []

    def on_guild_delete(self, data: EventData) -> None:
        guild_id = parse_snowflake(data, "id")
        if data.get("unavailable"):
            self._gap_tracker.open_guild_gap(guild_id, at=utc_now())
            self._member_handlers.on_guild_unavailable(guild_id)
            return
        self._metadata.remove_guild(guild_id)
        self._channel_directory.remove_guild(guild_id)
        self._visibility.remove_guild(guild_id)
        self._gap_tracker.remove_guild(guild_id, at=utc_now())
        self._join_message_tracker.remove_guild(guild_id, at=utc_now())
        self._member_handlers.on_guild_remove(guild_id)
        self._scheduled_event_handlers.on_guild_remove(guild_id)

    def on_channel_update(self, data: EventData) -> None:
        if "guild_id" in data:
            guild_id = parse_snowflake(data, "guild_id")
            self._update_channels([data], guild_id)
            self._channel_directory.update(guild_id, data)
            self._update_hidden_channels(guild_id)

    def on_channel_delete(self, data: EventData) -> None:
        channel_id = parse_snowflake(data, "id")
        self._metadata.remove_channels([channel_id])
        if "guild_id" in data:
            guild_id = parse_snowflake(data, "guild_id")
            self._channel_directory.remove(guild_id, channel_id)
            self._update_hidden_channels(guild_id)
            self._member_handlers.on_channel_delete(guild_id, channel_id)

    def on_thread_create(self, data: EventData) -> None:
        self.on_channel_update(data)
        if "guild_id" not in data:
            return
        event = parse_thread_create(data, now_ms=get_time_ms())
        if event is not None:
            self._writer.add(reject_future(event))
            self._ticket_tracker.add_thread(data, guild_id=event.guild_id)

    def on_thread_update(self, data: EventData) -> None:
        self.on_channel_update(data)
        if "guild_id" in data:
            self._ticket_tracker.update_status(data, guild_id=parse_snowflake(data, "guild_id"))

    def on_channel_fetched(self, data: EventData) -> None:
        """Handle a channel that was fetched because an event in it came before its description."""
        self.on_channel_update(data)
        if "guild_id" in data and "thread_metadata" in data:
            self._ticket_tracker.add_thread(data, guild_id=parse_snowflake(data, "guild_id"))

    def on_thread_delete(self, data: EventData) -> None:
        self._metadata.remove_channels([parse_snowflake(data, "id")])
        if "guild_id" in data:
            self._ticket_tracker.close_thread(parse_snowflake(data, "guild_id"), parse_snowflake(data, "id"))

    def on_thread_list_sync(self, data: EventData) -> None:
        """Handle the active threads of channels that the bot can view now; other tickets in them were closed meanwhile.

        Without `channel_ids`, the threads are those of the entire guild.
        """
        guild_id, threads = parse_snowflake(data, "guild_id"), data.get("threads") or ()
        self._update_channels(threads, guild_id)
        unlisted_ids = self._visibility.list_hidden_channels(guild_id)
        if data.get("channel_ids"):
            known_ids = frozenset(channel.id for channel in self._channel_directory.iterate_channels(guild_id))
            unlisted_ids |= known_ids - {int(channel_id) for channel_id in data["channel_ids"]}
        self._ticket_tracker.add_active_threads(guild_id, threads, unlisted_ids)

    def on_role_create(self, data: EventData) -> None:
        self._visibility.set_role(parse_snowflake(data, "guild_id"), data["role"])  # no member has it yet

    def on_role_update(self, data: EventData) -> None:
        guild_id = parse_snowflake(data, "guild_id")
        self._visibility.set_role(guild_id, data["role"])
        self._on_visibility_change(guild_id)

    def on_role_delete(self, data: EventData) -> None:
        guild_id = parse_snowflake(data, "guild_id")
        self._visibility.remove_role(guild_id, parse_snowflake(data, "role_id"))
        self._on_visibility_change(guild_id)

    def on_member_update(self, data: EventData) -> None:
        self._member_handlers.on_member_update(data)
        guild_id = parse_snowflake(data, "guild_id")
        if self._visibility.set_member(guild_id, data):
            self._update_hidden_channels(guild_id)

    def _on_visibility_change(self, guild_id: int) -> None:
        self._member_handlers.on_role_change(guild_id)
        self._update_hidden_channels(guild_id)

    def _update_hidden_channels(self, guild_id: int, *, session_started_at: datetime | None = None) -> None:
        """Open and close the gaps of channels that the bot can or cannot view now, and the reading of join messages.

        What GUILD_CREATE says about join messages holds since `session_started_at`, if a new session began.
        """
        now, hidden_ids = utc_now(), self._visibility.list_hidden_channels(guild_id)
        for gap in self._gap_tracker.set_hidden_channels(guild_id, hidden_ids, at=now):
            channel = self._channel_directory.find(guild_id, gap.channel_id)
            has_messages = channel is not None and channel.type not in FORUM_CHANNEL_TYPES
            self._catch_up.add_channel_period(guild_id, gap.channel_id, gap.from_at, now, has_messages=has_messages)
        is_readable = self._can_read_join_messages(guild_id, hidden_ids)
        self._join_message_tracker.set_readable(guild_id, is_readable, at=session_started_at or now)

    def _can_read_join_messages(self, guild_id: int, hidden_ids: Container[int]) -> bool:
        """Whether joins are read from join messages: switched on, visible, and needed without the members intent."""
        channel_id = self._join_message_tracker.get_channel_id(guild_id)
        return (
            bool(channel_id)
            and not self._gateway_sessions.has_members_intent(guild_id)
            and channel_id not in hidden_ids
            and self._channel_directory.find(guild_id, channel_id) is not None
        )

    def _report_missed_period(
        self, guild_id: int, data: EventData, session_started_at: datetime | None, *, hidden_before: frozenset[int]
    ) -> None:
        """Report the time before GUILD_CREATE in which no events of the guild arrived: a new session, or an outage.

        A channel that was hidden before that time has a period of its own when the bot can view it again. One that was
        hidden meanwhile may have messages that cannot be fetched, so that the period is never complete.
        """
        now = utc_now()
        gap = self._gap_tracker.close_guild_gap(guild_id, at=now)
        hidden_ids = hidden_before & self._gap_tracker.list_hidden_channels(guild_id)
        channels, threads = data.get("channels") or (), data.get("threads") or ()
        newest_messages = messages.list_newest_messages((*channels, *threads), hidden_ids=hidden_ids)
        traces = messages.find_thread_traces(channels, threads)
        if session_started_at is not None and (gap is None or gap.from_at >= session_started_at):
            heard_until = self._gateway_sessions.find_earlier_heard_until(guild_id)
            self._catch_up.add_period(
                MissedPeriod(guild_id, newest_messages, session_started_at, heard_until=heard_until, traces=traces)
            )
        if gap is not None:
            self._catch_up.add_period(MissedPeriod(guild_id, newest_messages, now, gap.from_at, traces=traces))

    def _update_channels(self, payloads: Any, guild_id: int) -> None:
        channels = [messages.parse_channel(payload, guild_id=guild_id) for payload in payloads]
        self._thread_parents.update(channels)
        self._member_handlers.on_channels_update(channels)
        if guild_id in self._metadata.guilds:
            self._metadata.update_channels(channels)


def reject_future(event: ActivityEvent) -> ActivityEvent:
    """Return the event unchanged. Raises InvalidPayload if its time or the time of its ID is too far ahead.

    Coverage would otherwise take it for the newest event of its channel, for years.
    """
    times_ms = [event.at_ms, *([decode_snowflake_ms(event.message_id)] if event.message_id else ())]
    if not all(is_possible_event_time(time_ms, now_ms=get_time_ms()) for time_ms in times_ms):
        raise InvalidPayload("id")
    return event


def isolate_errors(name: str, *parsers: Parser) -> Parser:
    """Build a parser that calls `parsers` in order and isolates their exceptions.

    An exception is logged with the event name, and that parser is skipped.
    """

    def parse(data: EventData) -> None:
        for parser in parsers:
            try:
                parser(data)
            except Exception as error:  # noqa: BLE001 - no event content may end the process
                log_skipped_event(name, error)

    return parse
