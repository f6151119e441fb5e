"""People who go on living: what each server's people do next, and when."""

import asyncio
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_sim.behavior.bot_posts import BotPostBehavior
from herwa_sim.behavior.joins_and_leaves import MembershipBehavior
from herwa_sim.behavior.messages import MessageBehavior
from herwa_sim.behavior.presence import PresenceBehavior
from herwa_sim.behavior.questions import QuestionBehavior
from herwa_sim.behavior.reactions_and_edits import ReactionBehavior
from herwa_sim.behavior.server_setup import set_up_bare_server, set_up_server
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.behavior.voice import VoiceBehavior
from herwa_sim.presets import BARE_SERVERS, SERVER_PROFILES
from herwa_sim.world import EntityNotFound, World

log = get_logger(__name__)

MAX_SLEEP_SECONDS = 0.5


class Behavior(Protocol):
    """One kind of thing that goes on in a server."""

    def act(self, now: datetime) -> float:
        """Do the next thing; the seconds of the server's own time until the one after it."""


BEHAVIORS = (
    PresenceBehavior,
    MessageBehavior,
    ReactionBehavior,
    VoiceBehavior,
    QuestionBehavior,
    BotPostBehavior,
    MembershipBehavior,
)


class Population:
    """The people of the lively servers. At `speed` 1 their time is ours."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None
        self._sequence = count()
        self._queue: list[tuple[float, int, ServerSimulation, Behavior]] = []
        self.elapsed = 0.0
        self.speed = 1.0

    @property
    def is_on(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Make the servers, if this is a new world, and let the people live."""
        if not self._queue:
            self.set_up()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def set_up(self) -> None:
        """Everybody is where they belong, and has something in mind."""
        for name, owner in BARE_SERVERS:
            set_up_bare_server(self._world, name=name, owner=owner)
        for profile in SERVER_PROFILES:
            simulation = ServerSimulation(self._world, set_up_server(self._world, profile), profile)
            for behavior_type in BEHAVIORS:
                first_due = (
                    0.0
                    if behavior_type in (PresenceBehavior, MessageBehavior)
                    else simulation.random.uniform(0, 6 * profile.mean_interval)
                )
                self._schedule(first_due, simulation, behavior_type(simulation))

    def run_next_action(self, now: datetime) -> None:
        """The next thing of all happens."""
        due, _, simulation, behavior = heappop(self._queue)
        self.elapsed = simulation.elapsed = max(self.elapsed, due)
        delay = MAX_SLEEP_SECONDS
        try:
            if simulation.guild.id in self._world.guilds and simulation.guild.available:
                delay = behavior.act(now)
        except EntityNotFound as error:  # somebody else has just deleted it
            log.info("something is not there any more", what=str(error))
        finally:
            self._schedule(self.elapsed + max(delay, MAX_SLEEP_SECONDS), simulation, behavior)

    def _schedule(self, due: float, simulation: ServerSimulation, behavior: Behavior) -> None:
        heappush(self._queue, (due, next(self._sequence), simulation, behavior))

    async def _run(self) -> None:
        while True:
            delay = min((self._queue[0][0] - self.elapsed) / self.speed, MAX_SLEEP_SECONDS)
            await asyncio.sleep(max(delay, 0.0))
            if delay < MAX_SLEEP_SECONDS:
                self.run_next_action(utc_now())
            else:
                self.elapsed += delay * self.speed
