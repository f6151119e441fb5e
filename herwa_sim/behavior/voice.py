"""People come to voice channels for a look or for an evening, mute themselves, show their screens, move, and go."""

from dataclasses import replace
from datetime import datetime

from herwa_sim.actions.voice import move
from herwa_sim.behavior.activity_profile import hours_of, zone
from herwa_sim.behavior.simulation import Life
from herwa_sim.entities import ChannelType, VoiceState

MINUTE = 60.0
A_LOOK = 0.3


class Voicing:
    """The voice channels of one server. Who was there before the start stays for a while."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._until = {user_id: self._stay() for user_id in life.guild.voice if life.lives_here(user_id)}

    def act(self, now: datetime) -> float:
        """Somebody comes, goes or fiddles with the microphone; the seconds until the next does."""
        life, random = self._life, self._life.random
        here = [state for state in life.guild.voice.values() if state.user_id in self._until]
        over = [state for state in here if self._until[state.user_id] < life.elapsed]
        wanted = self._wanted(now)
        if over:
            move(life.world, life.guild, over[0].user_id, None)
        elif len(here) < wanted:
            self._come(now)
        elif here:
            self._change(random.choice(here))
        in_a_hurry = len(here) < wanted / 2
        return random.expovariate(1 / life.scene.deed_every) / (4 if in_a_hurry else 1)

    def _wanted(self, now: datetime) -> int:
        """How many should be there: `voices` at the best hour, one or two night owls at the worst."""
        local = now.astimezone(zone(self._life.scene))
        hours = hours_of(self._life.scene, local.weekday())
        share = hours[local.hour] / max(hours)
        return round(self._life.scene.voices * (0.12 + 0.88 * share))

    def _come(self, now: datetime) -> None:
        life = self._life
        doors = [one.id for one in life.guild.channels.values() if one.type == ChannelType.VOICE]
        doors.sort(key=lambda id_: -sum(state.channel_id == id_ for state in life.guild.voice.values()))
        speaking = {user_id for guild in life.world.guilds.values() for user_id in guild.voice}
        for user_id in [one for one in life.some(now, 4) if one not in speaking and doors][:1]:
            weights = [1 / rank for rank in range(1, len(doors) + 1)]  # people go where people are
            self._until[user_id] = self._stay()
            door = life.random.choices(doors, weights)[0]
            move(life.world, life.guild, user_id, door, muted=life.random.random() < 0.3)

    def _change(self, state: VoiceState) -> None:
        """Mostly the microphone; now and then a screen, a camera, or another room."""
        life, random = self._life, self._life.random
        doors = [one.id for one in life.guild.channels.values() if one.type == ChannelType.VOICE]
        chance = random.random()
        if chance < 0.6:
            after = replace(state, muted=not state.muted, deafened=False)
        elif chance < 0.68:
            after = replace(state, muted=not state.deafened, deafened=not state.deafened)
        elif chance < 0.82:
            after = replace(state, streaming=not state.streaming)
        elif chance < 0.92:
            after = replace(state, video=not state.video)
        else:
            after = replace(state, channel_id=random.choice(doors))
        move(
            life.world,
            life.guild,
            after.user_id,
            after.channel_id,
            muted=after.muted,
            deafened=after.deafened,
            streaming=after.streaming,
            video=after.video,
        )

    def _stay(self) -> float:
        """Until when somebody who comes now stays: for a look of one to four minutes, or for 10 to 90."""
        random = self._life.random
        minutes = random.uniform(1, 4) if random.random() < A_LOOK else random.triangular(10, 90, 25)
        return self._life.elapsed + minutes * MINUTE
