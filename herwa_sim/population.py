"""People who go on living: a few servers whose members talk by night and day, the loud ones most."""

import asyncio
from datetime import datetime
from math import cos, pi
from random import Random

from herwa_shared.clock import utc_now
from herwa_sim.actions import speech
from herwa_sim.cast import CAST, settle
from herwa_sim.entities import Channel, Guild, Message
from herwa_sim.world import World

SEED = 20_240_229
EVERY = 3.0

_TALK, _REPLY, _EDIT, _DELETE, _BOT, _WEBHOOK = range(6)
_WEIGHTS = (70, 14, 5, 2, 5, 4)


class Population:
    """The people of the lively guilds. `speed` 1 is a message every few seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = Random(SEED)  # noqa: S311 - a play, not a secret
        self._task: asyncio.Task[None] | None = None
        self.speed = 1.0

    @property
    def is_on(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Make the servers, if this is a new world, and let the people live."""
        for scene in CAST:
            settle(self._world, scene)
        if self._task is None:
            self._task = asyncio.create_task(self._live())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _live(self) -> None:
        while True:
            pause = self._random.expovariate(1 / EVERY) / (self.speed * liveliness(utc_now()))
            await asyncio.sleep(min(pause, 60.0))
            lively = [guild for guild in self._world.guilds.values() if guild.lively and guild.available]
            if lively:
                self._act(self._random.choice(lively))

    def _act(self, guild: Guild) -> None:
        """Somebody does something, most often says a few words."""
        channel = self._somewhere(guild)
        deed = self._random.choices(range(len(_WEIGHTS)), _WEIGHTS)[0]
        recent = [one for one in self._world.messages[channel.id] if one.author_id in guild.members]
        if deed == _WEBHOOK:
            hooks = [one for one in self._world.webhooks.values() if one.guild_id == guild.id]
            for hook in hooks[:1]:
                speech.say(
                    self._world, self._world.channel(hook.channel_id), author_id=hook.id, length=80, webhook=hook
                )
        elif deed in (_EDIT, _DELETE) and recent:
            self._regret(channel, self._random.choice(recent), delete=deed == _DELETE)
        else:
            answered = self._random.choice(recent).id if deed == _REPLY and recent else None
            author = self._somebody(guild, bot=deed == _BOT)
            pictures = 1 if self._random.random() < 0.06 else 0
            speech.say(
                self._world, channel, author_id=author, length=self._words(), attachments=pictures, reply_to=answered
            )

    def _regret(self, channel: Channel, message: Message, *, delete: bool) -> None:
        if message.author_id == self._world.bot.id:
            return
        if delete:
            speech.delete(self._world, channel, [message.id])
        else:
            speech.edit(self._world, message, length=self._words())

    def _somewhere(self, guild: Guild) -> Channel:
        """A channel, the first ones more often, or now and then a thread."""
        threads = [one for one in guild.threads.values() if not one.archived]
        if threads and self._random.random() < 0.15:
            return self._random.choice(threads)
        places = [one for one in guild.channels.values() if one.type == 0]
        return self._random.choices(places, zipf(len(places)))[0]

    def _somebody(self, guild: Guild, *, bot: bool) -> int:
        """A member, the loud ones more often: the n-th speaks an n-th as much as the first."""
        others = [user_id for user_id in guild.members if user_id != self._world.bot.id]
        people = [user_id for user_id in others if self._world.user(user_id).bot == bot] or others
        return self._random.choices(people, zipf(len(people)))[0]

    def _words(self) -> int:
        return min(1900, int(self._random.lognormvariate(3.6, 0.9)) + 1)


def zipf(count: int) -> list[float]:
    return [1 / rank for rank in range(1, count + 1)]


def liveliness(now: datetime) -> float:
    """How much is going on at that hour: 1.6 times the mean at 19 o'clock UTC, 0.4 times at 7."""
    return 1.0 + 0.6 * cos((now.hour + now.minute / 60 - 19) / 24 * 2 * pi)
