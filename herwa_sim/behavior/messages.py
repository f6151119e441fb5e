"""People talk: a few of them, in one channel, for some minutes. Then it is quiet for a while."""

from datetime import datetime

from herwa_sim.actions import messages
from herwa_sim.behavior.history_generator import TURNS, pictures, turns, words
from herwa_sim.behavior.simulation import Life
from herwa_sim.entities import Channel

IN_A_THREAD = 0.12
REPLIES = 0.24


class Talking:
    """The conversations of one server, one after the other."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._channel: Channel | None = None
        self._talkers: list[int] = []
        self._left = 0

    def act(self, now: datetime) -> float:
        """Say the next words; the seconds until more are said."""
        life, random = self._life, self._life.random
        if not self._left:
            self._begin(now)
        self._left -= 1
        channel = self._channel
        talkers = [one for one in self._talkers if one in life.guild.members]
        if channel is not None and channel.id in life.world.channels and talkers:
            recent = life.world.messages[channel.id]
            reply = recent[-1].id if recent and random.random() < REPLIES else None
            messages.say(
                life.world,
                channel,
                author_id=random.choice(talkers),
                length=words(random),
                attachments=pictures(random),
                reply_to=reply,
            )
        return 4 + random.expovariate(1 / 12) if self._left else life.pause(life.scene.a_day / TURNS, now)

    def _begin(self, now: datetime) -> None:
        life, random = self._life, self._life.random
        threads = [one for one in life.guild.threads.values() if not one.archived]
        in_a_thread = bool(threads) and random.random() < IN_A_THREAD
        self._channel = random.choice(threads) if in_a_thread else life.room()
        self._talkers = life.some(now, random.choice((1, 2, 2, 3, 3, 4, 5)))
        self._left = turns(random)
