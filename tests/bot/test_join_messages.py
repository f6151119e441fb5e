"""Joins that are read from join messages: parsing, the periods in which they are readable, and when they count."""

from datetime import UTC, datetime, timedelta

import pytest

from herwa_bot.collector.channel_directory import ChannelDirectory
from herwa_bot.collector.event_writer import EventWriter
from herwa_bot.collector.gateway_sessions import NEVER_MS
from herwa_bot.collector.handlers.messages import MessageHandlers
from herwa_bot.collector.join_message_tracker import JoinMessageTracker
from herwa_bot.collector.parsing.members import parse_join_message
from herwa_bot.collector.parsing.messages import get_join_message_channel_id
from herwa_bot.collector.payload_fields import InvalidPayload
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import Intents
from herwa_shared.pipeline.events import EventKind, decode_snowflake_ms
from herwa_shared.services.join_message_periods import JoinMessagePeriodRecord
from tests.support.event_factories import build_snowflake

NOW = utc_now()
LATER = NOW + timedelta(minutes=5)
JOINED_AT = datetime(2024, 3, 1, 12, tzinfo=UTC)
MESSAGE_ID = build_snowflake(int(JOINED_AT.timestamp() * 1000) + 900)
GUILD, CHANNEL, BOT, ADA = 30, 20, 9, 40
VIEW_CHANNEL = str(1 << 10)


def create_join_message(**changes) -> dict:
    return {
        "id": str(MESSAGE_ID),
        "type": 7,
        "channel_id": str(CHANNEL),
        "guild_id": str(GUILD),
        "author": {"id": str(ADA), "username": "ada"},
        "member": {"joined_at": JOINED_AT.isoformat()},
        "content": "",
    } | changes


def create_guild(**changes) -> dict:
    """Create a GUILD_CREATE payload with one channel, in which join messages are posted."""
    return {
        "id": str(GUILD),
        "name": "Tea",
        "owner_id": "1",
        "joined_at": JOINED_AT.isoformat(),
        "system_channel_id": str(CHANNEL),
        "system_channel_flags": 0,
        "roles": [{"id": str(GUILD), "permissions": VIEW_CHANNEL}],
        "members": [{"user": {"id": str(BOT), "username": "herwa"}, "roles": []}],
        "channels": [create_channel()],
    } | changes


def create_channel(*, hidden: bool = False) -> dict:
    overwrite = {"id": str(GUILD), "type": 0, "allow": "0", "deny": VIEW_CHANNEL}
    return {
        "id": str(CHANNEL),
        "type": 0,
        "name": "welcome",
        "guild_id": str(GUILD),
        "permission_overwrites": [overwrite] if hidden else [],
    }


def connect(handlers: MessageHandlers, writer: EventWriter, intents: int) -> None:
    """Start a new gateway session with these intents."""
    writer.gateway_sessions.intents = intents
    handlers.on_ready({"user": {"id": str(BOT)}, "guilds": [{"id": str(GUILD)}]})


@pytest.fixture
def writer(stores) -> EventWriter:
    return EventWriter(stores.database, process_id=0)


@pytest.fixture
def handlers(writer) -> MessageHandlers:
    handlers = MessageHandlers(writer, ChannelDirectory())
    connect(handlers, writer, Intents.GUILDS)
    handlers.on_guild_create(create_guild())
    return handlers


def list_periods(writer: EventWriter) -> list[bool]:
    """List the changes of periods since the last call: True for an opened period, False for a closed one."""
    return [period.to_at is None for period in writer.join_message_tracker.take()]


def test_join_message_is_a_join_of_its_author_at_the_time_of_the_join():
    event = parse_join_message(create_join_message())
    assert (event.guild_id, event.user_id, event.kind) == (GUILD, ADA, EventKind.JOIN)
    assert (event.at_ms, event.channel_id, event.message_id) == (JOINED_AT.timestamp() * 1000, 0, 0)


@pytest.mark.parametrize("member", [None, {}, {"joined_at": None}])
def test_join_of_a_member_who_has_left_has_the_time_of_the_message(member):
    assert parse_join_message(create_join_message(member=member)).at_ms == decode_snowflake_ms(MESSAGE_ID)


def test_join_message_of_a_bot_is_no_join():
    assert parse_join_message(create_join_message(author={"id": "8", "username": "robot", "bot": True})) is None


