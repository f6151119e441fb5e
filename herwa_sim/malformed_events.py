"""Malformed copies of gateway events.

They match no payload that Discord documents, so they cannot be mistaken for a genuine event.
"""

from random import Random
from typing import Any

import orjson

from herwa_sim.events import GatewayEvent

_INVALID_PAYLOADS: tuple[Any, ...] = (None, [], [1, 2], "text", 7, True, {})
_INVALID_IDS: tuple[Any, ...] = (None, "", "x", "-1", str(2**64), "9" * 40, {}, [], True, 1.5)


def create_malformed_event(event: GatewayEvent, random: Random) -> GatewayEvent:
    """Return a copy of the event with invalid ids, invalid values or an invalid payload."""
    payload: Any = orjson.loads(event.encode(with_content=False))
    if not isinstance(payload, dict) or random.random() < 0.3:
        return GatewayEvent(
            event.name, _encode(random.choice(_INVALID_PAYLOADS)), guild_id=event.guild_id, genuine=False
        )
    corrupt = random.choice((_corrupt_ids, _corrupt_values))
    return GatewayEvent(event.name, _encode(corrupt(payload, random)), guild_id=event.guild_id, genuine=False)


def _corrupt_ids(data: Any, random: Random) -> Any:
    """Replace every id in the payload, recursively, with an invalid one."""
    if isinstance(data, list):
        return [_corrupt_ids(item, random) for item in data]
    if not isinstance(data, dict):
        return data
    return {
        name: random.choice(_INVALID_IDS)
        if name in ("id", "ids") or name.endswith(("_id", "_ids"))
        else _corrupt_ids(value, random)
        for name, value in data.items()
    }


def _corrupt_values(payload: Any, random: Random) -> Any:
    """Replace every top-level value with the same invalid value."""
    return dict.fromkeys(payload, random.choice((None, {}, [], "", 7)))


def _encode(data: Any) -> bytes:
    return orjson.dumps(data)
