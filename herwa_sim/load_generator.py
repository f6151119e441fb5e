"""A flood of plain messages with ids of the present moment, as fast as possible or at a rate: for measurements."""

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
    """One message of a blast, and when it was given to the gateway (seconds of the epoch)."""

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
    """Send `count` messages, by the authors and into the channels in turn."""
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
