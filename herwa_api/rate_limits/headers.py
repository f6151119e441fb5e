"""Headers that tell a client its limits.

`RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-10: structured lists with the name of
each limit, its quota `q` in the window `w`, the remaining requests `r`, and the seconds `t` until more of them are
available. `Retry-After` as in RFC 9110.
"""

import math
from collections.abc import Sequence

from herwa_api.rate_limits.windows import Decision, WindowStatus


def build_limit_headers(decision: Decision) -> dict[str, str]:
    """Build the headers of a response; empty if the request counts against no limit."""
    counted = [status for status in decision.statuses if status.charge.cost]
    if not counted:
        return {}
    return {
        "RateLimit-Policy": ", ".join(
            f'"{status.charge.name}";q={status.charge.limit};w={status.charge.window_seconds}' for status in counted
        ),
        "RateLimit": _format_remaining(counted),
    }


def format_retry_after(seconds: float) -> str:
    """Format the value of `Retry-After`: complete seconds, at least one."""
    return str(max(1, math.ceil(seconds)))


def _format_remaining(statuses: Sequence[WindowStatus]) -> str:
    return ", ".join(
        f'"{status.charge.name}";r={status.remaining};t={max(0, math.ceil(status.reset_seconds))}'
        for status in statuses
    )
