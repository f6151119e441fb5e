"""A real community's history, from Discord events to exact numbers, whatever dies on the way."""

import csv
import os
import signal
from collections import Counter
from pathlib import Path

import pytest
from clickhouse_connect import get_client
from sqlalchemy import make_url

from herwa_shared.embedded import lease_engines
from tests.journeys.truth import HISTORY_FILE, assert_true, window
from tests.running_copy import Reader, RunningCopy, running_copy

GUILD = "Ethereum R&D"
SUMMER = ("2021-05-01", "2021-08-01")
SPRING = ("2024-02-29", "2024-04-16")


@pytest.fixture(scope="module")
def copy():
    with running_copy() as copy:
        copy.up()
        yield copy
        copy.down()


@pytest.fixture(scope="module")
def guild_id(copy: RunningCopy) -> str:
    """The server, with both windows of its history replayed into it."""
    first = copy.replay(HISTORY_FILE, GUILD, *SUMMER)
    second = copy.replay(HISTORY_FILE, GUILD, *SPRING)
    assert first["sent"] == window(SUMMER[0])["messages"]
    assert second["guild_id"] == first["guild_id"], "the same name is the same server"
    copy.drain()
    return first["guild_id"]


@pytest.fixture(scope="module")
def api(copy: RunningCopy, guild_id: str) -> Reader:
    return copy.reader(guild_id)


def assert_both_windows(api: Reader) -> None:
    assert_true(api, window("2021-05-01"))
    assert_true(api, window("2024-03-01"))


def test_every_number_of_two_windows_is_exact(api):
    assert_both_windows(api)


def test_a_second_replay_changes_nothing(copy, api):
    copy.replay(HISTORY_FILE, GUILD, "2021-06-15", "2021-07-15")
    copy.drain()
    assert_both_windows(api)


def thread_script(folder: Path) -> tuple[Path, Counter[str]]:
    """200 messages in threads of three channels, in a year of their own, and what each channel must count."""
    channels = ("allcoredevs", "evm", "a-channel-of-threads-only")
    rows, expected = [], Counter()
    for number in range(200):
        channel = channels[number % 3]
        at = f"2022-06-{1 + number // 10:02}T{number % 24:02}:{number % 60:02}:00.{number:03}Z"
        rows.append((at, "general", channel, f"thread {number % 7}", 1 + number % 11, 10, 0))
        expected[channel] += 1
    file = folder / "threads.csv"
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(("created_at", "category", "channel", "thread", "author", "content_length", "attachments"))
        writer.writerows(rows)
    return file, expected


def test_messages_in_threads_count_for_their_channels(copy, api, tmp_path):
    file, expected = thread_script(tmp_path)
    assert copy.replay(file, GUILD)["sent"] == 200
    copy.drain()
    june = {"from": "2022-06-01", "to": "2022-07-01"}
    tops = api.get("/top/channels", metric="messages", **june)["items"]
    assert Counter({item["name"]: item["value"] for item in tops}) == expected
    only = next(item["id"] for item in tops if item["name"] == "a-channel-of-threads-only")
    assert (
        api.get("/stats", metric="messages", channel_id=only, **june)["total"] == expected["a-channel-of-threads-only"]
    )
    assert api.get("/stats", metric="active_members", **june)["total"] == 11
    assert_both_windows(api)


@pytest.mark.slow
def test_kill_9_of_the_mover_with_a_batch_pending_changes_nothing(copy, api):
    with lease_engines(copy.settings, copy.folder) as lease:
        url = make_url(lease.urls.clickhouse)
        clickhouse = get_client(
            host=url.host, port=url.port, username=url.username, password=url.password, database=url.database
        )
        clickhouse.command(
            "CREATE MATERIALIZED VIEW broken ENGINE = MergeTree ORDER BY x AS"
            " SELECT throwIf(guild_id > 0, 'the disk is full of cats') AS x FROM activity_events"
        )
        copy.replay(HISTORY_FILE, "Second server", *SPRING)
        copy.until(lambda: copy.status()["mover"]["failures"] >= 2, "the mover to fail")
        status = copy.status()
        assert not status["healthy"]
        assert status["mover"]["pending_rows"] > 0
        assert any("the disk is full of cats" in problem for problem in status["problems"]), "it is loud"
        assert copy.herwa("pipeline", "drain", "--timeout", "1").returncode == 1

        worker = copy.pid("worker")
        os.kill(worker, signal.SIGKILL)
        clickhouse.command("DROP TABLE broken")
        clickhouse.close()
        copy.until(lambda: copy.pid("worker") not in (None, worker), "the worker to be started again")
    copy.drain()
    assert "killed by SIGKILL" in copy.said()
    assert copy.status()["healthy"]
    assert_both_windows(api)
    second = copy.replay(HISTORY_FILE, "Second server", *SPRING)
    assert_true(copy.reader(second["guild_id"]), window("2024-03-01"))


@pytest.mark.slow
def test_kill_9_of_the_clickhouse_engine_changes_nothing(copy, api):
    engine = copy.pid("clickhouse")
    os.kill(engine, signal.SIGKILL)
    third = copy.replay(HISTORY_FILE, "Third server", *SPRING)
    copy.drain()
    assert copy.pid("clickhouse") != engine
    assert_true(copy.reader(third["guild_id"]), window("2024-03-01"))
    assert_both_windows(api)


@pytest.mark.slow
def test_kill_9_of_postgresql_changes_nothing(copy, api):
    engine = copy.pid("postgres")
    os.kill(engine, signal.SIGKILL)
    fourth = copy.replay(HISTORY_FILE, "Fourth server", *SPRING)
    copy.drain()
    assert copy.pid("postgres") != engine
    assert_true(copy.reader(fourth["guild_id"]), window("2024-03-01"))
    assert_both_windows(api)
