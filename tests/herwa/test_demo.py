"""The past of the local Discord at a first start: every number of it is the generator's, however often it is told."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from herwa.commands.demo_history import bring_the_past
from herwa_shared.embedded import lease_engines
from herwa_sim.behavior.history_generator import Past, past
from herwa_sim.behavior.server_profile import Scene
from herwa_sim.client.client import SimClient
from herwa_sim.presets import CAST
from tests.herwa.copies import Copy, copy_of_its_own

DAYS = 14
SCENES = {scene.name: scene for scene in CAST}


@pytest.fixture(scope="module")
def demo() -> Iterator[Copy]:
    """A copy at whose first start a past was brought in."""
    with copy_of_its_own(HERWA_DEMO_DAYS=str(DAYS)) as copy:
        copy.begin()
        copy.until_said(f"6 servers have a past of {DAYS} days now")
        yield copy


@pytest.fixture(scope="module")
def sim(demo: Copy) -> Iterator[SimClient]:
    client = demo.sim()
    yield client
    client.close()


def guild_id(sim: SimClient, name: str) -> int:
    return next(guild.id for guild in sim.state().guilds if guild.name == name)


def whole_days(sim: SimClient, scene: Scene) -> tuple[Past, date, date]:
    """What the generator says of the days before the first start, and which days these are."""
    begun = sim.call("past/begin", guild_id=str(guild_id(sim, scene.name)), days=DAYS)
    (brief,) = begun["guilds"]
    begin, settled_at = (datetime.fromisoformat(brief[side]) for side in ("from", "to"))
    midnight = settled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return past(scene, settled_at, begin=begin, end=midnight), begin.date(), midnight.date()


def assert_as_generated(copy: Copy, sim: SimClient, scene: Scene) -> None:
    expected, first, after = whole_days(sim, scene)
    people = [one for one in expected.said if one.author != scene.bot]
    reader = copy.reader(str(guild_id(sim, scene.name)))
    window = {"from": first.isoformat(), "to": after.isoformat(), "timezone": "UTC", "interval": "day"}

    def days(moments: list[datetime]) -> dict[str, int]:
        counted = Counter(moment.astimezone(UTC).date() for moment in moments)
        all_days = [first + timedelta(days=n) for n in range((after - first).days)]
        return {f"{day}T00:00:00+00:00": counted[day] for day in all_days}

    assert reader.points("messages", **window) == days([one.sent_at for one in people])
    for metric, moments in (
        ("joins", [one.joined_at for one in expected.joined]),
        ("threads", [one.sent_at for one in expected.opened]),
    ):
        points = reader.points(metric, **window)  # nobody knows of a time before the first: a gap there, not 0
        assert {when: value or 0 for when, value in points.items()} == days(moments), metric
    active = reader.get("/stats", metric="active_members", **window)["total"]
    assert active == len({one.author for one in people})
    tops = reader.get(
        "/top/members", metric="messages", limit=5, **{part: window[part] for part in ("from", "to", "timezone")}
    )
    loudest = Counter(one.author for one in people)
    assert [item["value"] for item in tops["items"]] == [count for _, count in loudest.most_common(5)]
    assert all(loudest[item["name"]] == item["value"] for item in tops["items"])


@pytest.mark.slow
def test_numbers_of_the_past_are_the_generators_also_when_it_is_told_again(demo, sim):
    scene = SCENES["Comet Arcade"]
    demo.drain()
    assert_as_generated(demo, sim, scene)
    begun = sim.call("past/begin", guild_id=str(guild_id(sim, scene.name)), days=DAYS)
    while not sim.call("past/step", key=begun["key"])["done"]:
        pass
    sim.call("past/finish", key=begun["key"])
    demo.drain()
    assert_as_generated(demo, sim, scene)


@pytest.mark.slow
def test_today_is_not_empty_and_the_people_live_on(demo, sim):
    reader = demo.reader(str(guild_id(sim, "Comet Arcade")))
    assert reader.get("/stats")["timezone"] == SCENES["Comet Arcade"].zone
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    window = {"from": yesterday.isoformat(), "interval": "hour", "timezone": "UTC"}
    to = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert sum(value or 0 for value in reader.points("messages", to=to, **window).values()) > 20
    before = sim.state().sessions[0].sequence
    demo.until(lambda: sim.state().sessions[0].sequence > before, "people to go on")


@pytest.mark.slow
def test_progress_is_said_in_words_and_not_more_than_a_person_reads(demo):
    said = demo.all_said()
    for scene in CAST:
        assert f"bringing {DAYS} days of past into {scene.name} …" in said
    assert said.count("messages") < 30


@pytest.mark.slow
async def test_what_has_a_past_is_left_alone_and_no_days_are_nothing(demo):
    lines: list[str] = []
    with lease_engines(demo.settings, demo.folder) as lease:
        for days in (DAYS, 0):
            settings = demo.settings.model_copy(update={"demo_days": days})
            assert await bring_the_past(settings, demo.folder, lease.urls.database, lines.append) == {}
    assert lines == []


@pytest.mark.slow
def test_interrupted_past_is_brought_in_whole_at_the_next_start():
    with copy_of_its_own(HERWA_DEMO_DAYS=str(DAYS)) as copy:
        copy.begin()
        copy.until_said(f"bringing {DAYS} days of past into Pixel Forge")
        copy.begin_again_after_kill_9()
        copy.until_said(f"a past of {DAYS} days now")
        copy.drain()
        sim = copy.sim()
        assert_as_generated(copy, sim, SCENES["Pixel Forge"])
        sim.close()
