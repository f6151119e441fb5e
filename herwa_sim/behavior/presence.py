"""People are seen online, at work or asleep: more of them by day than by night."""

from datetime import datetime

from herwa_sim.actions.presence import set_status
from herwa_sim.behavior.activity_profile import hours_of, zone
from herwa_sim.behavior.simulation import Life

FEWEST, MOST = 0.07, 0.34
AWAKE = ("online", "online", "online", "idle", "idle", "dnd")


class Seeing:
    """Who of one server is online. The first deed sets everybody, as nothing of it is kept."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._begun = False

    def act(self, now: datetime) -> float:
        """Somebody comes online, goes, or steps away for a while; the seconds until the next does."""
        life, random = self._life, self._life.random
        if not self._begun:
            self._begin(now)
        everybody = life.everybody()
        online = [one for one in everybody if life.world.status(one) != "offline"]
        if not everybody:
            return MINUTES
        if len(online) < self._wanted(now, len(everybody)):
            set_status(life.world, random.choice(everybody), random.choice(AWAKE))
        elif online:
            user_id = random.choice(online)
            stays = user_id in life.guild.voice or random.random() < 0.3
            set_status(life.world, user_id, random.choice(AWAKE) if stays else "offline")
        return random.expovariate(1 / (2 * life.scene.deed_every))

    def _begin(self, now: datetime) -> None:
        self._begun = True
        life = self._life
        everybody = life.everybody()
        for user_id in life.random.sample(everybody, self._wanted(now, len(everybody))):
            set_status(life.world, user_id, life.random.choice(AWAKE))

    def _wanted(self, now: datetime, people: int) -> int:
        local = now.astimezone(zone(self._life.scene))
        hours = hours_of(self._life.scene, local.weekday())
        return round(people * (FEWEST + (MOST - FEWEST) * hours[local.hour] / max(hours)))


MINUTES = 600.0
