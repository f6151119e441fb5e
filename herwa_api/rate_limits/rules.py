"""The table of all limits of API requests. `docs/security.md` explains them.

The limits of connections are in `herwa_shared/runtime/http_limits.py`, those of questions that run at the same time in
`herwa_shared/query_cache/question_slots.py`.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from limits import RateLimitItem, RateLimitItemPerMinute

from herwa_shared.catalog import Limit
from herwa_shared.guardrail.policy import Entitlement


class LimitName(StrEnum):
    """What is counted. The names are in headers, error responses and the log."""

    KEY = "key"
    GUILD = "guild"
    ADDRESS = "address"
    FAILURES = "failures"
    LOGIN = "login"
    KEY_CREATION = "key_creation"
    LEAK_REPORTS = "leak_reports"


@dataclass(frozen=True, slots=True)
class RateLimitTable:
    """The limits. Those of a key and of a server depend on the tier: see `build_tier_rules`.

    `guild_factor` is how many times the limit of one key all keys of a server together may use. `address` counts
    requests without a valid key; `failures` counts those of them that are refused, such as guessed keys.
    `login` counts log-ins begun, and those that return from Discord, per address. `key_creation` counts new and
    rotated keys per address, `leak_reports` reports of leaked keys.
    """

    guild_factor: int
    address: RateLimitItem
    failures: RateLimitItem
    login: RateLimitItem
    key_creation: RateLimitItem
    leak_reports: RateLimitItem
    concurrent_checks: int
    """Keys of one address that are looked up in the database at the same time."""


RATE_LIMITS = RateLimitTable(
    guild_factor=3,
    address=RateLimitItemPerMinute(300),
    failures=RateLimitItemPerMinute(20),
    login=RateLimitItemPerMinute(60),
    key_creation=RateLimitItemPerMinute(10),
    leak_reports=RateLimitItemPerMinute(10),
    concurrent_checks=4,
)


def build_tier_rules(entitlement: Entitlement, table: RateLimitTable) -> dict[LimitName, RateLimitItem]:
    """Build the rules for requests with a key of a server that has this entitlement; empty if it is unlimited."""
    requests = entitlement.limits.get(Limit.REQUESTS_PER_MINUTE, 0)
    return {} if requests is None else _build_rules(requests, table.guild_factor)


@cache
def _build_rules(requests: int, guild_factor: int) -> dict[LimitName, RateLimitItem]:
    return {
        LimitName.KEY: RateLimitItemPerMinute(requests),
        LimitName.GUILD: RateLimitItemPerMinute(requests * guild_factor),
    }
