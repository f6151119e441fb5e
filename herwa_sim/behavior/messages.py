"""Conversations: a few members write in one channel for some minutes, then there is a pause."""

from datetime import datetime

from herwa_sim.actions import messages
from herwa_sim.behavior.history_generator import (
    MEAN_CONVERSATION_LENGTH,
    sample_attachment_count,
    sample_conversation_length,
    sample_message_length,
)
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.entities import SimChannel

THREAD_SHARE = 0.12
REPLY_SHARE = 0.24


class MessageBehavior:
    """The conversations of one server, one after the other."""

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation
        self._channel: SimChannel | None = None
        self._participants: list[int] = []
        self._remaining_messages = 0

    def act(self, now: datetime) -> float:
        """Send the next message; return the seconds until the following one."""
        simulation, random = self._simulation, self._simulation.random
        if not self._remaining_messages:
            self._start_conversation(now)
        self._remaining_messages -= 1
        channel = self._channel
        participants = [user_id for user_id in self._participants if user_id in simulation.guild.members]
        if channel is not None and channel.id in simulation.world.channels and participants:
            recent = simulation.world.messages[channel.id]
            reply = recent[-1].id if recent and random.random() < REPLY_SHARE else None
            messages.send_message(
                simulation.world,
                channel,
                author_id=random.choice(participants),
                length=sample_message_length(random),
                attachments=sample_attachment_count(random),
                reply_to=reply,
            )
        return (
            4 + random.expovariate(1 / 12)
            if self._remaining_messages
            else simulation.sample_delay(simulation.profile.messages_per_day / MEAN_CONVERSATION_LENGTH, now)
        )

    def _start_conversation(self, now: datetime) -> None:
        simulation, random = self._simulation, self._simulation.random
        threads = [thread for thread in simulation.guild.threads.values() if not thread.archived]
        in_a_thread = bool(threads) and random.random() < THREAD_SHARE
        self._channel = random.choice(threads) if in_a_thread else simulation.pick_channel()
        self._participants = simulation.pick_members(now, random.choice((1, 2, 2, 3, 3, 4, 5)))
        self._remaining_messages = sample_conversation_length(random)
