"""Question threads and forum posts, and the replies in them."""

from datetime import datetime

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_thread
from herwa_sim.actions.forum import create_post
from herwa_sim.behavior.history_generator import sample_message_length
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.entities import SimChannel

UNANSWERED_SHARE = 0.07


class QuestionBehavior:
    """The questions of one server; the next one is opened after the last has its replies."""

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation
        self._thread: SimChannel | None = None
        self._remaining_replies = 0

    def act(self, now: datetime) -> float:
        """Open a question or reply to it; return the seconds until the next message."""
        simulation = self._simulation
        thread = self._thread
        if thread is not None and thread.id in simulation.world.channels and self._remaining_replies:
            self._remaining_replies -= 1
            for helper in simulation.pick_members(now, 1):
                messages.send_message(
                    simulation.world, thread, author_id=helper, length=sample_message_length(simulation.random)
                )
        else:
            self._open_question(now)
        if self._remaining_replies:
            return 20 + simulation.random.expovariate(1 / 90)
        return simulation.sample_delay(simulation.profile.questions.per_day, now)

    def _open_question(self, now: datetime) -> None:
        simulation, random = self._simulation, self._simulation.random
        parent = simulation.find_channel(simulation.profile.questions.channel)
        askers = simulation.pick_members(now, 1)
        if parent is None or not askers:
            return
        title, asker = simulation.profile.questions.format_title(random.randrange(1000)), askers[0]
        if parent.type == ChannelType.FORUM:
            self._thread = create_post(
                simulation.world, parent, name=title, owner_id=asker, length=sample_message_length(random)
            )
        else:
            self._thread = create_thread(simulation.world, parent, name=title, owner_id=asker)
            messages.announce_thread(simulation.world, self._thread, asker)
            messages.send_message(simulation.world, self._thread, author_id=asker, length=sample_message_length(random))
        self._remaining_replies = 0 if random.random() < UNANSWERED_SHARE else 1 + int(random.expovariate(1 / 4))
