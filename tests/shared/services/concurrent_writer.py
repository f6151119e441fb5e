"""One of the concurrent processes of test_governance_races: `python -m tests.shared.services.concurrent_writer`.

It reads the database's URL and the audit key from standard input, because both are secret, and prints its changes as
JSON.
"""

import asyncio
import json
import random
import sys
from collections import Counter

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.services.audit import Actor, ChangeSource
from herwa_shared.services.audited_settings import SettingsBusy
from herwa_shared.services.features import set_feature
from herwa_shared.services.subscriptions import grant, record_expired, revoke

MAX_CONCURRENT_CHANGES = 20


async def run_until_saved(database: Database, guild_id: int, number: int, actor: Actor) -> tuple[str, int]:
    """Repeat a change, as a user does, while other changes hold the lock for too long."""
    while True:
        try:
            return await run_change(database, guild_id, number, actor)
        except SettingsBusy:
            continue


async def run_change(database: Database, guild_id: int, number: int, actor: Actor) -> tuple[str, int]:
    """Grant, revoke, record expirations or toggle a feature; return the audited action and its number of changes."""
    async with database.transaction() as session:
        match number % 4:
            case 0:
                days = random.choice([None, 1, 30])
                await grant(session, guild_id=guild_id, tier="premium", days=days, reason=str(number), actor=actor)
                return "subscription.grant", 1
            case 1:
                return "subscription.revoke", min(1, await revoke(session, guild_id=guild_id, reason="", actor=actor))
            case 2:
                return "subscription.expire", await record_expired(session, now=utc_now())
            case _:
                entry = await set_feature(
                    session, guild_id=guild_id, feature="voice.stats", enabled=number % 8 == 3, actor=actor
                )
                return "feature.set", int(entry is not None)


async def run_changes(url: str, audit_key: bytes, guild_id: int, change_count: int) -> Counter[str]:
    """Run all changes concurrently, at most as many as there are connections; return the changes per action."""
    database = Database(url, pool_size=MAX_CONCURRENT_CHANGES, audit_key=audit_key)
    semaphore = asyncio.Semaphore(MAX_CONCURRENT_CHANGES)
    actor = Actor(ChangeSource.WEB, 1, "racer")

    async def run_limited(number: int) -> tuple[str, int]:
        async with semaphore:
            return await run_until_saved(database, guild_id, number, actor)

    try:
        results = await asyncio.gather(*(run_limited(number) for number in range(change_count)))
    finally:
        await database.close()
    counts: Counter[str] = Counter()
    for action, count in results:
        counts[action] += count
    return counts


if __name__ == "__main__":
    database_url = sys.stdin.readline().strip()
    key = sys.stdin.readline().strip().encode()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(asyncio.run(run_changes(database_url, key, int(sys.argv[1]), int(sys.argv[2])))))
