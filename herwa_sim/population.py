"""People who go on living: what each server's people do next, and when."""

import asyncio
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_sim.behavior.bot_posts import Posting
from herwa_sim.behavior.joins_and_leaves import Coming
from herwa_sim.behavior.messages import Talking
from herwa_sim.behavior.presence import Seeing
from herwa_sim.behavior.questions import Asking
from herwa_sim.behavior.reactions_and_edits import Regarding
from herwa_sim.behavior.server_setup import settle, settle_bare
from herwa_sim.behavior.simulation import Life
from herwa_sim.behavior.voice import Voicing
from herwa_sim.presets import CAST, WITHOUT_THE_BOT
from herwa_sim.world import Missing, World

log = get_logger(__name__)

LONGEST_NAP = 0.5


class Strand(Protocol):
    """One kind of thing that goes on in a server."""

    def act(self, now: datetime) -> float:
        """Do the next thing; the seconds of the server's own time until the one after it."""


STRANDS = (Seeing, Talking, Regarding, Voicing, Asking, Posting, Coming)


class Population:
    """The people of the lively servers. At `speed` 1 their time is ours."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None
        self._turn = count()
        self._agenda: list[tuple[float, int, Life, Strand]] = []
        self.elapsed = 0.0
        self.speed = 1.0

    @property
    def is_on(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Make the servers, if this is a new world, and let the people live."""
        if not self._agenda:
            self.settle()
        if self._task is None:
            self._task = asyncio.create_task(self._live())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def settle(self) -> None:
        """Everybody is where they belong, and has something in mind."""
        for name, owner in WITHOUT_THE_BOT:
            settle_bare(self._world, name=name, owner=owner)
        for scene in CAST:
            life = Life(self._world, settle(self._world, scene), scene)
            for strand in STRANDS:
                begins = 0.0 if strand in (Seeing, Talking) else life.random.uniform(0, 6 * scene.deed_every)
                self._plan(begins, life, strand(life))

    def deed(self, now: datetime) -> None:
        """The next thing of all happens."""
        due, _, life, strand = heappop(self._agenda)
        self.elapsed = life.elapsed = max(self.elapsed, due)
        pause = LONGEST_NAP
        try:
            if life.guild.id in self._world.guilds and life.guild.available:
                pause = strand.act(now)
        except Missing as missing:  # somebody else has just deleted it
            log.info("something is not there any more", what=str(missing))
        finally:
            self._plan(self.elapsed + max(pause, LONGEST_NAP), life, strand)

    def _plan(self, due: float, life: Life, strand: Strand) -> None:
        heappush(self._agenda, (due, next(self._turn), life, strand))

    async def _live(self) -> None:
        while True:
            nap = min((self._agenda[0][0] - self.elapsed) / self.speed, LONGEST_NAP)
            await asyncio.sleep(max(nap, 0.0))
            if nap < LONGEST_NAP:
                self.deed(utc_now())
            else:
                self.elapsed += nap * self.speed
