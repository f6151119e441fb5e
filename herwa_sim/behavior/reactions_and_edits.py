"""People regard what was said lately: they react, take a reaction back, mend a message of theirs, or delete it."""

from datetime import datetime, timedelta

from herwa_sim.actions import messages
from herwa_sim.actions.reactions import react, unreact
from herwa_sim.behavior.history_generator import words
from herwa_sim.behavior.simulation import Life
from herwa_sim.entities import Message

A_MESSAGE = 1.1
LATELY = timedelta(hours=3)


class Regarding:
    """What becomes of the messages of one server."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def act(self, now: datetime) -> float:
        """Do something with a recent message; the seconds until the next time."""
        recent = self._recent(now)
        if recent:
            self._regard(self._life.random.choice(recent), now)
        return self._life.pause(self._life.scene.a_day * A_MESSAGE, now)

    def _recent(self, now: datetime) -> list[Message]:
        life = self._life
        places = [one for one in (*life.guild.channels, *life.guild.threads) if one in life.world.messages]
        lately = (message for place in places for message in list(life.world.messages[place])[-8:])
        return [one for one in lately if one.sent_at > now - LATELY]

    def _regard(self, message: Message, now: datetime) -> None:
        life, random = self._life, self._life.random
        channel = life.world.channel(message.channel_id)
        is_persons = life.lives_here(message.author_id)
        chance = random.random()
        if is_persons and chance < 0.07:
            messages.edit(life.world, message, length=words(random))
        elif is_persons and chance < 0.09:
            messages.delete(life.world, channel, [message.id])
        elif message.reactions and chance < 0.14:
            emoji = random.choice(list(message.reactions))
            unreact(life.world, channel, message.id, message.reactions[emoji][0], emoji)
        else:
            seen = list(message.reactions) + list(life.scene.emoji)
            for user_id in life.some(now, 1):
                react(life.world, channel, message.id, user_id, random.choice(seen))
