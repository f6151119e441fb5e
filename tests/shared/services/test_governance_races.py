"""Two processes change one guild at the same time: nothing is lost, doubled, or told in the wrong order."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta

from sqlmodel import select

from herwa_shared.catalog import FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.models import FeatureToggle, Subscription
from herwa_shared.services.subscriptions import in_force
from tests.shared.services.operator import log, registered, server

PROCESSES, TIMES, EXPIRED = 2, 68, 20


async def racers(url, guild_id):
    """Both begin when both are ready; what each changed."""
    command = [sys.executable, "-m", "tests.shared.services.racing", str(guild_id), str(TIMES)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    started = [await asyncio.create_subprocess_exec(*command, **pipes) for _ in range(PROCESSES)]
    for racer in started:
        racer.stdin.write(f"{url}\n".encode())
    for racer in started:
        assert await racer.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(racer.communicate(b"go\n") for racer in started))
    assert [racer.returncode for racer in started] == [0] * PROCESSES
    return [Counter(json.loads(out)) for out, _ in said]


async def test_parallel_changes_of_two_processes_are_one_entry_each_and_the_last_one_holds(stores, guild_id):
    await registered(stores)
    await server(stores, guild_id)
    past = utc_now() - timedelta(hours=1)
    async with stores.database.transaction() as session:
        for number in range(EXPIRED):
            times = {"starts_at": past - timedelta(days=1), "ends_at": past + timedelta(seconds=number)}
            row = Subscription(guild_id=guild_id, tier_key="premium", source="trial", granted_by="x", **times)
            session.add(row)

    changed = await racers(stores.database_url, guild_id)

    entries = await log(stores, guild_id)
    total = changed[0] + changed[1]
    assert total["subscription.expire"] >= EXPIRED, "those of other servers are noted along"
    total["subscription.expire"] = EXPIRED
    assert Counter(entry.action for entry in entries) == total
    assert [entry.number for entry in entries] == list(range(1, total.total() + 1))
    assert total["subscription.grant"] == PROCESSES * TIMES / 4

    sold = [entry for entry in entries if entry.action in ("subscription.grant", "subscription.revoke")]
    assert [later.before for later in sold[1:]] == [earlier.after for earlier in sold[:-1]]
    toggled = [entry for entry in entries if entry.action == "feature.set"]
    async with stores.database.transaction() as session:
        now = await in_force(session, guild_id=guild_id, now=utc_now())
        rows = (await session.scalars(select(Subscription).where(Subscription.guild_id == guild_id))).all()
        toggle = await session.get(FeatureToggle, (guild_id, FeatureKey.VOICE_STATS))
    assert sold[-1].after == {"tier": now.tier, "ends": now.ends and now.ends.isoformat(timespec="microseconds")}
    assert len(rows) == total["subscription.grant"] + EXPIRED
    if toggled:
        assert toggled[-1].after["enabled"] == toggle.enabled
