"""Raw gateway events, before discord.py makes anything of them.

discord.py would build a message object for every message, the dearest thing it does. So the events that we count never
reach it, and the parsers of the others are wrapped. Nothing that an event contains may end the process: an
exception in a parser would, so each is guarded. `ConnectionState.parsers` is private; the version is pinned and a test
holds this in place.
"""

from typing import Any

from discord.ext import commands

from herwa_bot.collector.discordpy_patch import Parser, shorten_the_way
from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.gateway_sessions import Listening, now_ms
from herwa_bot.collector.handlers.members import PeopleTap
from herwa_bot.collector.metadata_sync import Directory
from herwa_bot.collector.parsing import messages
from herwa_bot.collector.parsing.members import thread_opened
from herwa_bot.collector.payload_fields import Impossible, snowflake
from herwa_bot.collector.thread_parents import Places
from herwa_shared.log import get_logger
from herwa_shared.pipeline.events import Event

log = get_logger(__name__)

Data = dict[str, Any]

# Parts of a guild that discord.py would keep in memory and nothing in Herwa asks it for.
STRIPPED = ("channels", "threads", "emojis", "stickers", "members", "presences", "voice_states", "soundboard_sounds")
DAY_MS = 86_400_000


class Tap:
    """Hears every event of the bot and hands what counts to the writer.

    `content` says whether Discord lets us see how long messages are.
    """

    def __init__(self, writer: Writer) -> None:
        self.content = False
        self._writer = writer
        self._directory: Directory = writer.directory
        self._places: Places = writer.places
        self._listening: Listening = writer.listening
        self._people = PeopleTap(writer)

    def install(self, bot: commands.AutoShardedBot) -> None:
        """Put our parsers in the place of discord.py's, or before them."""
        counted: dict[str, Parser] = {
            "MESSAGE_CREATE": self.message_create,
            "MESSAGE_UPDATE": self.message_update,
            "MESSAGE_DELETE": self.message_delete,
            "MESSAGE_DELETE_BULK": self.message_delete_bulk,
            **self._people.parsers(),
        }
        shorten_the_way({name: guarded(name, parser) for name, parser in counted.items()}, self._writer)
        before: dict[str, Parser] = {
            "READY": self.ready,
            "GUILD_CREATE": self.guild_create,
            "GUILD_UPDATE": self.guild_update,
            "GUILD_DELETE": self.guild_delete,
            "CHANNEL_CREATE": self.channel_described,
            "CHANNEL_UPDATE": self.channel_described,
            "CHANNEL_DELETE": self.channel_delete,
            "GUILD_ROLE_UPDATE": self._people.role_changed,
            "GUILD_ROLE_DELETE": self._people.role_changed,
            "THREAD_CREATE": self.thread_create,
            "THREAD_UPDATE": self.channel_described,
            "THREAD_DELETE": self.thread_delete,
            "THREAD_LIST_SYNC": self.thread_list_sync,
        }
        parsers = bot._connection.parsers  # noqa: SLF001 - see above
        for name, original in list(parsers.items()):
            ours = before.get(name)
            parsers[name] = guarded(name, ours, original) if ours else guarded(name, original)

    def message_create(self, data: Data) -> None:
        if "guild_id" not in data:
            return
        place_id, guild_id = snowflake(data, "channel_id"), snowflake(data, "guild_id")
        parent_id = self._places.parent_of(place_id)
        since = self._listening.since_ms(guild_id)
        event = messages.message_created(data, parent_id=parent_id or 0, live_since_ms=since, content=self.content)
        if event is None:
            return
        possible(event)
        if not data.get("webhook_id"):
            member, bot = data.get("member") or {}, event.kind == messages.BOT
            name = messages.member_name(member, data["author"])
            self._directory.member(guild_id, event.user_id, name, bot=bot, joined_at=member.get("joined_at"))
        self._writer.add(event, resolved=parent_id is not None)

    def message_update(self, data: Data) -> None:
        if "guild_id" in data:
            parent_id = self._places.parent_of(snowflake(data, "channel_id"))
            event = messages.message_edited(data, parent_id=parent_id or 0)
            if event is not None:
                key = f"edit {data['id']} {event.at_ms}"
                self._writer.add_once(key, event, resolved=parent_id is not None)

    def message_delete(self, data: Data) -> None:
        if "guild_id" in data:
            parent_id = self._places.parent_of(snowflake(data, "channel_id"))
            event = messages.message_deleted(data, parent_id=parent_id or 0, at_ms=now_ms())
            self._writer.add_once(f"delete {data['id']}", event, resolved=parent_id is not None)

    def message_delete_bulk(self, data: Data) -> None:
        if not isinstance(data["ids"], list):
            raise Impossible("ids")
        for message_id in data["ids"]:
            self.message_delete({**data, "id": message_id})

    def ready(self, data: Data) -> None:
        shard_id, shard_count = data.get("shard", (0, 1))
        self._listening.ready(shard_id=shard_id, shard_count=shard_count)
        here = frozenset(snowflake(guild, "id") for guild in data["guilds"])
        self._directory.shard_is_in(here, shard_id=shard_id, shard_count=shard_count)
        self._people.shard_is_in(here, shard_id=shard_id)

    def guild_create(self, data: Data) -> None:
        if data.get("unavailable") is True:
            return
        guild = messages.guild_created(data)
        self._directory.guild(guild)
        for part in ("channels", "threads"):
            self._learn(data.get(part, ()), guild.id)
        if data.get("channels"):
            self._directory.channels_listed(guild.id, [snowflake(channel, "id") for channel in data["channels"]])
        self._people.guild_described(data, guild)
        for part in STRIPPED:
            data[part] = []

    def guild_update(self, data: Data) -> None:
        if known := self._directory.guilds.get(snowflake(data, "id")):
            updated = messages.guild_updated(data, known)
            self._directory.guild(updated)
            self._people.guild_changed(data, known, updated)
        for part in ("emojis", "stickers"):
            data[part] = []

    def guild_delete(self, data: Data) -> None:
        guild_id = snowflake(data, "id")
        if data.get("unavailable"):
            self._people.guild_away(guild_id)
            return
        self._directory.guild_left(guild_id)
        self._people.guild_left(guild_id)

    def channel_described(self, data: Data) -> None:
        if "guild_id" in data:
            self._learn([data], snowflake(data, "guild_id"))

    def channel_delete(self, data: Data) -> None:
        self._directory.channels_gone([snowflake(data, "id")])

    def thread_create(self, data: Data) -> None:
        self.channel_described(data)
        if "guild_id" not in data:
            return
        event = thread_opened(data, live_since_ms=self._listening.since_ms(snowflake(data, "guild_id")))
        if event is not None:
            self._writer.add(possible(event))

    def thread_delete(self, data: Data) -> None:
        self._directory.channels_gone([snowflake(data, "id")])

    def thread_list_sync(self, data: Data) -> None:
        self._learn(data.get("threads", ()), snowflake(data, "guild_id"))

    def _learn(self, payloads: Any, guild_id: int) -> None:
        channels = [messages.channel_seen(payload, guild_id=guild_id) for payload in payloads]
        self._places.learn(channels)
        if guild_id in self._directory.guilds:
            self._directory.channels(channels)


def possible(event: Event) -> Event:
    """The same; Impossible for one of the future: coverage would take it for the newest of its channel, for years."""
    if event.at_ms > now_ms() + DAY_MS:
        raise Impossible("id")
    return event


def guarded(name: str, *parsers: Parser) -> Parser:
    """One parser that runs these in turn; what one of them cannot digest is logged by name and skipped."""

    def parse(data: Data) -> None:
        for parser in parsers:
            try:
                parser(data)
            except Exception as error:
                log.exception("event skipped", event_type=name, error=type(error).__name__)

    return parse
