"""Presence of members: more are online by day than by night."""

from datetime import datetime

from herwa_sim.actions.presence import set_status
from herwa_sim.behavior.activity_profile import get_hourly_activity, get_timezone
from herwa_sim.behavior.simulation import ServerSimulation

MIN_ONLINE_SHARE, MAX_ONLINE_SHARE = 0.07, 0.34
ONLINE_STATUSES = ("online", "online", "online", "idle", "idle", "dnd")
EMPTY_SERVER_DELAY_SECONDS = 600.0


class PresenceBehavior:
    """The presence of one server's members.

    The first action initializes every member, because presence is not persisted.
    """

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation
        self._is_initialized = False

    def act(self, now: datetime) -> float:
        """Change one member's status; return the seconds until the next change."""
        simulation, random = self._simulation, self._simulation.random
        if not self._is_initialized:
            self._initialize(now)
        member_ids = simulation.list_member_ids()
        online_ids = [member_id for member_id in member_ids if simulation.world.get_status(member_id) != "offline"]
        if not member_ids:
            return EMPTY_SERVER_DELAY_SECONDS
        if len(online_ids) < self._compute_target(now, len(member_ids)):
            set_status(simulation.world, random.choice(member_ids), random.choice(ONLINE_STATUSES))
        elif online_ids:
            user_id = random.choice(online_ids)
            remains_online = user_id in simulation.guild.voice or random.random() < 0.3
            set_status(simulation.world, user_id, random.choice(ONLINE_STATUSES) if remains_online else "offline")
        return random.expovariate(1 / (2 * simulation.profile.mean_action_interval_seconds))

    def _initialize(self, now: datetime) -> None:
        self._is_initialized = True
        simulation = self._simulation
        member_ids = simulation.list_member_ids()
        for user_id in simulation.random.sample(member_ids, self._compute_target(now, len(member_ids))):
            set_status(simulation.world, user_id, simulation.random.choice(ONLINE_STATUSES))

    def _compute_target(self, now: datetime, member_count: int) -> int:
        local = now.astimezone(get_timezone(self._simulation.profile))
        hours = get_hourly_activity(self._simulation.profile, local.weekday())
        return round(
            member_count * (MIN_ONLINE_SHARE + (MAX_ONLINE_SHARE - MIN_ONLINE_SHARE) * hours[local.hour] / max(hours))
        )
