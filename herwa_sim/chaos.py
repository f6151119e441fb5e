"""What goes wrong, and how often: everything is off at first, and after a restart again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from herwa_sim.entities import Json

SEED = 7

# At the gateway, after an event: it comes twice, a broken twin follows it, the socket is lost, op 7, op 9.
GATEWAY_FAULTS = ("double", "malformed", "drop", "reconnect", "invalidate")
# At REST, before a call: too many calls, a failure of Discord's, a slow answer.
REST_FAULTS = ("limit", "fail", "slow")


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

    faults: dict[str, Fault] = field(default_factory=lambda: dict.fromkeys((*GATEWAY_FAULTS, *REST_FAULTS), Fault()))
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - a play, not a secret

    @property
    def is_on(self) -> bool:
        return any(fault.next or fault.share for fault in self.faults.values())

    def set_faults(self, options: Mapping[str, Any]) -> None:
        """Set the named switches: a number is a share, an object any parts of a fault. Raises ValueError."""
        faults = {name: _parse_fault(name, option) for name, option in options.items()}
        self.faults |= faults

    def disable_all(self) -> None:
        self.faults = {name: replace(fault, next=0, share=0.0) for name, fault in self.faults.items()}

    def trigger(self, name: str, path: str = "") -> Fault | None:
        """The fault if it strikes now, and note that it did."""
        fault = self.faults[name]
        if fault.route not in path or not (fault.next or self.random.random() < fault.share):
            return None
        self.faults[name] = replace(fault, next=max(0, fault.next - 1), struck=fault.struck + 1)
        return fault

    def to_json(self) -> Json:
        return {name: asdict(fault) for name, fault in self.faults.items()}


def _parse_fault(name: str, option: Any) -> Fault:
    if name not in (*GATEWAY_FAULTS, *REST_FAULTS):
        raise ValueError(f"there is no fault {name}")
    fields = option if isinstance(option, dict) else {"share": option}
    unknown = set(fields) - {"next", "share", "route", "seconds", "status", "everywhere"}
    if unknown:
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    fault = Fault(
        next=int(fields.get("next", 0)),
        share=float(fields.get("share", 0.0)),
        route=str(fields.get("route", "")),
        seconds=float(fields.get("seconds", 0.5)),
        status=int(fields.get("status", 502)),
        everywhere=bool(fields.get("everywhere", False)),
    )
    if not 0 <= fault.share <= 1 or fault.next < 0 or fault.seconds < 0 or not 500 <= fault.status <= 599:
        raise ValueError(f"{name} is out of range")
    return fault
