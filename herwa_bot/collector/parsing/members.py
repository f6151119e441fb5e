"""Parse payloads about members: reactions, threads, joins, leaves, voice states. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from herwa_bot.collector.payload_fields import InvalidPayload, Payload, parse_snowflake, parse_timestamp_ms
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms

MAX_EMOJI_LENGTH = 100


class MemberVoiceState(NamedTuple):
    """A member's voice state; `channel_id` 0 means that they are in no voice channel.

    `voice_tracker` spreads the fields into `VoiceSessionRow._replace`, so the field names of both must be equal.
    `audience`: the member may not speak, which in a stage channel means that they are in the audience. `afk`: in the
    guild's AFK channel, which the tracker knows.
    """

    user_id: int
    channel_id: int
    muted: bool
    streaming: bool
    video: bool
    audience: bool = False
    afk: bool = False


def parse_reaction(data: Payload, *, parent_id: int, at_ms: int) -> ActivityEvent | None:
    """Parse a reaction; None if a bot added it.

    Discord sends no time, so `at_ms` is our own clock.
    """
    if _is_bot(data.get("member") or {}):
        return None
    parse_snowflake(data, "message_id")
    source_channel_id = parse_snowflake(data, "channel_id")
    return _build_event(
        parse_snowflake(data, "guild_id"),
        EventKind.REACTION,
        at_ms,
        user_id=parse_snowflake(data, "user_id"),
        channel_id=parent_id or source_channel_id,
        thread_id=source_channel_id if parent_id else 0,
    )


def build_reaction_key(data: Payload) -> str:
    """Build the natural key of a reaction for deduplication.

    It consists of message, user and emoji (its ID, else its character).
    """
    emoji = data["emoji"].get("id") or data["emoji"].get("name")
    if not isinstance(emoji, str) or len(emoji) > MAX_EMOJI_LENGTH:
        raise InvalidPayload("emoji")
    return f"reaction {data['message_id']} {data['user_id']} {emoji}"


def parse_thread_create(data: Payload, *, now_ms: int) -> ActivityEvent | None:
    """Parse a newly created thread or forum post, at the time that Discord sends, else at `now_ms`.

    The id of a thread on a message is that of the message and tells nothing about the time. Returns None for a thread
    that only became visible to the bot.
    """
    if not data.get("newly_created") or data.get("type") not in THREAD_CHANNEL_TYPES:
        return None
    thread_id, metadata = parse_snowflake(data, "id"), data.get("thread_metadata") or {}
    at_ms = parse_timestamp_ms(metadata, "create_timestamp") if metadata.get("create_timestamp") else now_ms
    event = _build_event(
        parse_snowflake(data, "guild_id"),
        EventKind.THREAD,
        at_ms,
        user_id=parse_snowflake(data, "owner_id"),
        channel_id=parse_snowflake(data, "parent_id"),
        thread_id=thread_id,
    )
    return event._replace(message_id=thread_id)


def parse_member_join(data: Payload) -> ActivityEvent | None:
    """Parse a join at the time that Discord sends; None for bots."""
    if _is_bot(data):
        return None
    guild_id, user_id = parse_snowflake(data, "guild_id"), parse_snowflake(data["user"], "id")
    return _build_event(guild_id, EventKind.JOIN, parse_timestamp_ms(data, "joined_at"), user_id=user_id)


def parse_join_message(data: Payload) -> ActivityEvent | None:
    """Parse the system message about a join; None for bots.

    The time is that of the join, else that of the message: there is no join time of a member who has left already.
    """
    user, member = data["author"], data.get("member") or {}
    if _is_bot({"user": user}):
        return None
    message_ms = decode_snowflake_ms(parse_snowflake(data, "id"))
    at_ms = parse_timestamp_ms(member, "joined_at") if member.get("joined_at") else message_ms
    return _build_event(parse_snowflake(data, "guild_id"), EventKind.JOIN, at_ms, user_id=parse_snowflake(user, "id"))


def parse_member_leave(data: Payload, *, at_ms: int) -> ActivityEvent | None:
    """Parse a leave or removal; None for bots.

    Discord sends no time, so `at_ms` is our own clock.
    """
    if _is_bot(data):
        return None
    return _build_event(
        parse_snowflake(data, "guild_id"), EventKind.LEAVE, at_ms, user_id=parse_snowflake(data["user"], "id")
    )


def parse_voice_state(data: Payload) -> MemberVoiceState:
    """Parse a voice state, from VOICE_STATE_UPDATE or from a guild's list in GUILD_CREATE."""
    return MemberVoiceState(
        parse_snowflake(data, "user_id"),
        parse_snowflake(data, "channel_id") if data.get("channel_id") else 0,
        bool(data.get("self_mute") or data.get("mute")),
        bool(data.get("self_stream")),
        bool(data.get("self_video")),
        bool(data.get("suppress")),
    )


def parse_voice_states(data: Payload) -> Iterator[MemberVoiceState]:
    """Parse the voice states of GUILD_CREATE without those of bots.

    Discord lists every member in voice among the guild's `members`, where bots are marked.
    """
    bot_ids = {member["user"]["id"] for member in data.get("members") or () if _is_bot(member)}
    for state in data.get("voice_states") or ():
        if state["user_id"] not in bot_ids:
            yield parse_voice_state(state)


def parse_scheduled_event(data: Payload, *, kind: EventKind, at_ms: int) -> ActivityEvent:
    """Parse a change of a scheduled event. Its creator counts as the member who created it; other changes have none."""
    is_by_member = (
        kind is EventKind.SCHEDULED_EVENT and data.get("creator_id") and not _is_bot({"user": data.get("creator")})
    )
    return _build_event(
        parse_snowflake(data, "guild_id"),
        kind,
        at_ms,
        user_id=parse_snowflake(data, "creator_id") if is_by_member else 0,
        channel_id=parse_snowflake(data, "channel_id") if data.get("channel_id") else 0,
    )


def build_sample(guild_id: int, kind: EventKind, count: int, *, at_ms: int) -> ActivityEvent:
    """Build an event that records a count at `at_ms`: members or online members, by `kind`."""
    return _build_event(guild_id, kind, at_ms, user_id=0)._replace(value=count)


def _is_bot(member: Payload) -> bool:
    return bool((member.get("user") or {}).get("bot"))


def _build_event(
    guild_id: int, kind: EventKind, at_ms: int, *, user_id: int, channel_id: int = 0, thread_id: int = 0
) -> ActivityEvent:
    return ActivityEvent(guild_id, kind.value, at_ms, channel_id, thread_id, user_id, False, None, None, 0, 0)
