"""What people do besides writing, as raw gateway events: react, sit in voice, join, leave, get other rights."""

from typing import Any

from herwa_bot.collector.discordpy_patch import Parser
from herwa_bot.collector.event_writer import Writer
from herwa_bot.collector.gateway_sessions import now_ms
from herwa_bot.collector.parsing import members
from herwa_bot.collector.parsing.messages import member_name
from herwa_bot.collector.payload_fields import Impossible, Payload, snowflake
from herwa_shared.services.guilds import GuildSeen

Data = dict[str, Any]
AHEAD_MS = 60_000  # Discord's clock may be ahead of ours by so much


class PeopleTap:
    """Hears people and hands what counts to the writer."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._listening = writer.listening
        self._voice = writer.voice
        self._census = writer.census
        self._live = writer.live

    def parsers(self) -> dict[str, Parser]:
        """What reads the events that discord.py need not see."""
        return {
            "MESSAGE_REACTION_ADD": self.reaction_add,
            "VOICE_STATE_UPDATE": self.voice_state_update,
            "GUILD_MEMBER_ADD": self.member_add,
            "GUILD_MEMBER_UPDATE": self.member_update,
            "GUILD_MEMBER_REMOVE": self.member_remove,
            **dict.fromkeys(("MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL"), ignore),
            "MESSAGE_REACTION_REMOVE_EMOJI": ignore,
        }

    def reaction_add(self, data: Data) -> None:
        if "guild_id" not in data:
            return
        parent_id = self._writer.places.parent_of(snowflake(data, "channel_id"))
        event = members.reaction_added(data, parent_id=parent_id or 0, at_ms=now_ms())
        if event is not None:
            self._named(event.guild_id, data.get("member"))
            self._writer.add_once(members.reaction_key(data), event, resolved=parent_id is not None)

    def voice_state_update(self, data: Data) -> None:
        if "guild_id" not in data:
            return
        guild_id, state = snowflake(data, "guild_id"), members.voice_state(data)
        member = data.get("member") or {}
        if not (member.get("user") or {}).get("bot"):
            self._named(guild_id, member)
            self._voice.hear(guild_id, state, now_ms=now_ms())

    def member_add(self, data: Data) -> None:
        guild_id, event = snowflake(data, "guild_id"), members.member_joined(data)
        self._live.doubt(guild_id, snowflake(data["user"], "id"))
        if event is None:
            self._census.joined(guild_id, at_ms=now_ms(), now_ms=now_ms())
            return
        if event.at_ms > now_ms() + AHEAD_MS:
            raise Impossible("joined_at")
        self._named(guild_id, data)
        self._census.joined(guild_id, at_ms=event.at_ms, now_ms=now_ms())
        self._writer.add(event)

    def member_update(self, data: Data) -> None:
        self._live.doubt(snowflake(data, "guild_id"), snowflake(data["user"], "id"))

    def member_remove(self, data: Data) -> None:
        guild_id, event = snowflake(data, "guild_id"), members.member_left(data, at_ms=now_ms())
        self._live.doubt(guild_id, snowflake(data["user"], "id"))
        self._census.left(guild_id)
        if event is not None:
            self._writer.add(event)

    def role_changed(self, data: Data) -> None:
        self._live.doubt(snowflake(data, "guild_id"))

    def shard_is_in(self, guild_ids: frozenset[int], *, shard_id: int) -> None:
        """A new session: nothing is known of what happened meanwhile, and any other guild is gone."""
        of_shard = self._listening.guilds_of(shard_id)
        self._voice.silence(of_shard, now_ms=now_ms())
        for guild_id in filter(of_shard, self._voice.guilds()):
            if guild_id not in guild_ids:
                self.guild_left(guild_id)

    def guild_described(self, data: Data, guild: GuildSeen) -> None:
        """GUILD_CREATE: how many members there are, and who sits in voice."""
        self._census.described(guild.id, guild.member_count)
        afk = snowflake(data, "afk_channel_id") if data.get("afk_channel_id") else 0
        states = list(members.voice_states(data))
        self._voice.guild_described(guild.id, states, afk_channel_id=afk, now_ms=now_ms())
        in_voice = {str(state.user_id) for state in states}
        for member in data.get("members") or ():
            if member["user"]["id"] in in_voice:
                self._named(guild.id, member)

    def guild_changed(self, data: Data, before: GuildSeen, after: GuildSeen) -> None:
        """GUILD_UPDATE: another owner has other rights, another AFK channel is another silence."""
        if before.owner_id != after.owner_id:
            self._live.doubt(after.id)
        if "afk_channel_id" in data:
            afk = snowflake(data, "afk_channel_id") if data["afk_channel_id"] else 0
            self._voice.afk_channel(after.id, afk, now_ms=now_ms())

    def guild_away(self, guild_id: int) -> None:
        """An outage of Discord's: whoever sits in voice may well sit there still."""
        self._voice.silence(guild_id.__eq__, now_ms=now_ms())

    def guild_left(self, guild_id: int) -> None:
        """The bot was removed."""
        self._live.doubt(guild_id)
        self._voice.guild_left(guild_id, now_ms=now_ms())
        self._census.guild_left(guild_id)

    def _named(self, guild_id: int, member: Payload | None) -> None:
        if member and (user := member.get("user")):
            name = member_name(member, user)
            user_id, bot = snowflake(user, "id"), bool(user.get("bot"))
            self._writer.directory.member(guild_id, user_id, name, bot=bot, joined_at=member.get("joined_at"))


def ignore(_data: Data) -> None:
    """Nobody counts these, and discord.py would look for what it does not keep."""
