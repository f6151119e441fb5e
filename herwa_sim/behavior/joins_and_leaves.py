"""People come and go: some say hello soon, some never; those who leave have mostly come lately."""

from datetime import datetime, timedelta

from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user, join, leave
from herwa_sim.behavior.history_generator import words
from herwa_sim.behavior.name_generator import invent
from herwa_sim.behavior.server_setup import with_face
from herwa_sim.behavior.simulation import Life

MOVES_A_MEMBER = 0.005  # joinings and leavings a day, next to the size of the server
LEAVES = 0.42
GREETS = 0.55
YOUNG = timedelta(days=14)


class Coming:
    """The door of one server."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._newcomer: int | None = None

    def act(self, now: datetime) -> float:
        """Somebody says hello, joins or leaves; the seconds until the next does."""
        life, random = self._life, self._life.random
        if self._newcomer is not None:
            self._greet(self._newcomer)
            self._newcomer = None
        elif random.random() < LEAVES:
            self._go(now)
        else:
            self._come()
        if self._newcomer is not None:
            return random.uniform(15, 90)
        return life.pause(MOVES_A_MEMBER * len(life.guild.members) + 0.2, now)

    def _come(self) -> None:
        life, random = self._life, self._life.random
        user = with_face(life.world, create_user(life.world, name=invent("newcomers", random.getrandbits(32))))
        if user.id not in life.guild.members:
            join(life.world, life.guild, user)
            self._newcomer = user.id if random.random() < GREETS else None

    def _greet(self, user_id: int) -> None:
        life = self._life
        channel = life.channel(life.scene.greeting)
        if channel is not None and user_id in life.guild.members:
            messages.say(life.world, channel, author_id=user_id, length=words(life.random))

    def _go(self, now: datetime) -> None:
        """Whoever leaves holds no role; a server of fewer than ten is left by nobody."""
        life = self._life
        members = life.guild.members
        free = [one for one in life.everybody() if not members[one].roles and one != life.guild.owner_id]
        if len(free) >= 10:
            weights = [12.0 if members[one].joined_at > now - YOUNG else 1.0 for one in free]
            leave(life.world, life.guild, life.world.user(life.random.choices(free, weights)[0]))
