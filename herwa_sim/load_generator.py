"""A flood of plain messages with ids of the present moment, as fast as possible or at a rate: for measurements."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from time import monotonic, time

from herwa_sim.actions import messages
from herwa_sim.entities import Channel
from herwa_sim.session_manager import Hub
from herwa_sim.world import World

LENGTH = 60
_BURST = 100


@dataclass(frozen=True, slots=True)
class Shot:
    """One message of a blast, and when it was given to the gateway (seconds of the epoch)."""

    id: int
    sent_at: float


async def blast(
    world: World,
    hub: Hub,
    *,
    channels: Sequence[Channel],
    author_ids: Sequence[int],
    count: int,
    per_second: float | None,
) -> list[Shot]:
    """Send `count` messages, by the authors and into the channels in turn."""
    shots: list[Shot] = []
    began = monotonic()
    turns = zip(cycle(channels), cycle(author_ids), strict=False)
    for number, (channel, author_id) in enumerate(islice(turns, count)):
        if per_second and (early := began + number / per_second - monotonic()) > 0:
            await asyncio.sleep(early)
        elif number % _BURST == 0:
            await hub.room()
            await asyncio.sleep(0)
        message = messages.say(world, channel, author_id=author_id, length=LENGTH)
        shots.append(Shot(message.id, time()))
    return shots
