"""The past of the population: plausible, the same every time, and told as Discord would have told it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import discord
import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.activity_profile import build_calendar, get_timezone
from herwa_sim.behavior.history_generator import ServerHistory, generate_history
from herwa_sim.behavior.member_profiles import list_member_profiles
from herwa_sim.presets import SERVER_PROFILES
from herwa_sim.snowflakes import to_datetime
from tests.sim.recording_bot import connect_bot, wait_until
from tests.support.sim_process import SimProcess

SETTLED_AT = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)
DAY = timedelta(days=1)
EACH_SCENE = pytest.mark.parametrize("scene", SERVER_PROFILES, ids=lambda scene: scene.name)
EACH_BIG_SCENE = pytest.mark.parametrize(
    "scene", [scene for scene in SERVER_PROFILES if scene.messages_per_day > 100], ids=lambda scene: scene.name
)


def generate_months(scene, days: int = 120) -> ServerHistory:
    return generate_history(scene, SETTLED_AT, begin=SETTLED_AT.replace(hour=0, minute=0) - days * DAY, end=SETTLED_AT)


def list_member_messages(scene, history: ServerHistory):
    return [message for message in history.messages if message.author != scene.bot_name]


@EACH_SCENE
def test_same_past_every_time_and_a_shorter_one_is_its_end(scene):
    full, repeated, short = generate_months(scene), generate_months(scene), generate_months(scene, 20)
    assert full == repeated
    common = SETTLED_AT - 15 * DAY
    assert [message for message in full.messages if message.sent_at > common] == [
        message for message in short.messages if message.sent_at > common
    ]
    assert [member for member in full.joined_members if member.joined_at > common] == [
        member for member in short.joined_members if member.joined_at > common
    ]


@EACH_SCENE
def test_it_is_in_order_within_its_bounds_and_of_members_who_had_joined(scene):
    history = generate_months(scene, 40)
    begin = SETTLED_AT.replace(hour=0, minute=0) - 40 * DAY
    moments = [message.sent_at for message in history.messages]
    assert moments == sorted(moments)
    assert begin <= moments[0] < moments[-1] < SETTLED_AT
    joined_at = {person.name: person.joined_at for person in list_member_profiles(scene, SETTLED_AT)}
    assert all(message.sent_at > joined_at[message.author] for message in list_member_messages(scene, history))
    assert {message.channel for message in history.messages} <= {channel.name for channel in scene.channels}
    threads_by_id = {thread.id: thread for thread in history.threads}
    in_threads = [message for message in history.messages if message.thread]
    assert all(threads_by_id[message.thread].sent_at <= message.sent_at for message in in_threads)
    assert all(abs(to_datetime(thread.id) - thread.sent_at) < timedelta(milliseconds=1) for thread in history.threads)


def test_all_servers_together_say_some_sixty_thousand_messages_in_four_months():
    assert 50_000 < sum(len(generate_months(scene).messages) for scene in SERVER_PROFILES) < 75_000


@EACH_BIG_SCENE
def test_evenings_are_loud_by_the_servers_own_clock(scene):
    hours = Counter(
        message.sent_at.astimezone(get_timezone(scene)).hour
        for message in list_member_messages(scene, generate_months(scene))
    )
    evening = sum(hours[hour] for hour in range(19, 23))
    assert evening > 0.35 * hours.total()
    assert sum(hours[hour] for hour in range(2, 6)) < 0.08 * hours.total()


@EACH_BIG_SCENE
def test_few_are_loud_many_are_quiet_and_some_never_speak(scene):
    authors = Counter(message.author for message in list_member_messages(scene, generate_months(scene)))
    message_counts = [count for _, count in authors.most_common()]
    assert sum(message_counts[:10]) > 0.4 * sum(message_counts)
    assert len(authors) < 0.7 * scene.size


@EACH_BIG_SCENE
def test_great_event_and_quiet_week_can_be_seen(scene):
    days = Counter(
        message.sent_at.astimezone(get_timezone(scene)).date()
        for message in list_member_messages(scene, generate_months(scene))
    )
    calendar = build_calendar(scene, SETTLED_AT)
    median_count = sorted(days.values())[len(days) // 2]
    assert days[calendar.event] > 2 * median_count
    assert sum(days[calendar.quiet_week_start + n * DAY] for n in range(7)) < 5 * median_count


def test_joinings_are_spread_over_the_months():
    scene = SERVER_PROFILES[-1]
    history = generate_months(scene)
    assert len(history.joined_members) > 200
    gaps = [after.joined_at - before.joined_at for before, after in pairwise(history.joined_members)]
    assert max(gaps) < 6 * DAY
    greeting_authors = {message.author for message in history.messages if message.channel == scene.greeting_channel}
    assert (
        0.2
        < len([member for member in history.joined_members if member.name in greeting_authors])
        / len(history.joined_members)
        < 0.7
    )


@pytest.fixture
def settled_process(tmp_path) -> Iterator[SimProcess]:
    """A process whose people are where they belong and keep still."""
    process = SimProcess(tmp_path, "--quiet")
    process.client.set_population(True, speed=0.001)
    process.client.set_population(False)
    yield process
    process.close()


def find_guild_id(process: SimProcess, name: str) -> int:
    return next(guild.id for guild in process.client.get_snapshot().guilds if guild.name == name)


def import_history(process: SimProcess, name: str, **body: object) -> dict:
    """The whole past of one server, as a client brings it in; what `begin` said of it."""
    import_job = process.client.call("past/begin", guild_id=str(find_guild_id(process, name)), **body)
    while not process.client.call("past/step", key=import_job["key"])["done"]:
        pass
    (summary,) = import_job["guilds"]
    assert process.client.call("past/finish", key=import_job["key"]) == {"sent": summary["messages"]}
    return summary


async def test_bot_receives_it_with_its_times_and_twice_with_the_same_ids(settled_process):
    no_member_cache = discord.MemberCacheFlags.none()  # discord.py tells of no joining of a member it knows
    async with connect_bot(settled_process, member_cache_flags=no_member_cache, chunk_guilds_at_startup=False) as bot:
        summary = await asyncio.to_thread(import_history, settled_process, "Pixel Forge", days=12)
        begin, end = (datetime.fromisoformat(summary[side]) for side in ("from", "to"))
        assert begin == (end - 12 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        await wait_until(lambda: len(bot.messages) == summary["messages"], 30)
        messages = list(bot.messages)
        expected = generate_history(SERVER_PROFILES[1], end, begin=begin, end=end)
        assert Counter((message.author.name, message.channel.name) for message in messages) == (
            Counter(
                (
                    message.author,
                    {thread.id: thread.title for thread in expected.threads}.get(message.thread, message.channel),
                )
                for message in expected.messages
            )
        )
        assert [message.created_at for message in messages] == sorted(message.created_at for message in messages)
        assert all(begin - timedelta(seconds=1) < message.created_at < end for message in messages)
        assert all(message.author.joined_at < message.created_at for message in messages)
        assert any(message.reference for message in messages)
        assert [kind for kind, _ in bot.recorded_events].count("thread") == len(expected.threads)
        assert [kind for kind, _ in bot.recorded_events].count("member") == len(expected.joined_members)
        repeated_summary = await asyncio.to_thread(import_history, settled_process, "Pixel Forge", days=12)
        assert repeated_summary == summary
        await wait_until(lambda: len(bot.messages) == 2 * summary["messages"], 30)
        assert [message.id for message in bot.messages[len(messages) :]] == [message.id for message in messages]


async def test_a_message_of_now_remains_the_newest_in_its_channel(settled_process):
    async with connect_bot(settled_process) as bot:
        guild = await asyncio.to_thread(find_guild_id, settled_process, "Garden Club")
        channels = (await asyncio.to_thread(settled_process.client.get_guild, guild))["channels"]
        channel = next(int(guild_channel["id"]) for guild_channel in channels if guild_channel["name"] == "general")
        owner = (await asyncio.to_thread(settled_process.client.get_snapshot)).personas["owner"]
        message_id = await asyncio.to_thread(settled_process.client.send_message, channel, owner)
        await asyncio.to_thread(import_history, settled_process, "Garden Club", days=30)
        message_ids = [message.id async for message in bot.get_channel(channel).history(limit=100)]
        assert message_ids[0] == message_id
        assert len(message_ids) == len(set(message_ids)) == 50
        assert message_ids == sorted(message_ids, reverse=True)


async def test_until_an_earlier_day_or_for_everybody(settled_process):
    async with connect_bot(settled_process):
        earlier_day = (datetime.now(UTC) - 5 * DAY).date().isoformat()
        summary = await asyncio.to_thread(import_history, settled_process, "Petit Fournil", days=3, until=earlier_day)
        assert summary["to"] == f"{earlier_day}T00:00:00+00:00"
        import_job = await asyncio.to_thread(settled_process.client.call, "past/begin", days=1)
        assert {guild["name"] for guild in import_job["guilds"]} == {scene.name for scene in SERVER_PROFILES}


def test_other_servers_have_no_history_and_a_lost_key_is_refused(settled_process):
    other_guild_id = settled_process.client.create_guild("Quiet")
    with pytest.raises(BadRequest, match="Quiet is no server of the population"):
        settled_process.client.call("past/begin", guild_id=str(other_guild_id), days=3)
    with pytest.raises(NotFound, match="Begin again"):
        settled_process.client.call("past/step", key="lost")
