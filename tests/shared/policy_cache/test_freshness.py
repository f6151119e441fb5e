"""Changes reach the policy cache of every process, with and without notifications."""

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
)
from tests.support.waiting import read_line, wait_until

REPOSITORY_ROOT = Path(__file__).parents[3]
LISTENER_PIDS_SQL = "SELECT pid FROM pg_stat_activity WHERE application_name = 'herwa policies'"
TERMINATE_LISTENERS_SQL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'herwa policies'"
)


class PolicyWriterProcess:
    """Another process that changes policies."""

    def __init__(self, url: str) -> None:
        command = (sys.executable, "-m", "tests.shared.policy_cache.policy_changes", url)
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def deny_command(self, guild_id: int, command: str) -> None:
        """Deny a command in the other process and return after its commit."""
        self.process.stdin.write(f"{guild_id} {command}\n")
        self.process.stdin.flush()
        assert await asyncio.to_thread(read_line, self.process) == "committed\n"


@pytest.fixture
def writer_process(stores) -> Iterator[PolicyWriterProcess]:
    writer = PolicyWriterProcess(stores.database_url)
    yield writer
    writer.process.stdin.close()
    writer.process.wait(30)
    writer.process.stdout.close()


async def test_change_of_another_process_takes_effect(open_cache, writer_process, guild):
    async with open_cache() as cache:
        for number in range(5):
            assert f"command-{number}" not in get_denied_commands(await cache.get(guild))
            await writer_process.deny_command(guild, f"command-{number}")
            await wait_until(lambda: cache.find_cached(guild) is None)
            assert f"command-{number}" in get_denied_commands(await cache.get(guild))


async def test_change_with_a_lost_notification_takes_effect(open_cache, writer_process, guild):
    async with open_cache(connection_class=DeafConnection) as cache:
        assert get_denied_commands(await cache.get(guild)) == set()
        await writer_process.deny_command(guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_change_during_a_lost_connection_takes_effect(open_cache, stores, writer_process, guild):
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        await connection.execute(TERMINATE_LISTENERS_SQL)
        await writer_process.deny_command(guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_change_takes_effect_when_the_connection_hangs(open_cache, stores, writer_process, guild):
    """Simulates a firewall that has dropped the connection: no data and no error arrive."""
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


async def test_reconnect_invalidates_all_cached_policies(open_cache, stores, guild):
    """The database may have been restored from a backup, for which there is no notification."""
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        async with stores.database.transaction() as session:
            await insert_deny_rule(session, guild, "top")
        await connection.execute(TERMINATE_LISTENERS_SQL)
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}


async def test_change_that_commits_after_newer_ones_takes_effect(open_cache, stores, guild):
    """The late change has the lower version, and the sweep has read higher versions before it becomes visible."""
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


async def test_change_with_notification_and_sweep_is_loaded_once(open_cache, stores, guild):
    """Otherwise every change would cost two loads."""
    async with open_cache() as cache:
        await wait_until(lambda: cache.get_status().sweep_age_seconds is not None)  # connecting drops all policies
        await cache.get(guild)
        await commit_deny(stores.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        compiled = await cache.get(guild)
        for _ in range(2):
            await wait_until(lambda: cache.get_status().sweep_age_seconds > 0.5)
            await wait_until(lambda: cache.get_status().sweep_age_seconds < 0.5)
        assert cache.find_cached(guild) is compiled


async def test_malformed_notification_is_ignored(open_cache, stores, guild):
    async with open_cache() as cache, stores.database.acquire_connection() as connection:
        await cache.get(guild)
        await connection.execute("SELECT pg_notify('herwa_policy', 'now then')")
        await commit_deny(stores.database, guild, "top")
        await wait_until(lambda: cache.find_cached(guild) is None)
        assert get_denied_commands(await cache.get(guild)) == {"top"}
