"""Fault injection: which faults occur and how often.

All faults are off at the start, also after a restart.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from herwa_sim.entities import Json

SEED = 7

# Gateway faults, applied after an event: the event is duplicated, a malformed copy follows, the socket is aborted,
# op 7 (reconnect), op 9 (invalid session).
GATEWAY_FAULTS = ("double", "malformed", "drop", "reconnect", "invalidate")
# REST faults, applied before a call: 429, a 5xx status, a body that isn't what Discord documents, a delayed response.
REST_FAULTS = ("limit", "fail", "wrong_body", "slow")


@dataclass(frozen=True, slots=True)
class Fault:
    """Configuration and counter of one fault.

    The fault occurs for the next `next` events or calls, and after that with probability `share` (0 to 1). REST faults
    only: the fault applies to paths that contain `route`; `seconds` is the delay of `slow` and the retry time of
    `limit`; `status` is the status code of `fail`; `body` is the JSON text that `wrong_body` responds with;
    `everywhere` makes `limit` the global rate limit. `struck` counts occurrences.
    """

    next: int = 0
    share: float = 0.0
    route: str = ""
    seconds: float = 0.5
    status: int = 502
    body: str = "[{"
    everywhere: bool = False
    struck: int = 0


@dataclass(slots=True)
class Chaos:
    """All faults by name, and the random generator that decides about them."""

    faults: dict[str, Fault] = field(default_factory=lambda: dict.fromkeys((*GATEWAY_FAULTS, *REST_FAULTS), Fault()))
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - simulation, not security

    @property
    def is_on(self) -> bool:
        """True when at least one fault can occur."""
        return any(fault.next or fault.share for fault in self.faults.values())

    def set_faults(self, options: Mapping[str, Any]) -> None:
        """Configure the named faults: a number is the `share`, a dict sets fields of Fault.

        Raises ValueError for an unknown name or field, or a value out of range. In that case no fault is changed.
        """
        faults = {name: _parse_fault(name, option) for name, option in options.items()}
        self.faults |= faults

    def disable_all(self) -> None:
        """Turn off every fault; the counters are kept."""
        self.faults = {name: replace(fault, next=0, share=0.0) for name, fault in self.faults.items()}

    def trigger(self, name: str, path: str = "") -> Fault | None:
        """Decide whether the fault occurs now, and count it; return it, or None.

        `path` is the path of the REST request, for faults with a `route`.
        """
        fault = self.faults[name]
        if fault.route not in path or not (fault.next or self.random.random() < fault.share):
            return None
        self.faults[name] = replace(fault, next=max(0, fault.next - 1), struck=fault.struck + 1)
        return fault

    def to_json(self) -> Json:
        """Return every fault with all its fields, by name."""
        return {name: asdict(fault) for name, fault in self.faults.items()}


def _parse_fault(name: str, option: Any) -> Fault:
    """Create a Fault from a number or a dict. Raises ValueError if it is invalid."""
    if name not in (*GATEWAY_FAULTS, *REST_FAULTS):
        raise ValueError(f"there is no fault {name}")
    fields = option if isinstance(option, dict) else {"share": option}
    unknown = set(fields) - {"next", "share", "route", "seconds", "status", "body", "everywhere"}
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    fault = Fault(
        next=int(fields.get("next", 0)),
        share=float(fields.get("share", 0.0)),
        route=str(fields.get("route", "")),
        seconds=float(fields.get("seconds", 0.5)),
        status=int(fields.get("status", 502)),
        body=str(fields.get("body", "[{")),
        everywhere=bool(fields.get("everywhere", False)),
    )
    if not 0 <= fault.share <= 1 or fault.next < 0 or fault.seconds < 0 or not 500 <= fault.status <= 599:
        raise ValueError(f"{name} is out of range")
    return fault
