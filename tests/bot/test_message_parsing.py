"""Parsing of message payloads into events, names and channels."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.collector import payload_fields
from herwa_bot.collector.parsing import messages
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms

MESSAGE_ID = 200_000_000_000_000_000
SENT_AT_MS = decode_snowflake_ms(MESSAGE_ID)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
snowflakes = st.integers(1, 2**63 - 1).map(str)
FIELDS = ("id", "type", "channel_id", "guild_id", "author", "member", "content", "attachments", "edited_timestamp")


def create_payload(**changes) -> dict:
    """Create a valid message payload; `changes` replace its fields."""
    return {
        "id": str(MESSAGE_ID),
        "type": 0,
        "channel_id": "20",
        "guild_id": "30",
        "author": {"id": "40", "username": "ada"},
        "content": "four",
        "attachments": [{}, {}],
        "edited_timestamp": None,
    } | changes


def parse_created(data: dict, *, parent_id: int = 0, content: bool = False) -> ActivityEvent | None:
    return messages.parse_message_create(data, parent_id=parent_id, live_since_ms=1, can_read_content=content)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({}, EventKind.MESSAGE),
        ({"author": {"id": "40", "username": "ada", "bot": False}}, EventKind.MESSAGE),
        ({"author": {"id": "40", "username": "ada", "bot": True}}, EventKind.MESSAGE_BOT),
        ({"webhook_id": "9"}, EventKind.MESSAGE_WEBHOOK),
        ({"webhook_id": "9", "author": {"id": "9", "username": "news", "bot": True}}, EventKind.MESSAGE_WEBHOOK),
        ({"webhook_id": None}, EventKind.MESSAGE),
        ({"type": 20, "author": {"id": "8", "username": "herwa", "bot": True}}, EventKind.MESSAGE_BOT),
        ({"type": 23, "webhook_id": "8", "application_id": "8"}, EventKind.MESSAGE_BOT),
        ({"webhook_id": "8", "application_id": "8"}, EventKind.MESSAGE_BOT),
        ({"webhook_id": "9", "application_id": "8"}, EventKind.MESSAGE_WEBHOOK),
    ],
)
def test_people_bots_and_webhooks_have_different_kinds(part, kind):
    assert parse_created(create_payload(**part)).kind == kind


def test_event_time_comes_from_the_message_id():
    event = parse_created(create_payload())
    assert (event.message_id, event.at_ms, event.guild_id, event.user_id) == (MESSAGE_ID, SENT_AT_MS, 30, 40)


@pytest.mark.parametrize("type_", [*range(1, 8), *range(12, 19), 21, 22, *range(24, 60)])
def test_system_message_types_are_not_messages(type_):
    assert parse_created(create_payload(type=type_)) is None


@pytest.mark.parametrize("type_", range(8, 12))
def test_boost_is_counted_by_the_id_of_its_message_and_without_content(type_):
    event = parse_created(create_payload(type=type_, content="2"))
    assert (event.kind, event.user_id, event.channel_id, event.message_id) == ("boost", 40, 20, MESSAGE_ID)
    assert (event.at_ms, event.value, event.attachments) == (SENT_AT_MS, None, None)


def test_a_reply_is_marked():
    assert parse_created(create_payload(type=19)).reply
    assert not parse_created(create_payload()).reply


def test_thread_message_has_the_channel_and_the_thread():
    event = parse_created(create_payload(), parent_id=5)
    assert (event.channel_id, event.thread_id, event.source_channel_id) == (5, 20, 20)
    channel_event = parse_created(create_payload())
    assert (channel_event.channel_id, channel_event.thread_id, channel_event.source_channel_id) == (20, 0, 20)


@given(st.text(max_size=50), st.integers(0, 10))
def test_length_is_unknown_without_the_intent_and_exact_with_it(text, files):
    payload = create_payload(content=text, attachments=[{}] * files)
    assert parse_created(payload)[7:9] == (None, None)
    assert parse_created(payload, content=True)[7:9] == (len(text), files)


@given(st.sampled_from(FIELDS), json_values, st.booleans())
def test_malformed_message_is_a_valid_event_or_none(field, value, content):
    for parse in (parse_created, lambda data, **_: messages.parse_message_edit(data, parent_id=0, now_ms=0)):
        try:
            event = parse(create_payload(**{field: value}), content=content)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
        assert event is None or is_within_columns(event)


def is_within_columns(event: ActivityEvent) -> bool:
    """Whether every number of the event fits its database column."""
    numbers = (event.guild_id, event.channel_id, event.at_ms, event.message_id, event.user_id)
    return all(0 <= number < 2**63 for number in numbers) and (event.attachments or 0) < 256


@given(st.text(max_size=40))
def test_invalid_event_error_contains_no_content(text):
    for field in ("id", "edited_timestamp"):
        with pytest.raises(payload_fields.InvalidPayload, match=f"^{field}$"):
            messages.parse_message_edit(
                create_payload(**{"edited_timestamp": "2030-01-01T00:00:00+00:00", field: f"~{text}"}),
                parent_id=0,
                now_ms=0,
            )


EDITED_AT_MS = 1_777_629_600_123


def parse_edited(*, now_ms: int = EDITED_AT_MS, **changes) -> ActivityEvent | None:
    return messages.parse_message_edit(
        create_payload(edited_timestamp="2026-05-01T10:00:00.123000+00:00", **changes), parent_id=7, now_ms=now_ms
    )


def test_edit_event_has_the_edit_time():
    event = parse_edited()
    assert datetime.fromtimestamp(event.at_ms / 1000, UTC) == datetime(2026, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert (event.kind, event.channel_id, event.thread_id, event.user_id) == (EventKind.MESSAGE_EDIT, 7, 20, 40)
    assert event.message_id == 0


def test_an_update_long_after_the_edit_is_not_an_edit():
    assert parse_edited(now_ms=EDITED_AT_MS + messages.MAX_EDIT_AGE_MS) is not None
    assert parse_edited(now_ms=EDITED_AT_MS + messages.MAX_EDIT_AGE_MS + 1) is None


@pytest.mark.parametrize(
    "part",
    [
        {"edited_timestamp": None},
        {"author": None},
        {"author": {"id": "40", "username": "x", "bot": True}},
        {"webhook_id": "9"},
        {"type": 20},
    ],
)
def test_link_previews_and_edits_by_programs_are_not_edits(part):
    assert (
        messages.parse_message_edit(
            create_payload(edited_timestamp="2026-05-01T10:00:00+00:00") | part, parent_id=0, now_ms=0
        )
        is None
    )


def test_deletion_event_has_no_user_and_the_current_time():
    event = messages.parse_message_delete(create_payload(), parent_id=0, at_ms=99)
    assert (event.kind, event.at_ms, event.user_id, event.channel_id) == (EventKind.MESSAGE_DELETE, 99, 0, 20)


@pytest.mark.parametrize(
    ("nick", "display", "expected_name"),
    [("Countess", "Ada L.", "Countess"), (None, "Ada L.", "Ada L."), ("", None, "ada"), (None, None, "ada")],
)
def test_nickname_precedes_display_name_and_user_name(nick, display, expected_name):
    data = create_payload(author={"id": "40", "username": "ada", "global_name": display}, member={"nick": nick})
    assert messages.get_member_name(data["member"], data["author"]) == expected_name


def test_author_without_member_data_has_the_account_name():
    assert messages.get_member_name({}, create_payload()["author"]) == "ada"


@given(st.text(max_size=300).filter(bool))
def test_parsed_name_fits_its_column(name):
    stored_name = payload_fields.parse_name(name)
    assert len(stored_name) <= 100
    assert "\0" not in stored_name
    assert name.replace("\0", "").startswith(stored_name)


def test_long_name_is_not_cut_inside_a_grapheme():
    assert payload_fields.parse_name("a" * 99 + "e\N{COMBINING ACUTE ACCENT}") == "a" * 99


@given(snowflakes)
def test_valid_id_is_parsed_unchanged(id_):
    assert str(payload_fields.parse_snowflake({"id": id_}, "id")) == id_


def test_threads_are_distinguished_from_channels():
    for kind, is_thread in (
        (0, False),
        (2, False),
        (4, False),
        (5, False),
        (10, True),
        (11, True),
        (12, True),
        (15, False),
    ):
        payload = {"id": "1", "type": kind, "name": "x", "parent_id": "2", "position": None}
        channel = messages.parse_channel(payload, guild_id=3)
        assert messages.is_thread(channel) is is_thread
        assert (channel.guild_id, channel.parent_id, channel.position) == (3, 2, 0)
