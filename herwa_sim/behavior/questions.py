"""People ask in threads, and are answered there."""

from datetime import datetime

from herwa_sim.actions import messages
from herwa_sim.actions.channels import create_thread
from herwa_sim.actions.forum import create_post
from herwa_sim.behavior.history_generator import words
from herwa_sim.behavior.simulation import Life
from herwa_sim.entities import Channel, ChannelType

UNANSWERED = 0.07


class Asking:
    """The questions of one server; the newest is answered before another is asked."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._thread: Channel | None = None
        self._answers = 0

    def act(self, now: datetime) -> float:
        """Ask or answer; the seconds until the next word."""
        life = self._life
        thread = self._thread
        if thread is not None and thread.id in life.world.channels and self._answers:
            self._answers -= 1
            for helper in life.some(now, 1):
                messages.say(life.world, thread, author_id=helper, length=words(life.random))
        else:
            self._ask(now)
        if self._answers:
            return 20 + life.random.expovariate(1 / 90)
        return life.pause(life.scene.questions.a_day, now)

    def _ask(self, now: datetime) -> None:
        life, random = self._life, self._life.random
        parent = life.channel(life.scene.questions.room)
        askers = life.some(now, 1)
        if parent is None or not askers:
            return
        title, asker = life.scene.questions.title(random.randrange(1000)), askers[0]
        if parent.type == ChannelType.FORUM:
            self._thread = create_post(life.world, parent, name=title, owner_id=asker, length=words(random))
        else:
            self._thread = create_thread(life.world, parent, name=title, owner_id=asker)
            messages.say(life.world, self._thread, author_id=asker, length=words(random))
        self._answers = 0 if random.random() < UNANSWERED else 1 + int(random.expovariate(1 / 4))
