"""Runs the API with limits so high that a fuzzer does not reach them: `python -m tests.api.unlimited_api`."""

import sys
from dataclasses import replace

from limits import RateLimitItemPerMinute

from herwa_api.rate_limits import rules
from herwa_shared.runtime import http_limits
from herwa_shared.runtime.fair_sharing import RateLimit

MANY = RateLimitItemPerMinute(1_000_000)


def main() -> int:
    """Raise the limits before any other module reads them, then run the API."""
    rules.RATE_LIMITS = replace(rules.RATE_LIMITS, address=MANY, failures=MANY, login=MANY, key_creation=MANY)
    for name in ("REQUEST_RATE", "CONNECTION_RATE"):
        rate = RateLimit(
            per_second=10_000, burst=10_000, min_per_second=10_000, min_burst=10_000, total_per_second=10_000
        )
        setattr(http_limits, name, rate)
    from herwa_api.__main__ import main as run_api  # noqa: PLC0415 - it reads the limits when it is imported

    return run_api()


if __name__ == "__main__":
    sys.exit(main())
