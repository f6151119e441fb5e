"""A member is counted and exported, leaves, and asks for deletion by direct message: nothing of them is left."""

import asyncio
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from herwa_bot.texts import privacy as texts
from herwa_shared.clock import utc_now
from herwa_shared.stores import open_stores
from herwa_sim.client.client import SimClient
from tests.shared.privacy.test_erasure import dump_tables, find_tables_with
from tests.support.configurable_copy import HISTORY_HEADER
from tests.support.embedded_engines import connect_owner
from tests.support.member_client import get_button_ids
from tests.support.running_copy import RunningCopy, open_running_copy

NAME = "Zebulon Quartzmeyer"
METRICS = ("messages", "reactions", "voice_minutes", "joins", "leaves", "threads", "commands")
ELSEWHERE = ("postgres", "clickhouse", "sim")
"""Folders that are not searched as files: the databases are searched by their tables, `sim` is Discord's own data."""
LIST_TABLES_SQL = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
SIM_OUTPUT = ("logs/sim.log", "up.out")
"""What the local Discord prints; the other lines of `up.out` are those of the other logs."""
SEARCH_CLICKHOUSE_SQL = "SELECT count() FROM {table:Identifier} WHERE position(toString(tuple(*)), {needle:String}) > 0"
CACHE_LIFETIME_SECONDS = 150


@pytest.fixture
def copy() -> Iterator[RunningCopy]:
    with open_running_copy() as running_copy:
        running_copy.start_all()
        yield running_copy


@pytest.fixture
def sim(copy: RunningCopy) -> Iterator[SimClient]:
    with closing(copy.open_sim_client()) as client:
        yield client


def write_yesterday(copy: RunningCopy, file: Path) -> str:
    """Let the member and another one write in a new server yesterday, since exports hold full hours; return its id."""
    yesterday = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    rows = [f"{yesterday}T12:{minute:02}:00Z,,talk,,{name},5,0" for minute, name in enumerate((NAME, "Cleo", NAME))]
    file.write_text("\n".join([HISTORY_HEADER, *rows, ""]))
    return copy.replay(file, "Meeting place")["guild_id"]


def create_export(copy: RunningCopy, guild_id: str) -> str:
    """Create an export with members and return its id when it is ready."""
    output = copy.check_output("export", "create", "--guild", guild_id, "--data", "messages", "--members", "--json")
    export_id: str = json.loads(output)["id"]
    wait_for_export(copy, guild_id, export_id)
    return export_id


def wait_for_export(copy: RunningCopy, guild_id: str, export_id: str) -> None:
    def is_ready() -> bool:
        output = copy.check_output("export", "show", export_id, "--guild", guild_id, "--json")
        return json.loads(output)["state"] == "ready"

    copy.wait_until(is_ready, "the export to be ready")


def list_files_with(folder: Path, needles: tuple[str, ...]) -> list[str]:
    """List the files of a data folder, and those within ZIP files, that contain one of the texts."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name.split("/")[0] in ELSEWHERE or name in SIM_OUTPUT:
            continue
        contents = {name: path.read_bytes()}
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents = {f"{name}:{member}": archive.read(member) for member in archive.namelist()}
        found += [part for part, content in contents.items() if any(needle.encode() in content for needle in needles)]
    return found


async def list_tables_with(copy: RunningCopy, needles: tuple[str, ...]) -> set[str]:
    """List the tables of both databases that contain one of the texts."""
    found: set[str] = set()
    async with connect_owner(copy.settings, copy.folder) as owner:
        dump = await dump_tables(owner)
    async with open_stores(copy.settings) as stores:
        rows = (await stores.clickhouse.query(LIST_TABLES_SQL)).result_rows
        for needle in needles:
            found |= find_tables_with(dump, needle)
            for (table,) in rows:
                parameters = {"table": table, "needle": needle}
                result = await stores.clickhouse.query(SEARCH_CLICKHOUSE_SQL, parameters=parameters)
                found |= {table} if result.result_rows[0][0] else set()
    return found


async def list_cache_keys_with(copy: RunningCopy, needles: tuple[str, ...]) -> list[bytes]:
    """List the keys of Redis that contain one of the texts, or whose value does."""
    async with open_stores(copy.settings) as stores:
        keys = [key async for key in stores.redis.scan_iter()]
        contents = {key: bytes(key) + (await stores.redis.dump(key) or b"") for key in keys}
    return [key for key, content in contents.items() if any(needle.encode() in content for needle in needles)]


@pytest.mark.slow
def test_nothing_of_a_member_is_left_and_no_count_changes(copy: RunningCopy, sim: SimClient, tmp_path: Path):
    guild_id = write_yesterday(copy, tmp_path / "history.csv")
    guild = int(guild_id)
    [user] = [int(member["id"]) for member in sim.get_guild(guild)["member_list"] if NAME in member["name"]]
    channel, voice = sim.create_channel(guild, "general"), sim.create_channel(guild, "lounge", type_=2)
    other = sim.join(guild, "Bob")
    needles = (str(user), NAME)
    for author in (user, other, user):
        message = sim.send_message(channel, author)
    sim.add_reaction(channel, message, user)
    sim.create_thread(channel, "A question", owner_id=user)
    sim.move_member(guild, user, voice)
    assert sim.run_command(channel, user, "help").messages
    time.sleep(3)
    sim.move_member(guild, user, None)
    copy.drain()
    export_id = create_export(copy, guild_id)
    api = copy.create_api_client(guild_id)
    assert NAME in json.dumps(api.get("/top/members", metric="messages"))
    assert {"activity_events", "activity_hourly", "member"} <= asyncio.run(list_tables_with(copy, needles))
    assert any(name.startswith("exports/") for name in list_files_with(copy.folder.path, needles))

    sim.leave(guild, user)
    copy.drain()
    totals = {metric: api.get("/stats", metric=metric)["total"] for metric in METRICS}
    assert totals["messages"] == 6
    assert min(totals[metric] for metric in ("reactions", "joins", "leaves", "threads", "commands")) > 0

    direct = sim.open_direct_channel(user)
    assert any("Meeting place" in message.content for message in sim.run_command(direct, user, "privacy show").messages)
    [question] = sim.run_command(direct, user, "privacy delete").messages
    sim.click(direct, user, question.id, get_button_ids(question)[texts.DELETE_BUTTON])

    def is_forgotten() -> bool:
        [reply] = sim.run_command(direct, user, "privacy show").messages
        return texts.NOTHING_COUNTED in reply.content and "was deleted" in reply.content

    copy.wait_until(is_forgotten, "the deletion to be finished")
    wait_for_export(copy, guild_id, export_id)
    copy.wait_until(
        lambda: list_files_with(copy.folder.path, needles) == [],
        "no file to contain the member",
        CACHE_LIFETIME_SECONDS,
    )
    assert asyncio.run(list_tables_with(copy, needles)) == set()
    copy.wait_until(
        lambda: asyncio.run(list_cache_keys_with(copy, needles)) == [],
        "no cache to contain the member",
        CACHE_LIFETIME_SECONDS,
    )
    assert NAME not in json.dumps(api.get("/top/members", metric="messages"))
    assert {metric: api.get("/stats", metric=metric)["total"] for metric in METRICS} == totals
