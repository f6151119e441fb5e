"""`herwa import`: every kind of event once, continued after a kill, nothing of what people wrote."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herwa.commands.import_history import ImportResult, import_source
from herwa.history_files.byte_stream import open_bytes
from herwa.history_files.errors import HistoryFormatError
from herwa.history_files.history_source import open_history, summarize
from herwa_shared.analytics.coverage import CoverageLevel, load_collection_record
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.history_import import load_recorded_times
from tests.support.db_assertions import move_buffer
from tests.support.event_factories import build_message_event, build_snowflake
from tests.support.history_files import (
    WRITTEN_TEXT,
    build_export_message,
    build_message_line,
    to_ms,
    write_export,
    write_history,
)
from tests.support.row_factories import add_gateway_session, add_guild

BEGIN, END = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
CHANNEL, THREAD = 11, 12
COUNT_QUERY = "SELECT kind, count(*), sum(value)::bigint AS total FROM event_buffer WHERE guild_id = $1 GROUP BY kind"


def at(day: int, hour: int = 12, minute: int = 0) -> str:
    return datetime(2024, 3, day, hour, minute, tzinfo=UTC).isoformat()


def build_every_kind() -> list[dict]:
    return [
        build_message_line(BEGIN + timedelta(days=1)),
        build_message_line(BEGIN + timedelta(days=2), user=8) | {"thread_id": str(THREAD), "reply": True},
        build_message_line(BEGIN + timedelta(days=2), 1, user=9) | {"author": "bot"},
        {"kind": "edit", "at": at(3), "channel_id": "11", "user_id": "7"},
        {"kind": "delete", "at": at(3, 13), "channel_id": "11"},
        {"kind": "reaction", "at": at(4), "channel_id": "11", "user_id": "8"},
        {"kind": "reaction", "at": at(4), "channel_id": "11", "user_id": "7"},
        {
            "kind": "thread",
            "at": at(5),
            "channel_id": "11",
            "thread_id": str(build_snowflake(to_ms(BEGIN))),
            "user_id": "7",
        },
        {"kind": "voice", "at": at(6, 20, 58), "channel_id": "13", "user_id": "7", "seconds": 431, "muted": True},
        {"kind": "join", "at": at(7), "user_id": "10"},
        {"kind": "leave", "at": at(9), "user_id": "10", "joined_at": at(7)},
        {"kind": "members", "at": at(10), "count": 40},
        {"kind": "online", "at": at(10), "count": 12},
    ]


EXPECTED_COUNTS = {
    "message": (2, 10),
    "message_bot": (1, 5),
    "message_edit": (1, None),
    "message_delete": (1, None),
    "reaction": (2, None),
    "thread": (1, None),
    "voice": (2, 431),
    "voice_muted": (2, 431),
    "join": (1, None),
    "leave": (1, 172_800),
    "member_count": (1, 40),
    "online_count": (1, 12),
}


async def run_import(
    stores, file: Path, guild_id: int, *, is_complete: bool = False, notes: list[str] | None = None
) -> ImportResult:
    source = open_history(file, is_complete=is_complete)
    source.validate()
    begin, end, _, kinds, _ = source.coverage
    recorded = await load_recorded_times(stores.database, guild_id, kinds, begin, end, clickhouse=stores.clickhouse)
    report = (notes if notes is not None else []).append
    return await import_source(stores.database, source, guild_id, recorded, report=report)


async def count_kinds(stores, guild_id: int) -> dict[str, tuple[int, int | None]]:
    async with stores.database.acquire_connection() as connection:
        return {row["kind"]: (row["count"], row["total"]) for row in await connection.fetch(COUNT_QUERY, guild_id)}


async def list_points(stores, query: ActivityQuery) -> list[tuple[int | None, str]]:
    series = await query_timeseries(stores.database, stores.clickhouse, query)
    return [(point.value, point.status.value) for point in series.points]


async def load_level(stores, guild_id: int, kind: str, *, channel_id: int | None = None) -> CoverageLevel:
    now = utc_now()
    record = await load_collection_record(stores.database, guild_id, BEGIN, END, channel_id=channel_id, now=now)
    return record.build_kind_coverage(kind, {}, needs_members=False).get_level(BEGIN + timedelta(days=20), END)


@pytest.mark.parametrize("name", ["history.jsonl", "history.jsonl.gz"])
async def test_every_kind_is_imported_once(stores, tmp_path, name):
    guild_id = await add_guild(stores)
    file = write_history(tmp_path / name, build_every_kind(), BEGIN, END)
    assert summarize(open_history(file)).events == {kind: count for kind, (count, _) in EXPECTED_COUNTS.items()}
    assert await load_level(stores, guild_id, "voice") is CoverageLevel.NONE
    for _ in range(2):
        result = await run_import(stores, file, guild_id)
        assert (result.rows, result.stored, result.duplicates) == (13, 16, 0)
        assert await count_kinds(stores, guild_id) == EXPECTED_COUNTS
    assert await load_level(stores, guild_id, "voice") is CoverageLevel.FULL
    assert await load_level(stores, guild_id, "message") is CoverageLevel.FULL


async def test_voice_is_split_within_hours(stores, tmp_path):
    guild_id = await add_guild(stores)
    await run_import(stores, write_history(tmp_path / "h.jsonl", build_every_kind(), BEGIN, END), guild_id)
    async with stores.database.acquire_connection() as connection:
        rows = await connection.fetch(
            "SELECT at_ms, value FROM event_buffer WHERE guild_id = $1 AND kind = 'voice' ORDER BY at_ms", guild_id
        )
    start_ms = to_ms(datetime(2024, 3, 6, 20, 58, tzinfo=UTC))
    expected = [(0, 120), (120, 311)]
    assert [tuple(row) for row in rows] == [(start_ms + 1000 * after, value) for after, value in expected]


async def test_overlapping_file_adds_only_what_is_not_recorded(stores, tmp_path):
    guild_id = await add_guild(stores)
    lines = build_every_kind()
    await run_import(stores, write_history(tmp_path / "a.jsonl", lines, BEGIN, END), guild_id)
    later = END + timedelta(days=5)
    lines += [
        build_message_line(END + timedelta(days=1)),
        {"kind": "reaction", "at": (END + timedelta(days=1)).isoformat(), "channel_id": "11", "user_id": "8"},
    ]
    result = await run_import(stores, write_history(tmp_path / "b.jsonl", lines, BEGIN, later), guild_id)
    assert (result.stored, result.duplicates) == (2, 16)
    counts = await count_kinds(stores, guild_id)
    assert (counts["message"][0], counts["reaction"][0], counts["voice"][0]) == (3, 3, 2)


async def test_kinds_that_a_file_does_not_carry_are_unknown(stores, tmp_path):
    guild_id = await add_guild(stores)
    lines = [build_message_line(BEGIN + timedelta(days=1))]
    await run_import(stores, write_history(tmp_path / "h.jsonl", lines, BEGIN, END, kinds=["message"]), guild_id)
    assert await load_level(stores, guild_id, "message") is CoverageLevel.FULL
    assert await load_level(stores, guild_id, "reaction") is CoverageLevel.NONE


async def test_events_that_the_bot_recorded_are_not_imported_again(stores, tmp_path):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, BEGIN + timedelta(days=3), BEGIN + timedelta(days=4), intents=2)
    message_id = build_snowflake(to_ms(BEGIN + timedelta(days=1)))
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [build_message_event(guild_id, message_id, channel=CHANNEL)])
    await run_import(stores, write_history(tmp_path / "h.jsonl", build_every_kind(), BEGIN, END), guild_id)
    counts = await count_kinds(stores, guild_id)
    assert counts["message"][0] == 2
    assert "reaction" not in counts
    assert counts["message_edit"][0] == 1


async def test_member_who_left_is_known_as_such(stores, tmp_path):
    guild_id = await add_guild(stores)
    await run_import(stores, write_history(tmp_path / "h.jsonl", build_every_kind(), BEGIN, END), guild_id)
    async with stores.database.acquire_connection() as connection:
        rows = await connection.fetch(
            "SELECT user_id, joined_at, left_at FROM membership_period WHERE guild_id = $1", guild_id
        )
    assert [tuple(row) for row in rows] == [(10, datetime.fromisoformat(at(7)), datetime.fromisoformat(at(9)))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "JSON object"),
        ({"kind": "shout"}, "kind must be"),
        ({"kind": "reaction", "at": at(4), "channel_id": "11"}, "field user_id"),
        ({"kind": "reaction", "at": at(4), "channel_id": 11, "user_id": "8"}, 'ID as text, such as "8'),
        ({"kind": "reaction", "at": "2024-03-04T12:00:00", "channel_id": "11", "user_id": "8"}, "offset"),
        ({"kind": "reaction", "at": "2014-03-04T12:00:00Z", "channel_id": "11", "user_id": "8"}, "before 2015"),
        (
            {"kind": "reaction", "at": "2024-05-04T12:00:00Z", "channel_id": "11", "user_id": "8"},
            "period of the header",
        ),
        ({"kind": "members", "at": at(4), "count": -1}, "whole number"),
        ({"kind": "members", "at": at(4), "count": 1, "content": WRITTEN_TEXT}, "unknown field content"),
        (build_message_line(BEGIN) | {"reply": "no"}, "true or false"),
    ],
)
def test_invalid_line_is_named_with_what_is_expected(tmp_path, line, expected):
    file = write_history(tmp_path / "h.jsonl", build_every_kind(), BEGIN, END)
    with file.open("a") as stream:
        stream.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    with pytest.raises(HistoryFormatError) as error:
        open_history(file).validate()
    assert [problem.line for problem in error.value.problems] == [15]
    assert expected in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"created_at,channel\n", b"\x1f\x8bbroken"])
def test_other_files_are_refused(tmp_path, content):
    file = tmp_path / "h.jsonl"
    file.write_bytes(content)
    with pytest.raises(HistoryFormatError, match=r"h\.jsonl"):
        open_history(file)


@pytest.mark.parametrize(
    ("change", "expected"), [({"version": 2}, "version must be 1"), ({"kinds": ["shout"]}, "kinds must be")]
)
def test_invalid_header_is_refused(tmp_path, change, expected):
    file = write_history(tmp_path / "h.jsonl", [], BEGIN, END)
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(HistoryFormatError, match=expected):
        open_history(file)


def build_export_messages(count: int = 5) -> list[dict]:
    ids = [build_snowflake(to_ms(BEGIN + timedelta(hours=hour))) for hour in range(count)]
    return [build_export_message(id_, user=7 + index % 3) for index, id_ in enumerate(ids)]


async def test_chat_export_is_deduplicated_against_live_messages(stores, tmp_path):
    guild_id = await add_guild(stores)
    messages = build_export_messages()
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, [build_message_event(guild_id, int(messages[2]["id"]), channel=CHANNEL)])
    messages += [
        build_export_message(build_snowflake(to_ms(BEGIN), 1), type_="GuildMemberJoin"),
        build_export_message(build_snowflake(to_ms(BEGIN), 2), type_="Reply"),
        build_export_message(build_snowflake(to_ms(BEGIN), 3), isBot=True, discriminator="1234"),
        build_export_message(build_snowflake(to_ms(BEGIN), 4), isBot=True, discriminator="0000"),
    ]
    file = write_export(tmp_path / "general.json", guild_id, messages, channel_id=CHANNEL, end=END)
    result = await run_import(stores, file, guild_id)
    assert (result.rows, result.stored, result.duplicates) == (9, 7, 1)
    counts = await count_kinds(stores, guild_id)
    assert counts == {"message": (6, None), "message_bot": (1, None), "message_webhook": (1, None)}
    async with stores.database.acquire_connection() as connection:
        await append_events(
            connection, [build_message_event(guild_id, int(message["id"]), channel=CHANNEL) for message in messages[:5]]
        )
    assert (await count_kinds(stores, guild_id))["message"][0] == 6


async def test_chat_export_covers_its_channel_only_if_it_is_declared_complete(stores, tmp_path):
    guild_id = await add_guild(stores)
    file = write_export(tmp_path / "general.json", guild_id, build_export_messages(), channel_id=CHANNEL, end=END)
    notes: list[str] = []
    await run_import(stores, file, guild_id, notes=notes)
    assert await load_level(stores, guild_id, "message", channel_id=CHANNEL) is CoverageLevel.NONE
    assert len(notes) == 1
    assert "--complete" in notes[0]
    query = ActivityQuery(guild_id, BEGIN, BEGIN + timedelta(days=3), channel_id=CHANNEL)
    await move_buffer(stores)
    assert await list_points(stores, query) == [(5, "partial"), (None, "no data"), (None, "no data")]

    notes.clear()
    result = await run_import(stores, file, guild_id, is_complete=True, notes=notes)
    assert result.stored == 5, "nothing is imported again"
    assert len(notes) == 1
    assert await load_level(stores, guild_id, "message", channel_id=CHANNEL) is CoverageLevel.FULL
    assert await load_level(stores, guild_id, "message") is CoverageLevel.NONE, "other channels may be missing"
    assert await list_points(stores, query) == [(5, "complete"), (0, "complete"), (0, "complete")]
    await run_import(stores, file, guild_id)
    assert await load_level(stores, guild_id, "message", channel_id=CHANNEL) is CoverageLevel.FULL


def test_history_of_herwa_cannot_be_declared_complete(tmp_path):
    file = write_history(tmp_path / "h.jsonl", [], BEGIN, END)
    with pytest.raises(HistoryFormatError, match="--complete"):
        open_history(file, is_complete=True)


async def test_exported_thread_counts_for_its_channel(stores, tmp_path):
    guild_id = await add_guild(stores)
    file = write_export(
        tmp_path / "thread.json",
        guild_id,
        build_export_messages(),
        channel_id=THREAD,
        end=END,
        type="GuildPublicThread",
        categoryId=str(CHANNEL),
    )
    notes: list[str] = []
    assert (await run_import(stores, file, guild_id, is_complete=True, notes=notes)).stored == 5
    assert ["thread" in note for note in notes] == [True]
    async with stores.database.acquire_connection() as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT channel_id, thread_id FROM event_buffer WHERE guild_id = $1", guild_id
        )
    assert [tuple(row) for row in rows] == [(CHANNEL, THREAD)]
    assert await load_level(stores, guild_id, "message", channel_id=CHANNEL) is CoverageLevel.NONE


async def test_what_people_wrote_is_nowhere(stores, tmp_path, data_dir):
    guild_id = await add_guild(stores)
    file = write_export(tmp_path / "general.json", guild_id, build_export_messages(), channel_id=CHANNEL, end=END)
    await run_import(stores, file, guild_id)
    async with stores.database.acquire_connection() as connection:
        for table in ("event_buffer", "channel_coverage", "history_import", "member"):
            rows = await connection.fetch(f"SELECT t::text AS line FROM {table} AS t WHERE guild_id = $1", guild_id)
            assert not [row for row in rows if "canary" in row["line"] or "ada" in row["line"]]


async def test_export_of_another_server_is_refused(stores, tmp_path):
    guild_id = await add_guild(stores)
    file = write_export(tmp_path / "general.json", 5, build_export_messages(), channel_id=CHANNEL, end=END)
    with pytest.raises(BadRequest, match="server 5"):
        await run_import(stores, file, guild_id)


async def test_damaged_export_can_be_corrected_and_imported_again(stores, tmp_path):
    guild_id = await add_guild(stores)
    messages = build_export_messages(8)
    damaged = [*messages[:5], {"id": "x"}, *messages[5:]]
    file = write_export(tmp_path / "general.json", guild_id, damaged, channel_id=CHANNEL, end=END)
    with pytest.raises(HistoryFormatError, match="message 6"):
        await run_import(stores, file, guild_id)
    write_export(file, guild_id, messages, channel_id=CHANNEL, end=END)
    result = await run_import(stores, file, guild_id)
    assert result.stored + result.duplicates == 8
    assert (await count_kinds(stores, guild_id))["message"][0] == 8


@pytest.mark.slow
async def test_killed_import_is_continued_without_doubling(stores, settings, tmp_path):
    guild_id = await add_guild(stores)
    lines = []
    for number in range(40_000):
        moment = BEGIN + timedelta(seconds=60 * number)
        lines.append(build_message_line(moment, channel=11 + number % 5, user=7 + number % 11))
        lines.append(
            {"kind": "reaction", "at": moment.isoformat(), "channel_id": "11", "user_id": str(7 + number % 13)}
        )
    file = write_history(tmp_path / "h.jsonl.gz", lines, BEGIN, END)
    command = [sys.executable, "-m", "herwa", "import", str(file), "--guild", str(guild_id)]
    variables = {**os.environ, "HERWA_DATA_DIR": str(settings.data_dir)}
    async with stores.database.acquire_connection() as connection:
        for expected_position in (1, 20_000):
            process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=DEVNULL, stderr=DEVNULL)
            while process.returncode is None and await get_position(connection, guild_id) < expected_position:  # noqa: ASYNC110
                await asyncio.sleep(0)
            process.kill()
            await process.wait()
        assert 0 < await get_position(connection, guild_id) < 80_000
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=PIPE, stderr=PIPE)
    output, notes = await process.communicate()
    result = json.loads(output)
    assert (result["rows"], result["stored"], result["duplicates"]) == (80_000, 80_000, 0)
    assert b"Continuing after" in notes
    counts = await count_kinds(stores, guild_id)
    assert Counter({kind: count for kind, (count, _) in counts.items()}) == {"message": 40_000, "reaction": 40_000}


async def get_position(connection, guild_id: int) -> int:
    query = "SELECT coalesce(max(position), 0) FROM history_import WHERE guild_id = $1"
    return await connection.fetchval(query, guild_id)


@pytest.mark.parametrize("indent", [None, 1, 2, 4])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("count", [0, 1, 3_000])
def test_export_of_any_layout_has_the_same_messages(tmp_path, indent, line_end, count):
    messages = build_export_messages(count)
    for message in messages:
        message["content"] = 'a "text"\n    },\n    {\n  ]' * 20
    file = write_export(tmp_path / "general.json", 5, messages, channel_id=CHANNEL, end=END)
    text = json.dumps(json.loads(file.read_text()), indent=indent)
    file.write_bytes(text.replace("\n", line_end).encode())
    source = open_history(file)
    with open_bytes(file) as stream:
        ids = [event.message_id for part in source.iterate_parts(stream, 5, skip=0) for event in part.items]
    expected_ids = [int(message["id"]) for message in messages]
    assert ids == expected_ids
    with open_bytes(file) as stream:
        later_parts = list(source.iterate_parts(stream, 5, skip=1_500))
    assert [event.message_id for part in later_parts for event in part.items] == expected_ids[1_500:]


def test_export_that_ends_early_is_refused_after_its_last_complete_part(tmp_path):
    file = write_export(tmp_path / "general.json", 5, build_export_messages(), channel_id=CHANNEL, end=END)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(HistoryFormatError, match=r"general\.json"):
        summarize(open_history(file))
