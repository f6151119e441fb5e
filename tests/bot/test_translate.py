"""Discord's JSON into events and names."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_bot.collector import payload_fields
from herwa_bot.collector.parsing import messages
from herwa_shared.pipeline.events import Event, EventKind, snowflake_ms

ID = 200_000_000_000_000_000
SENT = snowflake_ms(ID)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ids = st.integers(1, 2**63 - 1).map(str)
FIELDS = ("id", "type", "channel_id", "guild_id", "author", "member", "content", "attachments", "edited_timestamp")


def message(**changes) -> dict:
    return {
        "id": str(ID),
        "type": 0,
        "channel_id": "20",
        "guild_id": "30",
        "author": {"id": "40", "username": "ada"},
        "content": "four",
        "attachments": [{}, {}],
        "edited_timestamp": None,
    } | changes


def created(data: dict, *, parent_id: int = 0, content: bool = False) -> Event | None:
    return messages.message_created(data, parent_id=parent_id, live_since_ms=1, content=content)


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({}, EventKind.MESSAGE),
        ({"author": {"id": "40", "username": "ada", "bot": False}}, EventKind.MESSAGE),
        ({"author": {"id": "40", "username": "ada", "bot": True}}, EventKind.MESSAGE_BOT),
        ({"webhook_id": "9"}, EventKind.MESSAGE_WEBHOOK),
        ({"webhook_id": "9", "author": {"id": "9", "username": "news", "bot": True}}, EventKind.MESSAGE_WEBHOOK),
        ({"webhook_id": None}, EventKind.MESSAGE),
    ],
)
def test_people_bots_and_webhooks_are_kinds_of_their_own(part, kind):
    assert created(message(**part)).kind == kind


def test_its_time_is_that_of_its_id():
    event = created(message())
    assert (event.message_id, event.at_ms, event.guild_id, event.user_id) == (ID, SENT, 30, 40)


@pytest.mark.parametrize("type_", [*range(1, 19), *range(20, 60)])
def test_only_what_somebody_wrote_is_a_message(type_):
    assert created(message(type=type_)) is None


def test_a_reply_is_marked():
    assert created(message(type=19)).reply
    assert not created(message()).reply


def test_in_a_thread_it_counts_for_the_channel_and_keeps_the_thread():
    event = created(message(), parent_id=5)
    assert (event.channel_id, event.thread_id, event.place_id) == (5, 20, 20)
    alone = created(message())
    assert (alone.channel_id, alone.thread_id, alone.place_id) == (20, 0, 20)


@given(st.text(max_size=50), st.integers(0, 10))
def test_lengths_are_unknown_without_the_intent_and_exact_with_it(text, files):
    said = message(content=text, attachments=[{}] * files)
    assert created(said)[7:9] == (None, None)
    assert created(said, content=True)[7:9] == (len(text), files)


@given(st.sampled_from(FIELDS), json, st.booleans())
def test_a_message_with_any_part_broken_is_an_event_that_fits_or_none_at_all(field, value, content):
    for make in (created, lambda data, **_: messages.message_edited(data, parent_id=0)):
        try:
            event = make(message(**{field: value}), content=content)
        except (LookupError, TypeError, ValueError, AttributeError):
            continue
        assert event is None or fits(event)


def fits(event: Event) -> bool:
    numbers = (event.guild_id, event.channel_id, event.at_ms, event.message_id, event.user_id)
    return all(0 <= number < 2**63 for number in numbers) and (event.attachments or 0) < 256


@given(st.text(max_size=40))
def test_what_is_wrong_with_an_event_is_told_without_what_stands_in_it(text):
    for field in ("id", "edited_timestamp"):
        with pytest.raises(payload_fields.Impossible, match=f"^{field}$"):
            messages.message_edited(
                message(**{"edited_timestamp": "2030-01-01T00:00:00+00:00", field: f"~{text}"}), parent_id=0
            )


def edited(**changes) -> Event | None:
    return messages.message_edited(message(edited_timestamp="2026-05-01T10:00:00.123000+00:00", **changes), parent_id=7)


def test_an_edit_has_the_time_of_the_edit():
    event = edited()
    assert datetime.fromtimestamp(event.at_ms / 1000, UTC) == datetime(2026, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert (event.kind, event.channel_id, event.thread_id, event.user_id) == (EventKind.MESSAGE_EDIT, 7, 20, 40)
    assert event.message_id == 0


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
def test_link_previews_and_what_programs_change_are_no_edits(part):
    assert messages.message_edited(message(edited_timestamp="2026-05-01T10:00:00+00:00") | part, parent_id=0) is None


def test_a_deletion_is_nobodys_and_of_now():
    event = messages.message_deleted(message(), parent_id=0, at_ms=99)
    assert (event.kind, event.at_ms, event.user_id, event.channel_id) == (EventKind.MESSAGE_DELETE, 99, 0, 20)


@pytest.mark.parametrize(
    ("nick", "display", "called"),
    [("Countess", "Ada L.", "Countess"), (None, "Ada L.", "Ada L."), ("", None, "ada"), (None, None, "ada")],
)
def test_a_nickname_goes_before_a_display_name_before_a_user_name(nick, display, called):
    data = message(author={"id": "40", "username": "ada", "global_name": display}, member={"nick": nick})
    assert messages.member_name(data["member"], data["author"]) == called


def test_without_a_member_part_the_account_names_the_author():
    assert messages.member_name({}, message()["author"]) == "ada"


@given(st.text(max_size=300).filter(bool))
def test_any_name_fits_its_column(name):
    kept = payload_fields.name_of(name)
    assert len(kept) <= 100
    assert "\0" not in kept
    assert name.replace("\0", "").startswith(kept)


def test_a_long_name_is_not_cut_between_a_letter_and_its_accent():
    assert payload_fields.name_of("a" * 99 + "e\N{COMBINING ACUTE ACCENT}") == "a" * 99


@given(ids)
def test_every_id_that_fits_is_taken_as_it_is(id_):
    assert str(payload_fields.snowflake({"id": id_}, "id")) == id_


def test_threads_are_told_from_channels():
    for kind, is_one in (
        (0, False),
        (2, False),
        (4, False),
        (5, False),
        (10, True),
        (11, True),
        (12, True),
        (15, False),
    ):
        described = {"id": "1", "type": kind, "name": "x", "parent_id": "2", "position": None}
        channel = messages.channel_seen(described, guild_id=3)
        assert messages.is_thread(channel) is is_one
        assert (channel.guild_id, channel.parent_id, channel.position) == (3, 2, 0)
