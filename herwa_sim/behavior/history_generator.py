"""What people did before anybody listened: joinings, threads and messages of months, the same for the same server.

A day is made from its own date alone, so that a shorter past is the end of a longer one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import exp
from random import Random
from typing import NamedTuple

from herwa_sim.behavior.activity_profile import Season, moment_in, season, weekday_factor, zone
from herwa_sim.behavior.member_profiles import Person, people_of
from herwa_sim.behavior.server_profile import Scene
from herwa_sim.snowflakes import digest, snowflake_at

TURNS = 6.0  # messages of a conversation, in the mean
GREETERS = 8
DAY = timedelta(days=1)


class Said(NamedTuple):
    """A message: in the channel of that name, in the thread of that id or 0; `reply` to what was said there before."""

    sent_at: datetime
    channel: str
    thread: int
    author: str
    length: int
    attachments: int
    reply: bool


class Opened(NamedTuple):
    """A thread in a channel. Its id carries the moment."""

    sent_at: datetime
    id: int
    channel: str
    title: str
    owner: str


@dataclass(frozen=True, slots=True)
class Past:
    """All of it in the order of time: who joined, which threads were opened, what was said."""

    joined: tuple[Person, ...]
    opened: tuple[Opened, ...]
    said: tuple[Said, ...]


def past(scene: Scene, settled_at: datetime, *, begin: datetime, end: datetime) -> Past:
    """What happened in `[begin, end)`. Pure; of threads that were opened before it nothing is told."""
    calendar = season(scene, settled_at)
    people = people_of(scene, settled_at)
    first, last = (moment.astimezone(zone(scene)).date() for moment in (begin - 2 * DAY, end))
    deeds = [deed for day in _days(first, last) for deed in _Day(scene, people, calendar, day).deeds()]
    within = sorted((deed for deed in deeds if begin <= deed.sent_at < end), key=lambda deed: deed.sent_at)
    opened = tuple(deed for deed in within if isinstance(deed, Opened))
    known = {0, *(thread.id for thread in opened)}
    said = tuple(deed for deed in within if isinstance(deed, Said) and deed.thread in known)
    joined = sorted((one for one in people if begin <= one.joined_at < end), key=lambda one: one.joined_at)
    return Past(tuple(joined), opened, said)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY


class _Day:
    """One day of one server, by its own clock."""

    def __init__(self, scene: Scene, people: Sequence[Person], calendar: Season, day: date) -> None:
        self._scene = scene
        self._day = day
        self._random = Random(digest(scene.name, day.isoformat()))  # noqa: S311 - a play, not a secret
        self._mood = calendar.factor(day) * self._random.lognormvariate(0, 0.16)
        noon = moment_in(scene, day, Random(0)).replace(hour=12)  # noqa: S311 - a play, not a secret
        self._newcomers = [one for one in people if one.loudness and abs(one.joined_at - noon) < DAY]
        around = [(one, one.weight(noon)) for one in people if one.loudness and self._random.random() < one.often]
        self._around = [(one, weight) for one, weight in around if weight]
        self._heavier = list(accumulate(weight for _, weight in self._around))
        self._rooms = [room.name for room in scene.talk]
        self._shares = [room.share for room in scene.talk]

    def deeds(self) -> Iterator[Said | Opened]:
        """Everything of the day, in no order; talks and threads may go on into the next days."""
        usual = self._scene.a_day * weekday_factor(self._scene, self._day.weekday()) * self._mood
        for _ in range(int(usual / TURNS + self._random.random())):
            yield from self._talk()
        for _ in range(_times(self._random, self._scene.questions.a_day * self._mood)):
            yield from self._question()
        for person in self._newcomers:
            if person.joined_at.astimezone(zone(self._scene)).date() == self._day:
                yield from self._welcome(person)
        yield from self._posts()

    def _talk(self) -> Iterator[Said]:
        """A conversation: a few people, one channel, some minutes."""
        random = self._random
        at = moment_in(self._scene, self._day, random)
        talkers = self._some(at, 2 + _times(random, 1.2))
        room = random.choices(self._rooms, self._shares)[0]
        for turn in range(turns(random) if talkers else 0):
            yield self._said(at, room, 0, random.choice(talkers), reply=turn > 0 and random.random() < 0.24)
            at += timedelta(seconds=3 + random.expovariate(1 / 50))

    def _question(self) -> Iterator[Said | Opened]:
        """A thread: somebody asks, and after a while somebody else answers, most of the time."""
        random, asked = self._random, self._scene.questions
        at = moment_in(self._scene, self._day, random)
        people = self._some(at, 4)
        if not people:
            return
        asker, *helpers = people
        title = asked.title(random.randrange(1000))
        id_ = snowflake_at(at, digest(self._scene.name, asked.room, title))
        yield Opened(at, id_, asked.room, title, asker.name)
        yield self._said(at, asked.room, id_, asker, reply=False)
        at += timedelta(minutes=random.lognormvariate(3.1, 1.1))
        for turn in range(1 + int(random.expovariate(1 / 5)) if helpers and random.random() < 0.93 else 0):
            who = asker if turn % 2 else random.choice(helpers)
            yield self._said(at, asked.room, id_, who, reply=random.random() < 0.3)
            at += timedelta(minutes=min(random.expovariate(1 / 9), 300))

    def _welcome(self, person: Person) -> Iterator[Said]:
        """A newcomer says hello, or not; if so they are greeted."""
        random = self._random
        if random.random() > 0.6:
            return
        at = person.joined_at + timedelta(minutes=1 + random.expovariate(1 / 40))
        yield self._said(at, self._scene.greeting, 0, person, reply=False)
        for greeter in self._some(at, _times(random, 1.4), among=GREETERS):
            at += timedelta(seconds=20 + random.expovariate(1 / 300))
            if greeter is not person:
                yield self._said(at, self._scene.greeting, 0, greeter, reply=True)

    def _posts(self) -> Iterator[Said]:
        """The bot's word of the day, and what it says when it is asked."""
        room, bot = self._rooms[0], self._scene.bot
        morning = moment_in(self._scene, self._day, self._random).replace(minute=0, second=0)
        yield Said(morning, room, 0, bot, 180, 0, reply=False)
        for _ in range(_times(self._random, self._scene.a_day / 25)):
            at = moment_in(self._scene, self._day, self._random)
            yield Said(at, room, 0, bot, 30 + self._random.randrange(200), 0, reply=False)

    def _said(self, at: datetime, room: str, thread: int, who: Person, *, reply: bool) -> Said:
        length = words(self._random)
        return Said(at, room, thread, who.name, length, pictures(self._random), reply)

    def _some(self, at: datetime, count: int, *, among: int | None = None) -> list[Person]:
        """So many different people, or fewer, who were there by then."""
        if not self._around:
            return []
        chosen = self._random.choices(self._around[:among], cum_weights=self._heavier[:among], k=3 * count)
        return list({one.name: one for one, _ in chosen if one.joined_at < at}.values())[:count]


def turns(random: Random) -> int:
    """How many messages a conversation has."""
    return 1 + int(random.expovariate(1 / (TURNS - 0.5)))


def words(random: Random) -> int:
    """The length of a message."""
    return min(1900, int(random.lognormvariate(3.6, 0.9)) + 1)


def pictures(random: Random) -> int:
    """How many pictures a message has."""
    return random.choices((0, 1, 2, 4), (93, 5, 1.5, 0.5))[0]


def _times(random: Random, mean: float) -> int:
    """How often something happens whose mean this is (Poisson)."""
    floor, product, count = exp(-mean), random.random(), 0
    while product > floor:
        product *= random.random()
        count += 1
    return count
