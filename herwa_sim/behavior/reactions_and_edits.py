"""Follow-up actions on recent messages: add or remove a reaction, edit, delete."""

from datetime import datetime, timedelta

from herwa_sim.actions import messages
from herwa_sim.actions.reactions import add_reaction, remove_reaction
from herwa_sim.behavior.history_generator import sample_message_length
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.entities import SimMessage

ACTIONS_PER_MESSAGE = 1.1
RECENT_PERIOD = timedelta(hours=3)


class ReactionBehavior:
    """The follow-up actions on the messages of one server."""

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation

    def act(self, now: datetime) -> float:
        """Act on one recent message; return the seconds until the next action."""
        recent = self._list_recent(now)
        if recent:
            self._act_on_message(self._simulation.random.choice(recent), now)
        return self._simulation.sample_delay(self._simulation.profile.messages_per_day * ACTIONS_PER_MESSAGE, now)

    def _list_recent(self, now: datetime) -> list[SimMessage]:
        simulation = self._simulation
        channel_ids = [
            channel_id
            for channel_id in (*simulation.guild.channels, *simulation.guild.threads)
            if channel_id in simulation.world.messages
        ]
        latest_messages = (
            message for channel_id in channel_ids for message in list(simulation.world.messages[channel_id])[-8:]
        )
        return [latest for latest in latest_messages if latest.sent_at > now - RECENT_PERIOD]

    def _act_on_message(self, message: SimMessage, now: datetime) -> None:
        simulation, random = self._simulation, self._simulation.random
        channel = simulation.world.get_channel(message.channel_id)
        is_simulated = simulation.is_simulated(message.author_id)
        chance = random.random()
        if is_simulated and chance < 0.07:
            messages.edit_message(simulation.world, message, length=sample_message_length(random))
        elif is_simulated and chance < 0.09:
            messages.delete_messages(simulation.world, channel, [message.id])
        elif message.reactions and chance < 0.14:
            emoji = random.choice(list(message.reactions))
            remove_reaction(simulation.world, channel, message.id, message.reactions[emoji][0], emoji)
        else:
            emoji_pool = list(message.reactions) + list(simulation.profile.emoji)
            for user_id in simulation.pick_members(now, 1):
                add_reaction(simulation.world, channel, message.id, user_id, random.choice(emoji_pool))
