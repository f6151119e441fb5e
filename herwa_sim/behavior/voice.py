"""Voice activity: short and long visits, mute, screen sharing, video, moves."""

from dataclasses import replace
from datetime import datetime

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions.voice import move_member
from herwa_sim.behavior.activity_profile import get_hourly_activity, get_timezone
from herwa_sim.behavior.simulation import ServerSimulation
from herwa_sim.entities import SimVoiceState

MINUTE_SECONDS = 60.0
SHORT_VISIT_SHARE = 0.3


class VoiceBehavior:
    """The voice channels of one server.

    Members who are connected at the start get a leave time like new ones.
    """

    def __init__(self, simulation: ServerSimulation) -> None:
        self._simulation = simulation
        self._leave_at = {
            user_id: self._sample_leave_time() for user_id in simulation.guild.voice if simulation.is_simulated(user_id)
        }

    def act(self, now: datetime) -> float:
        """Connect, disconnect or change one member; return the seconds until the next action."""
        simulation, random = self._simulation, self._simulation.random
        connected = [state for state in simulation.guild.voice.values() if state.user_id in self._leave_at]
        leaving = [state for state in connected if self._leave_at[state.user_id] < simulation.elapsed]
        target = self._compute_target(now)
        if leaving:
            move_member(simulation.world, simulation.guild, leaving[0].user_id, None)
        elif len(connected) < target:
            self._join_channel(now)
        elif connected:
            self._change_state(random.choice(connected))
        is_far_below = len(connected) < target / 2
        return random.expovariate(1 / simulation.profile.mean_action_interval_seconds) / (4 if is_far_below else 1)

    def _compute_target(self, now: datetime) -> int:
        """Return the target number of members: `peak_voice_members` at the peak, 12 % at least."""
        local = now.astimezone(get_timezone(self._simulation.profile))
        hours = get_hourly_activity(self._simulation.profile, local.weekday())
        share = hours[local.hour] / max(hours)
        return round(self._simulation.profile.peak_voice_members * (0.12 + 0.88 * share))

    def _join_channel(self, now: datetime) -> None:
        simulation = self._simulation
        channel_ids = [
            channel.id for channel in simulation.guild.channels.values() if channel.type == ChannelType.VOICE
        ]
        channel_ids.sort(key=lambda id_: -sum(state.channel_id == id_ for state in simulation.guild.voice.values()))
        connected_ids = {user_id for guild in simulation.world.guilds.values() for user_id in guild.voice}
        for user_id in [
            member_id for member_id in simulation.pick_members(now, 4) if member_id not in connected_ids and channel_ids
        ][:1]:
            weights = [1 / rank for rank in range(1, len(channel_ids) + 1)]  # busy channels attract more members
            self._leave_at[user_id] = self._sample_leave_time()
            channel_id = simulation.random.choices(channel_ids, weights)[0]
            move_member(simulation.world, simulation.guild, user_id, channel_id, muted=simulation.random.random() < 0.3)

    def _change_state(self, state: SimVoiceState) -> None:
        """Change one state: mostly the microphone, sometimes stream, video or channel."""
        simulation, random = self._simulation, self._simulation.random
        channel_ids = [
            channel.id for channel in simulation.guild.channels.values() if channel.type == ChannelType.VOICE
        ]
        chance = random.random()
        if chance < 0.6:
            new_state = replace(state, muted=not state.muted, deafened=False)
        elif chance < 0.68:
            new_state = replace(state, muted=not state.deafened, deafened=not state.deafened)
        elif chance < 0.82:
            new_state = replace(state, streaming=not state.streaming)
        elif chance < 0.92:
            new_state = replace(state, video=not state.video)
        else:
            new_state = replace(state, channel_id=random.choice(channel_ids))
        move_member(
            simulation.world,
            simulation.guild,
            new_state.user_id,
            new_state.channel_id,
            muted=new_state.muted,
            deafened=new_state.deafened,
            streaming=new_state.streaming,
            video=new_state.video,
        )

    def _sample_leave_time(self) -> float:
        """Sample the simulated time of leaving: after 1 to 4 minutes, or 10 to 90."""
        random = self._simulation.random
        minutes = random.uniform(1, 4) if random.random() < SHORT_VISIT_SHARE else random.triangular(10, 90, 25)
        return self._simulation.elapsed + minutes * MINUTE_SECONDS
