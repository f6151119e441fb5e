"""A change is in force in every process, told or not."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared.policy_cache.changes import denied, deny, deny_silently, new_guild, seen, until
from tests.shared.policy_cache.conftest import Deaf

ROOT = Path(__file__).parents[3]
LISTENING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'herwa policies'"
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'herwa policies'"


class Elsewhere:
    """Another process, which changes policies."""

    def __init__(self, url: str) -> None:
        command = (sys.executable, "-m", "tests.shared.policy_cache.changes", url)
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    async def denies(self, guild_id: int, command: str) -> None:
        """Returns after the commit."""
        self.process.stdin.write(f"{guild_id} {command}\n")
        self.process.stdin.flush()
        assert await asyncio.to_thread(self.process.stdout.readline) == "committed\n"


@pytest.fixture
def elsewhere(stores) -> Iterator[Elsewhere]:
    made = Elsewhere(stores.database_url)
    yield made
    made.process.stdin.close()
    made.process.wait(30)
    made.process.stdout.close()


async def test_what_another_process_changes_is_in_force_here(open_cache, elsewhere, guild):
    async with open_cache() as cache:
        for number in range(5):
            assert f"command-{number}" not in seen(await cache.get(guild))
            await elsewhere.denies(guild, f"command-{number}")
            await until(lambda: cache.cached(guild) is None)
            assert f"command-{number}" in seen(await cache.get(guild))


async def test_a_change_whose_message_is_lost_is_in_force_all_the_same(open_cache, elsewhere, guild):
    async with open_cache(connection_class=Deaf) as cache:
        assert seen(await cache.get(guild)) == set()
        await elsewhere.denies(guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}


async def test_a_change_while_the_connection_is_cut_is_in_force(open_cache, stores, elsewhere, guild):
    async with open_cache() as cache, stores.database.raw() as console:
        await cache.get(guild)
        await console.execute(CUT_OFF)
        await elsewhere.denies(guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}


async def test_a_connection_that_has_fallen_silent_is_noticed(open_cache, stores, elsewhere, guild):
    """As behind a firewall that forgot it: nothing comes, and nothing says so."""
    async with open_cache() as cache, stores.database.raw() as console:
        await cache.get(guild)
        processes = [row["pid"] for row in await console.fetch(LISTENING)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            await elsewhere.denies(guild, "top")
            await until(lambda: cache.cached(guild) is None)
            assert seen(await cache.get(guild)) == {"top"}
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)


async def test_after_a_cut_nothing_in_memory_is_taken_for_granted(open_cache, stores, guild):
    """The database may have come back as it was yesterday, which no message tells."""
    async with open_cache() as cache, stores.database.raw() as console:
        await cache.get(guild)
        async with stores.database.transaction() as session:
            await deny_silently(session, guild, "top")
        await console.execute(CUT_OFF)
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}


async def test_a_change_that_commits_after_later_ones_is_in_force(open_cache, stores, guild):
    """Its version is the lower one, and the sweep has read higher ones before it can be seen."""
    later = await new_guild(stores.database)
    async with open_cache(connection_class=Deaf) as cache:
        async with stores.database.transaction() as session:
            await deny(session, guild, "top")
            for command in ("help", "why"):
                await cache.get(later)
                await denied(stores.database, later, command)
                await until(lambda: cache.cached(later) is None)
                assert command in seen(await cache.get(later))
            assert seen(await cache.get(guild)) == set()
        await until(lambda: cache.cached(guild) is None)
        policies = [(await cache.get(one)).policy for one in (guild, later)]
    assert seen(await cache.get(guild)) == {"top"}
    assert policies[0].version < policies[1].version


async def test_a_change_is_acted_upon_once_though_it_is_told_and_swept(open_cache, stores, guild):
    """Else every change would cost two loads."""
    async with open_cache() as cache:
        await denied(stores.database, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        after = await cache.get(guild)
        for _ in range(2):
            await until(lambda: cache.detail()["policy_sweep_age"] > 0.5)
            await until(lambda: cache.detail()["policy_sweep_age"] < 0.5)
        assert cache.cached(guild) is after


async def test_a_message_that_says_nothing_does_no_harm(open_cache, stores, guild):
    async with open_cache() as cache, stores.database.raw() as console:
        await cache.get(guild)
        await console.execute("SELECT pg_notify('herwa_policy', 'now then')")
        await denied(stores.database, guild, "top")
        await until(lambda: cache.cached(guild) is None)
        assert seen(await cache.get(guild)) == {"top"}
