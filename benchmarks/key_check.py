"""CPU of the check of a known API key, relative to one SHA-256 of the same key.

The check is what each request with a key pays: its hash, its look-up, the policy of its server, expiry and networks.
Both run alternately; each value is the lowest of many short rounds. Goal: at most 10 times the SHA-256.
"""

import asyncio
import time
from hashlib import sha256

from benchmarks.environment import BenchmarkEnvironment, open_environment
from benchmarks.report import print_progress, print_result
from herwa.commands.api_keys import issue_api_key
from herwa_api.key_verifier import KeyVerifier
from herwa_shared.catalog import SurfaceRegistry
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.stores import open_stores
from tests.support.row_factories import add_guild

ROUND_COUNT = 60
CHECKS_PER_ROUND = 5_000
MAX_RATIO = 10.0
ADDRESS = "203.0.113.7"


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        check_us, hash_us = asyncio.run(run(env))
    print_progress(f"check {check_us:.2f} µs, SHA-256 {hash_us:.3f} µs")
    print_result(
        "key_check",
        value=check_us / hash_us,
        goal=MAX_RATIO,
        is_upper_bound=True,
        check_us=check_us,
        sha256_us=hash_us,
    )


async def run(env: BenchmarkEnvironment) -> tuple[float, float]:
    """Create a key, verify it once, then measure. Returns the microseconds of a check and of a SHA-256."""
    async with open_stores(env.settings, report=print_progress) as stores:
        key = (await issue_api_key(env.settings, guild_id=await add_guild(stores), name="benchmark")).secret
        policies = PolicyCache(stores.database, stores.database_url, SurfaceRegistry(()))
        verifier = KeyVerifier(stores.database, policies, load_peppers(env.settings, env.folder))
        await verifier.verify(key, ADDRESS)
        assert await verifier.find_known(key, ADDRESS) is not None
        checks, hashes = [], []
        for _ in range(ROUND_COUNT):
            hashes.append(measure_hash(key))
            checks.append(await measure_check(verifier, key))
        return min(checks), min(hashes)


def measure_hash(key: str) -> float:
    """Measure the microseconds of one SHA-256 of a key."""
    started_at = time.process_time()
    for _ in range(CHECKS_PER_ROUND):
        sha256(key.encode()).digest()
    return (time.process_time() - started_at) / CHECKS_PER_ROUND * 1e6


async def measure_check(verifier: KeyVerifier, key: str) -> float:
    """Measure the microseconds of one check of a known key."""
    started_at = time.process_time()
    for _ in range(CHECKS_PER_ROUND):
        await verifier.find_known(key, ADDRESS)
    return (time.process_time() - started_at) / CHECKS_PER_ROUND * 1e6


if __name__ == "__main__":
    main()
