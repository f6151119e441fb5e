"""Handlers of gateway events about members: reactions, voice, joins, leaves, permissions."""

from collections.abc import Iterable
from typing import Any

from herwa_bot.collector.discordpy_patch import Parser
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import NEVER_MS, get_time_ms
from herwa_bot.collector.parsing import members
from herwa_bot.collector.parsing.messages import get_member_name
from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_snowflake
from herwa_shared.discord.constants import ChannelType
from herwa_shared.discord.event_times import is_possible_event_time
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.services.guilds import ChannelData, GuildData

EventData = dict[str, Any]


class MemberHandlers:
    """Handles member events and passes activity events and state changes to the writer."""

    def __init__(self, writer: EventWriter) -> None:
        self._writer = writer
        self._gateway_sessions = writer.gateway_sessions
        self._voice_tracker = writer.voice_tracker
        self._member_counts = writer.member_counts
        self._live_updates = writer.live_updates
        self._stage_channel_ids: set[int] = set()

    def build_parsers(self) -> dict[str, Parser]:
        """Build the parsers, by event name, of events that discord.py does not need to see."""
        return {
            "MESSAGE_REACTION_ADD": self.on_reaction_add,
            "VOICE_STATE_UPDATE": self.on_voice_state_update,
            "GUILD_MEMBER_ADD": self.on_member_add,
            "GUILD_MEMBER_REMOVE": self.on_member_remove,
            "MESSAGE_REACTION_REMOVE": ignore_event,
            "MESSAGE_REACTION_REMOVE_ALL": ignore_event,
            "MESSAGE_REACTION_REMOVE_EMOJI": ignore_event,
        }

    def on_reaction_add(self, data: EventData) -> None:
        if "guild_id" not in data:
            return
        parent_id = self._writer.thread_parents.find_parent(parse_snowflake(data, "channel_id"))
        event = members.parse_reaction(data, parent_id=parent_id or 0, at_ms=get_time_ms())
        if event is not None:
            self._record_name(event.guild_id, data.get("member"))
            self._writer.add_once(members.build_reaction_key(data), event, resolved=parent_id is not None)

    def on_voice_state_update(self, data: EventData) -> None:
        if "guild_id" not in data:
            return
        guild_id, state = parse_snowflake(data, "guild_id"), members.parse_voice_state(data)
        member = data.get("member") or {}
        if not (member.get("user") or {}).get("bot"):
            self._record_name(guild_id, member)
            self._voice_tracker.update(guild_id, self._resolve_audience(state), now_ms=get_time_ms())

    def on_member_add(self, data: EventData) -> None:
        guild_id, event = parse_snowflake(data, "guild_id"), members.parse_member_join(data)
        self._live_updates.invalidate(guild_id, parse_snowflake(data["user"], "id"))
        if event is None:
            self._member_counts.add_member(guild_id, joined_at_ms=get_time_ms(), now_ms=get_time_ms())
            return
        self._require_possible_time(event)
        self._record_name(guild_id, data)
        self._member_counts.add_member(guild_id, joined_at_ms=event.at_ms, now_ms=get_time_ms())
        self._writer.add(event._replace(live_since_ms=self._writer.get_live_since_ms(guild_id)))

    def on_join_message(self, data: EventData) -> None:
        """Handle the system message about a join; ignored if Discord sends the join itself.

        Leaves are not received, so the counter of members is left to the next poll, and a member who joins again must
        not be taken for a repeated event.
        """
        guild_id, event = parse_snowflake(data, "guild_id"), members.parse_join_message(data)
        if event is None or self._gateway_sessions.has_members_intent(guild_id):
            return
        self._require_possible_time(event)
        self._live_updates.invalidate(guild_id, event.user_id)
        self._record_name(guild_id, {**(data.get("member") or {}), "user": data["author"]})
        self._writer.add(event._replace(live_since_ms=NEVER_MS))

    def on_member_update(self, data: EventData) -> None:
        guild_id = parse_snowflake(data, "guild_id")
        self._live_updates.invalidate(guild_id, parse_snowflake(data["user"], "id"))
        self._record_name(guild_id, data)

    def on_members_chunk(self, data: EventData) -> None:
        for member in data["members"]:
            self._record_name(parse_snowflake(data, "guild_id"), member)

    def on_member_remove(self, data: EventData) -> None:
        guild_id, user_id = parse_snowflake(data, "guild_id"), parse_snowflake(data["user"], "id")
        event = members.parse_member_leave(data, at_ms=get_time_ms())
        self._live_updates.invalidate(guild_id, user_id)
        self._member_counts.remove_member(guild_id)
        self._voice_tracker.end_member(guild_id, user_id, now_ms=get_time_ms())
        if event is not None:
            self._writer.add(event)

    def on_channels_update(self, channels: Iterable[ChannelData]) -> None:
        """Record which channels are stages."""
        for channel in channels:
            if channel.kind == ChannelType.STAGE:
                self._stage_channel_ids.add(channel.id)

    def on_channel_delete(self, guild_id: int, channel_id: int) -> None:
        """Handle the deletion of a channel, which ends the voice sessions in it."""
        self._stage_channel_ids.discard(channel_id)
        self._voice_tracker.end_channel(guild_id, channel_id, now_ms=get_time_ms())

    def on_role_change(self, guild_id: int) -> None:
        """Handle a change of a role, which may change who manages the guild."""
        self._live_updates.invalidate(guild_id)

    def on_shard_ready(self, guild_ids: frozenset[int], *, shard_id: int) -> None:
        """Handle READY, which starts a new session.

        Events since the previous session are unknown, so voice tracking pauses until GUILD_CREATE. Tracked guilds of
        the shard that are not in `guild_ids` have removed the bot.
        """
        is_on_shard = self._gateway_sessions.build_guild_filter(shard_id)
        self._voice_tracker.pause(is_on_shard, now_ms=get_time_ms())
        for guild_id in filter(is_on_shard, self._voice_tracker.list_guilds()):
            if guild_id not in guild_ids:
                self.on_guild_remove(guild_id)

    def on_guild_create(self, data: EventData, guild: GuildData) -> None:
        """Handle GUILD_CREATE: the member count and the members in voice."""
        self._member_counts.set_member_count(guild.id, guild.member_count, joined_at=guild.joined_at)
        afk_channel_id = parse_snowflake(data, "afk_channel_id") if data.get("afk_channel_id") else 0
        states = [self._resolve_audience(state) for state in members.parse_voice_states(data)]
        self._voice_tracker.sync_guild(guild.id, states, afk_channel_id=afk_channel_id, now_ms=get_time_ms())
        voice_user_ids = {str(state.user_id) for state in states}
        for member in data.get("members") or ():
            if member["user"]["id"] in voice_user_ids:
                self._record_name(guild.id, member)

    def on_guild_update(self, data: EventData, before: GuildData, after: GuildData) -> None:
        """Handle GUILD_UPDATE: changes of owner and AFK channel.

        A new owner invalidates cached permissions. Voice time in a new AFK channel is not counted.
        """
        if before.owner_id != after.owner_id:
            self._live_updates.invalidate(after.id)
        if "afk_channel_id" in data:
            afk_channel_id = parse_snowflake(data, "afk_channel_id") if data["afk_channel_id"] else 0
            self._voice_tracker.set_afk_channel(after.id, afk_channel_id, now_ms=get_time_ms())

    def on_guild_unavailable(self, guild_id: int) -> None:
        """Handle an outage at Discord: pause voice tracking, since members may still be in voice."""
        self._voice_tracker.pause(guild_id.__eq__, now_ms=get_time_ms())

    def on_guild_remove(self, guild_id: int) -> None:
        """Handle the removal of the bot from a guild."""
        self._live_updates.invalidate(guild_id)
        self._voice_tracker.remove_guild(guild_id, now_ms=get_time_ms())
        self._member_counts.remove_guild(guild_id)

    def _resolve_audience(self, state: members.MemberVoiceState) -> members.MemberVoiceState:
        """Only a stage has an audience; elsewhere the member lacks the permission to speak."""
        is_audience = state.audience and state.channel_id in self._stage_channel_ids
        return state if state.audience == is_audience else state._replace(audience=is_audience)

    def _require_possible_time(self, event: ActivityEvent) -> None:
        """Raise InvalidPayload for a join in the future.

        The rule is that of messages: a stricter one would not count joins while this machine's clock is slow.
        """
        if not is_possible_event_time(event.at_ms, now_ms=get_time_ms()):
            raise InvalidPayload("joined_at")

    def _record_name(self, guild_id: int, member: Payload | None) -> None:
        if member and (user := member.get("user")):
            name = get_member_name(member, user)
            user_id, is_bot = parse_snowflake(user, "id"), bool(user.get("bot"))
            self._writer.metadata.update_member(
                guild_id, user_id, name, is_bot=is_bot, joined_at=member.get("joined_at")
            )


def ignore_event(_data: EventData) -> None:
    """Ignore an event that is not counted; discord.py would search caches that are switched off."""
