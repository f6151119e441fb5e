"""A change is in force in every process, told or not."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared.policy_cache.conftest import DeafConnection
from tests.shared.policy_cache.policy_changes import (
    commit_deny,
    create_guild,
    deny_command,
    get_denied_commands,
    insert_deny_rule,
    wait_until,
)

REPOSITORY_ROOT = Path(__file__).parents[3]
LISTENER_PIDS_SQL = "SELECT pid FROM pg_stat_activity WHERE application_name = 'herwa policies'"
TERMINATE_LISTENERS_SQL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'herwa policies'"
)


class PolicyWriterProcess:
    """Another process, which changes policies."""

    def __init__(self, url: str) -> None:
        command = (sys.executable, "-m", "tests.shared.policy_cache.policy_changes", url)
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def deny_command(self, guild_id: int, command: str) -> None:
        """Returns after the commit."""
        self.process.stdin.write(f"{guild_id} {command}\n")
        self.process.stdin.flush()
        assert await asyncio.to_thread(self.process.stdout.readline) == "committed\n"


@pytest.fixture
def writer_process(stores) -> Iterator[PolicyWriterProcess]:
    writer = PolicyWriterProcess(stores.database_url)
    yield writer
    writer.process.stdin.close()
    writer.process.wait(30)
    writer.process.stdout.close()


async def test_what_another_process_changes_is_in_force_here(open_cache, writer_process, guild):
    async with open_cache() as cache:
        for number in range(5):
            assert f"command-{number}" not in get_denied_commands(await cache.get(guild))
            await writer_process.deny_command(guild, f"command-{number}")
            await wait_until(lambda: cache.find_cached(guild) is None)
            assert f"command-{number}" in get_denied_commands(await cache.get(guild))


async def test_a_change_whose_message_is_lost_is_in_force_all_the_same(open_cache, writer_process, guild):
    async with open_cache(connection_class=DeafConnection) as cache:
        assert get_denied_commands(await cache.get(guild)) == set()
        await writer_process.deny_command(guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_a_change_while_the_connection_is_cut_is_in_force(open_cache, stores, writer_process, guild):
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        await connection.execute(TERMINATE_LISTENERS_SQL)
        await writer_process.deny_command(guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_a_connection_that_has_fallen_silent_is_noticed(open_cache, stores, writer_process, guild):
    """As behind a firewall that forgot it: nothing comes, and nothing says so."""
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        pids = [row["pid"] for row in await connection.fetch(LISTENER_PIDS_SQL)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            await writer_process.deny_command(guild, "top")
            await wait_until(lambda: cache.find_cached(guild) is None)
            assert get_denied_commands(await cache.get(guild)) == {"top"}
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


async def test_after_a_cut_nothing_in_memory_is_taken_for_granted(open_cache, stores, guild):
    """The database may have come back as it was yesterday, which no message tells."""
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        async with stores.database.transaction() as session:
            await insert_deny_rule(session, guild, "top")
        await connection.execute(TERMINATE_LISTENERS_SQL)
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_a_change_that_commits_after_later_ones_is_in_force(open_cache, stores, guild):
    """Its version is the lower one, and the sweep has read higher ones before it can be seen."""
    other_guild = await create_guild(stores.database)
    async with open_cache(connection_class=DeafConnection) as cache:
        async with stores.database.transaction() as session:
            await deny_command(session, guild, "top")
            for command in ("help", "why"):
                await cache.get(other_guild)
                await commit_deny(stores.database, other_guild, command)
                await wait_until(lambda: cache.find_cached(other_guild) is None)
                assert command in get_denied_commands(await cache.get(other_guild))
            assert get_denied_commands(await cache.get(guild)) == set()
        await wait_until(lambda: cache.find_cached(guild) is None)
        policies = [(await cache.get(guild_id)).policy for guild_id in (guild, other_guild)]
    assert get_denied_commands(await cache.get(guild)) == {"top"}
    assert policies[0].version < policies[1].version


async def test_a_change_is_handled_once_though_it_is_notified_and_swept(open_cache, stores, guild):
    """Else every change would cost two loads."""
    async with open_cache() as cache:
        await commit_deny(stores.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        compiled = await cache.get(guild)
        for _ in range(2):
            await wait_until(lambda: cache.get_status()["policy_sweep_age"] > 0.5)
            await wait_until(lambda: cache.get_status()["policy_sweep_age"] < 0.5)
        assert cache.find_cached(guild) is compiled


async def test_a_message_that_says_nothing_does_no_harm(open_cache, stores, guild):
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        await connection.execute("SELECT pg_notify('herwa_policy', 'now then')")
        await commit_deny(stores.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}
