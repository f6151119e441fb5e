"""Joins and leaves.

Some new members send a greeting soon after joining. Most members who leave have joined recently.
"""

from datetime import datetime, timedelta

from herwa_sim.actions import messages
from herwa_sim.actions.members import create_user, join, leave
from herwa_sim.behavior.history_generator import sample_message_length
from herwa_sim.behavior.name_generator import generate_name
from herwa_sim.behavior.server_setup import ensure_avatar
from herwa_sim.behavior.simulation import ServerSimulation

DAILY_CHANGES_PER_MEMBER = 0.005  # joins and leaves per day and member
LEAVE_SHARE = 0.42
GREETING_SHARE = 0.55
NEW_MEMBER_AGE = timedelta(days=14)


class MembershipBehavior:
    """The joins, greetings and leaves of one server."""

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation
        self._newcomer: int | None = None

    def act(self, now: datetime) -> float:
        """Send a greeting, add or remove a member; return the seconds until the next action."""
        simulation, random = self._simulation, self._simulation.random
        if self._newcomer is not None:
            self._send_greeting(self._newcomer)
            self._newcomer = None
        elif random.random() < LEAVE_SHARE:
            self._remove_member(now)
        else:
            self._add_member()
        if self._newcomer is not None:
            return random.uniform(15, 90)
        return simulation.sample_delay(DAILY_CHANGES_PER_MEMBER * len(simulation.guild.members) + 0.2, now)

    def _add_member(self) -> None:
        simulation, random = self._simulation, self._simulation.random
        user = ensure_avatar(
            simulation.world, create_user(simulation.world, name=generate_name("newcomers", random.getrandbits(32)))
        )
        if user.id not in simulation.guild.members:
            join(simulation.world, simulation.guild, user)
            self._newcomer = user.id if random.random() < GREETING_SHARE else None

    def _send_greeting(self, user_id: int) -> None:
        simulation = self._simulation
        channel = simulation.find_channel(simulation.profile.greeting_channel)
        if channel is not None and user_id in simulation.guild.members:
            messages.send_message(
                simulation.world, channel, author_id=user_id, length=sample_message_length(simulation.random)
            )

    def _remove_member(self, now: datetime) -> None:
        """Remove a member without roles; servers with fewer than ten such members lose none."""
        simulation = self._simulation
        members = simulation.guild.members
        removable_ids = [
            user_id
            for user_id in simulation.list_member_ids()
            if not members[user_id].roles and user_id != simulation.guild.owner_id
        ]
        if len(removable_ids) >= 10:
            weights = [12.0 if members[user_id].joined_at > now - NEW_MEMBER_AGE else 1.0 for user_id in removable_ids]
            leave(
                simulation.world,
                simulation.guild,
                simulation.world.get_user(simulation.random.choices(removable_ids, weights)[0]),
            )