@pytest.mark.parametrize(
    "part", [{"author": {"id": 40}}, {"guild_id": "0"}, {"member": {"joined_at": 1}}, {"member": {"joined_at": "x"}}]
)
def test_invalid_join_message_is_rejected(part):
    with pytest.raises(InvalidPayload):
        parse_join_message(create_join_message(**part))


@pytest.mark.parametrize(
    ("part", "channel_id"),
    [
        ({}, CHANNEL),
        ({"system_channel_flags": 0b1110}, CHANNEL),
        ({"system_channel_flags": 0b0001}, 0),
        ({"system_channel_flags": 0b1011}, 0),
        ({"system_channel_id": None}, 0),
    ],
)
def test_channel_of_join_messages_follows_the_flags_of_the_guild(part, channel_id):
    assert get_join_message_channel_id(create_guild(**part)) == channel_id


def test_period_is_opened_and_closed_once():
    tracker = JoinMessageTracker()
    for is_readable in (False, True, True, False, False):
        tracker.set_readable(1, is_readable, at=LATER if is_readable is False else NOW)
    changes = tracker.take()
    assert changes == [JoinMessagePeriodRecord(1, NOW), JoinMessagePeriodRecord(1, NOW, LATER)]
    tracker.restore(changes)
    assert tracker.pending == 2


def test_period_of_an_earlier_process_is_continued_or_closed():
    tracker = JoinMessageTracker()
    tracker.add_open_periods([JoinMessagePeriodRecord(guild_id, NOW) for guild_id in (1, 2, 3)])
    tracker.set_readable(1, True, at=LATER)
    tracker.set_readable(2, False, at=LATER)
    tracker.remove_guild(3, at=NOW - timedelta(minutes=1))
    assert tracker.take() == [JoinMessagePeriodRecord(2, NOW, LATER), JoinMessagePeriodRecord(3, NOW, NOW)]


def test_join_messages_are_readable_while_switched_on_and_visible(writer, handlers):
    assert list_periods(writer) == [True]
    handlers.on_guild_update(create_guild(system_channel_flags=1))
    handlers.on_guild_update(create_guild(system_channel_flags=2))
    assert list_periods(writer) == [False, True]
    handlers.on_channel_update(create_channel(hidden=True))
    handlers.on_channel_update(create_channel())
    assert list_periods(writer) == [False, True]
    handlers.on_role_update({"guild_id": str(GUILD), "role": {"id": str(GUILD), "permissions": "0"}})
    handlers.on_role_update({"guild_id": str(GUILD), "role": {"id": str(GUILD), "permissions": VIEW_CHANNEL}})
    assert list_periods(writer) == [False, True]
    handlers.on_guild_delete({"id": str(GUILD), "unavailable": True})
    handlers.on_guild_create(create_guild())
    assert list_periods(writer) == [], "an outage is a gap of the guild"
    handlers.on_channel_delete(create_channel())
    assert list_periods(writer) == [False]
    handlers.on_guild_create(create_guild())
    handlers.on_guild_delete({"id": str(GUILD)})
    assert list_periods(writer) == [True, False]


def test_members_intent_ends_the_reading_of_join_messages_with_its_session(writer, handlers):
    list_periods(writer)
    connect(handlers, writer, Intents.GUILDS)
    handlers.on_guild_create(create_guild())
    assert list_periods(writer) == [], "a new session without the intent continues the period"
    connect(handlers, writer, Intents.GUILDS | Intents.GUILD_MEMBERS)
    session_started_at = writer.gap_tracker.take_expected(GUILD)
    writer.gap_tracker.expect_guilds([GUILD], now=session_started_at)
    handlers.on_guild_create(create_guild())
    [period] = writer.join_message_tracker.take()
    assert period.to_at == session_started_at


def test_join_message_counts_only_without_the_members_intent(writer, handlers):
    events = []
    writer.add = events.append
    handlers.on_message_create(create_join_message())
    [event] = events
    assert event == parse_join_message(create_join_message())._replace(live_since_ms=NEVER_MS)
    connect(handlers, writer, Intents.GUILD_MEMBERS)
    handlers.on_message_create(create_join_message())
    assert events == [event]
    connect(handlers, writer, Intents.GUILDS)
    with pytest.raises(InvalidPayload):
        handlers.on_message_create(create_join_message(member={"joined_at": "2199-01-01T00:00:00+00:00"}))
