"""The past of the population: plausible, the same every time, and told as Discord would have told it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import discord
import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.activity_profile import season, zone
from herwa_sim.behavior.history_generator import Past, past
from herwa_sim.behavior.member_profiles import people_of
from herwa_sim.presets import CAST
from herwa_sim.snowflakes import moment_of
from tests.sim.bot import connected, until
from tests.sim.process import SimProcess

SETTLED = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)
DAY = timedelta(days=1)
SCENES = pytest.mark.parametrize("scene", CAST, ids=lambda scene: scene.name)
BIG = pytest.mark.parametrize("scene", [one for one in CAST if one.a_day > 100], ids=lambda scene: scene.name)


def months(scene, days: int = 120) -> Past:
    return past(scene, SETTLED, begin=SETTLED.replace(hour=0, minute=0) - days * DAY, end=SETTLED)


def by_people(scene, found: Past):
    return [one for one in found.said if one.author != scene.bot]


@SCENES
def test_same_past_every_time_and_a_shorter_one_is_its_end(scene):
    whole, again, short = months(scene), months(scene), months(scene, 20)
    assert whole == again
    common = SETTLED - 15 * DAY
    assert [one for one in whole.said if one.sent_at > common] == [one for one in short.said if one.sent_at > common]
    assert [one for one in whole.joined if one.joined_at > common] == [
        one for one in short.joined if one.joined_at > common
    ]


@SCENES
def test_it_is_in_order_within_its_bounds_and_of_members_who_had_joined(scene):
    found = months(scene, 40)
    begin = SETTLED.replace(hour=0, minute=0) - 40 * DAY
    moments = [one.sent_at for one in found.said]
    assert moments == sorted(moments)
    assert begin <= moments[0] < moments[-1] < SETTLED
    joined = {one.name: one.joined_at for one in people_of(scene, SETTLED)}
    assert all(one.sent_at > joined[one.author] for one in by_people(scene, found))
    assert {one.channel for one in found.said} <= {room.name for room in scene.rooms}
    opened = {one.id: one for one in found.opened}
    in_threads = [one for one in found.said if one.thread]
    assert all(opened[one.thread].sent_at <= one.sent_at for one in in_threads)
    assert all(abs(moment_of(one.id) - one.sent_at) < timedelta(milliseconds=1) for one in found.opened)


def test_all_servers_together_say_some_sixty_thousand_messages_in_four_months():
    assert 50_000 < sum(len(months(scene).said) for scene in CAST) < 75_000


@BIG
def test_evenings_are_loud_by_the_servers_own_clock(scene):
    hours = Counter(one.sent_at.astimezone(zone(scene)).hour for one in by_people(scene, months(scene)))
    evening = sum(hours[hour] for hour in range(19, 23))
    assert evening > 0.35 * hours.total()
    assert sum(hours[hour] for hour in range(2, 6)) < 0.08 * hours.total()


@BIG
def test_few_are_loud_many_are_quiet_and_some_never_speak(scene):
    authors = Counter(one.author for one in by_people(scene, months(scene)))
    loudest = [count for _, count in authors.most_common()]
    assert sum(loudest[:10]) > 0.4 * sum(loudest)
    assert len(authors) < 0.7 * scene.size


@BIG
def test_great_event_and_quiet_week_can_be_seen(scene):
    days = Counter(one.sent_at.astimezone(zone(scene)).date() for one in by_people(scene, months(scene)))
    calendar = season(scene, SETTLED)
    usual = sorted(days.values())[len(days) // 2]
    assert days[calendar.event] > 2 * usual
    assert sum(days[calendar.quiet_from + n * DAY] for n in range(7)) < 5 * usual


def test_joinings_are_spread_over_the_months():
    scene = CAST[-1]
    found = months(scene)
    assert len(found.joined) > 200
    gaps = [after.joined_at - before.joined_at for before, after in pairwise(found.joined)]
    assert max(gaps) < 6 * DAY
    greeted = {one.author for one in found.said if one.channel == scene.greeting}
    assert 0.2 < len([one for one in found.joined if one.name in greeted]) / len(found.joined) < 0.7


@pytest.fixture
def settled(tmp_path) -> Iterator[SimProcess]:
    """A process whose people are where they belong and keep still."""
    process = SimProcess(tmp_path, "--quiet")
    process.client.set_population(True, speed=0.001)
    process.client.set_population(False)
    yield process
    process.close()


def guild_id(process: SimProcess, name: str) -> int:
    return next(one.id for one in process.client.state().guilds if one.name == name)


def tell(process: SimProcess, name: str, **body: object) -> dict:
    """The whole past of one server, as a client brings it in; what `begin` said of it."""
    begun = process.client.call("past/begin", guild_id=str(guild_id(process, name)), **body)
    while not process.client.call("past/step", key=begun["key"])["done"]:
        pass
    (brief,) = begun["guilds"]
    assert process.client.call("past/finish", key=begun["key"]) == {"sent": brief["messages"]}
    return brief


async def test_bot_is_told_it_with_its_times_and_twice_with_the_same_ids(settled):
    nobody = discord.MemberCacheFlags.none()  # discord.py tells of no joining of a member it knows
    async with connected(settled, member_cache_flags=nobody, chunk_guilds_at_startup=False) as bot:
        brief = await asyncio.to_thread(tell, settled, "Pixel Forge", days=12)
        begin, end = (datetime.fromisoformat(brief[side]) for side in ("from", "to"))
        assert begin == (end - 12 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        await until(lambda: len(bot.messages) == brief["messages"], 30)
        told = list(bot.messages)
        expected = past(CAST[1], end, begin=begin, end=end)
        assert Counter((one.author.name, one.channel.name) for one in told) == (
            Counter(
                (one.author, {thread.id: thread.title for thread in expected.opened}.get(one.thread, one.channel))
                for one in expected.said
            )
        )
        assert [one.created_at for one in told] == sorted(one.created_at for one in told)
        assert all(begin - timedelta(seconds=1) < one.created_at < end for one in told)
        assert all(one.author.joined_at < one.created_at for one in told)
        assert any(one.reference for one in told)
        assert [kind for kind, _ in bot.told].count("thread") == len(expected.opened)
        assert [kind for kind, _ in bot.told].count("member") == len(expected.joined)
        again = await asyncio.to_thread(tell, settled, "Pixel Forge", days=12)
        assert again == brief
        await until(lambda: len(bot.messages) == 2 * brief["messages"], 30)
        assert [one.id for one in bot.messages[len(told) :]] == [one.id for one in told]


async def test_what_was_said_just_now_stays_the_newest_in_its_channel(settled):
    async with connected(settled) as bot:
        guild = await asyncio.to_thread(guild_id, settled, "Garden Club")
        places = (await asyncio.to_thread(settled.client.guild, guild))["channels"]
        channel = next(int(one["id"]) for one in places if one["name"] == "general")
        owner = (await asyncio.to_thread(settled.client.state)).personas["owner"]
        said = await asyncio.to_thread(settled.client.say, channel, owner)
        await asyncio.to_thread(tell, settled, "Garden Club", days=30)
        shown = [one.id async for one in bot.get_channel(channel).history(limit=100)]
        assert shown[0] == said
        assert len(shown) == len(set(shown)) == 50
        assert shown == sorted(shown, reverse=True)


async def test_until_an_earlier_day_or_for_everybody(settled):
    async with connected(settled):
        early = (datetime.now(UTC) - 5 * DAY).date().isoformat()
        brief = await asyncio.to_thread(tell, settled, "Petit Fournil", days=3, until=early)
        assert brief["to"] == f"{early}T00:00:00+00:00"
        begun = await asyncio.to_thread(settled.client.call, "past/begin", days=1)
        assert {one["name"] for one in begun["guilds"]} == {scene.name for scene in CAST}


def test_other_servers_have_no_past_and_a_lost_key_is_said(settled):
    quiet = settled.client.create_guild("Quiet")
    with pytest.raises(BadRequest, match="Quiet is no server of the population"):
        settled.client.call("past/begin", guild_id=str(quiet), days=3)
    with pytest.raises(NotFound, match="Begin again"):
        settled.client.call("past/step", key="lost")
