"""Simulated population: schedule and run the next action of each behavior in each guild."""

import asyncio
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from herwa_shared.clock import utc_now
from herwa_shared.errors import format_reason
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
    """One kind of activity in a guild."""

    def act(self, now: datetime) -> float:
        """Perform the next action; return the seconds of simulated time until the following one."""


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
    """The simulation of all lively guilds, as one event queue ordered by simulated time.

    `speed` is the ratio of simulated to real time. `elapsed` is the simulated time in seconds.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._task: asyncio.Task[None] | None = None
        self._sequence = count()
        self._queue: list[tuple[float, int, ServerSimulation, Behavior]] = []
        self.elapsed = 0.0
        self.speed = 1.0

    @property
    def is_on(self) -> bool:
        """True while the simulation runs."""
        return self._task is not None

    def start(self) -> None:
        """Start the simulation; create missing guilds at the first start."""
        if not self._queue:
            self.set_up()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Pause the simulation; the queue is kept."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def set_up(self) -> None:
        """Create missing guilds, channels and members, and schedule the first actions."""
        for name, owner in BARE_SERVERS:
            set_up_bare_server(self._world, name=name, owner=owner)
        for profile in SERVER_PROFILES:
            simulation = ServerSimulation(self._world, set_up_server(self._world, profile), profile)
            for behavior_type in BEHAVIORS:
                first_due = (
                    0.0
                    if behavior_type in (PresenceBehavior, MessageBehavior)
                    else simulation.random.uniform(0, 6 * profile.mean_action_interval_seconds)
                )
                self._schedule(first_due, simulation, behavior_type(simulation))

    def run_next_action(self, now: datetime) -> None:
        """Run the earliest scheduled action and schedule the one after it."""
        due, _, simulation, behavior = heappop(self._queue)
        self.elapsed = simulation.elapsed = max(self.elapsed, due)
        delay = MAX_SLEEP_SECONDS
        try:
            if simulation.guild.id in self._world.guilds and simulation.guild.available:
                delay = behavior.act(now)
        except EntityNotFound as error:  # the entity was deleted between scheduling and this action
            log.info("population action skipped", error=format_reason(error))
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
