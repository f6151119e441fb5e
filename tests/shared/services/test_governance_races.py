"""Two processes change one guild concurrently: no change is lost, duplicated or audited in the wrong order."""

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
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.subscriptions import get_current_tier
from tests.shared.services.operator_helpers import list_audit_entries, register_catalog, save_guild

PROCESS_COUNT, CHANGES_PER_PROCESS, EXPIRED_COUNT = 2, 68, 20
TIMEOUT_SECONDS = 180


async def run_writers(url, audit_key, guild_id):
    """Run the writer processes, which start together when all are ready; return the changes of each."""
    command = [sys.executable, "-m", "tests.shared.services.concurrent_writer", str(guild_id), str(CHANGES_PER_PROCESS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [await asyncio.create_subprocess_exec(*command, **pipes) for _ in range(PROCESS_COUNT)]
    for process in processes:
        process.stdin.write(f"{url}\n".encode() + audit_key + b"\n")
    async with asyncio.timeout(TIMEOUT_SECONDS):
        for process in processes:
            assert await process.stdout.readline() == b"ready\n"
        outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * PROCESS_COUNT
    return [Counter(json.loads(output)) for output, _ in outputs]


async def test_each_concurrent_change_has_one_entry_and_the_last_one_applies(stores, settings, folder, guild_id):
    await register_catalog(stores)
    await save_guild(stores, guild_id)
    past = utc_now() - timedelta(hours=1)
    async with stores.database.transaction() as session:
        for number in range(EXPIRED_COUNT):
            period_fields = {"starts_at": past - timedelta(days=1), "ends_at": past + timedelta(seconds=number)}
            row = Subscription(guild_id=guild_id, tier_key="premium", source="trial", granted_by="x", **period_fields)
            session.add(row)

    counts = await run_writers(stores.database_url, load_audit_key(settings, folder), guild_id)

    entries = await list_audit_entries(stores, guild_id)
    total = counts[0] + counts[1]
    assert total["subscription.expire"] >= EXPIRED_COUNT, "expirations in guilds of other tests may be recorded, too"
    total["subscription.expire"] = EXPIRED_COUNT
    assert Counter(entry.action for entry in entries) == total
    assert [entry.number for entry in entries] == list(range(1, total.total() + 1))
    assert total["subscription.grant"] == PROCESS_COUNT * CHANGES_PER_PROCESS / 4

    subscription_entries = [entry for entry in entries if entry.action in ("subscription.grant", "subscription.revoke")]
    assert [later.before for later in subscription_entries[1:]] == [
        earlier.after for earlier in subscription_entries[:-1]
    ]
    toggle_entries = [entry for entry in entries if entry.action == "feature.set"]
    async with stores.database.transaction() as session:
        current_tier = await get_current_tier(session, guild_id=guild_id, now=utc_now())
        rows = (await session.scalars(select(Subscription).where(Subscription.guild_id == guild_id))).all()
        toggle = await session.get(FeatureToggle, (guild_id, FeatureKey.VOICE_STATS))
    assert subscription_entries[-1].after == {
        "tier": current_tier.tier,
        "ends": current_tier.ends and current_tier.ends.isoformat(timespec="microseconds"),
    }
    assert len(rows) == total["subscription.grant"] + EXPIRED_COUNT
    if toggle_entries:
        assert toggle_entries[-1].after["enabled"] == toggle.enabled
