"""What goes wrong, and how often: everything is off at first, and after a restart again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from herwa_sim.entities import Json

SEED = 7

# At the gateway, after an event: it comes twice, a broken twin follows it, the socket is lost, op 7, op 9.
AT_GATEWAY = ("double", "malformed", "drop", "reconnect", "invalidate")
# At REST, before a call: too many calls, a failure of Discord's, a slow answer.
AT_REST = ("limit", "fail", "slow")


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes the `next` so many times, then a `share` (0 to 1) of the times.

    At REST, and there only where `route` is in the path: `seconds` are to be waited (limit, slow), `status` is answered
    (fail); a limit with `everywhere` is the global one.
    """

    next: int = 0
    share: float = 0.0
    route: str = ""
    seconds: float = 0.5
    status: int = 502
    everywhere: bool = False
    struck: int = 0


@dataclass(slots=True)
class Chaos:
    """The switches, by name."""

    faults: dict[str, Fault] = field(default_factory=lambda: dict.fromkeys((*AT_GATEWAY, *AT_REST), Fault()))
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - a play, not a secret

    @property
    def is_on(self) -> bool:
        return any(fault.next or fault.share for fault in self.faults.values())

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Set the named switches: a number is a share, an object any parts of a fault. Raises ValueError."""
        changed = {name: _fault(name, given) for name, given in wanted.items()}
        self.faults |= changed

    def off(self) -> None:
        self.faults = {name: replace(fault, next=0, share=0.0) for name, fault in self.faults.items()}

    def strikes(self, name: str, path: str = "") -> Fault | None:
        """The fault if it strikes now, and note that it did."""
        fault = self.faults[name]
        if fault.route not in path or not (fault.next or self.random.random() < fault.share):
            return None
        self.faults[name] = replace(fault, next=max(0, fault.next - 1), struck=fault.struck + 1)
        return fault

    def told(self) -> Json:
        return {name: asdict(fault) for name, fault in self.faults.items()}


def _fault(name: str, given: Any) -> Fault:
    if name not in (*AT_GATEWAY, *AT_REST):
        raise ValueError(f"there is no fault {name}")
    parts = given if isinstance(given, dict) else {"share": given}
    unknown = set(parts) - {"next", "share", "route", "seconds", "status", "everywhere"}
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    fault = Fault(
        next=int(parts.get("next", 0)),
        share=float(parts.get("share", 0.0)),
        route=str(parts.get("route", "")),
        seconds=float(parts.get("seconds", 0.5)),
        status=int(parts.get("status", 502)),
        everywhere=bool(parts.get("everywhere", False)),
    )
    if not 0 <= fault.share <= 1 or fault.next < 0 or fault.seconds < 0 or not 500 <= fault.status <= 599:
        raise ValueError(f"{name} is out of range")
    return fault
