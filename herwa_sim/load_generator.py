"""Load generator for benchmarks: plain messages with current ids.

It sends as fast as possible or at a fixed rate.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from time import monotonic, time

from herwa_sim.actions import messages
from herwa_sim.entities import SimChannel
from herwa_sim.session_manager import SessionManager
from herwa_sim.world import World

MESSAGE_LENGTH = 60
_BURST_SIZE = 100


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A generated message and the time it was passed to the gateway, in Unix seconds."""

    id: int
    sent_at: float


async def generate_load(
    world: World,
    session_manager: SessionManager,
    *,
    channels: Sequence[SimChannel],
    author_ids: Sequence[int],
    count: int,
    per_second: float | None,
) -> list[SentMessage]:
    """Send `count` messages, cycling through the authors and the channels.

    `per_second` None means full speed; then the sender yields and waits for socket capacity after each burst.
    """
    sent_messages: list[SentMessage] = []
    started_at = monotonic()
    targets = zip(cycle(channels), cycle(author_ids), strict=False)
    for number, (channel, author_id) in enumerate(islice(targets, count)):
        if per_second and (delay := started_at + number / per_second - monotonic()) > 0:
            await asyncio.sleep(delay)
        elif number % _BURST_SIZE == 0:
            await session_manager.wait_for_capacity()
            await asyncio.sleep(0)
        message = messages.send_message(world, channel, author_id=author_id, length=MESSAGE_LENGTH)
        sent_messages.append(SentMessage(message.id, time()))
    return sent_messages
