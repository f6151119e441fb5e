"""Broken twins of gateway events: like nothing that Discord describes, so that nobody can mistake one for the truth."""

from random import Random
from typing import Any

import orjson

from herwa_sim.events import Event

_NO_EVENTS: tuple[Any, ...] = (None, [], [1, 2], "text", 7, True, {})
_NO_IDS: tuple[Any, ...] = (None, "", "x", "-1", str(2**64), "9" * 40, {}, [], True, 1.5)


def broken_twin(event: Event, random: Random) -> Event:
    """The event's like with all its ids, or all of it, made worthless."""
    whole: Any = orjson.loads(event.body(with_content=False))
    if not isinstance(whole, dict) or random.random() < 0.3:
        return Event(event.name, _packed(random.choice(_NO_EVENTS)), guild_id=event.guild_id, genuine=False)
    wreck = random.choice((_without_ids, _without_values))
    return Event(event.name, _packed(wreck(whole, random)), guild_id=event.guild_id, genuine=False)


def _without_ids(whole: Any, random: Random) -> Any:
    if isinstance(whole, list):
        return [_without_ids(one, random) for one in whole]
    if not isinstance(whole, dict):
        return whole
    return {
        name: random.choice(_NO_IDS)
        if name in ("id", "ids") or name.endswith(("_id", "_ids"))
        else _without_ids(value, random)
        for name, value in whole.items()
    }


def _without_values(whole: Any, random: Random) -> Any:
    return dict.fromkeys(whole, random.choice((None, {}, [], "", 7)))


def _packed(data: Any) -> bytes:
    return orjson.dumps(data)
