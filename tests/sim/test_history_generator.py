"""The generated history: plausible, deterministic, and written as files for `herwa import`."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from herwa_shared.errors import BadRequest, NotFound
from herwa_sim.behavior.activity_profile import build_calendar, get_timezone
from herwa_sim.behavior.history_generator import ServerHistory, generate_history
from herwa_sim.behavior.member_profiles import list_member_profiles
from herwa_sim.presets import SERVER_PROFILES
from herwa_sim.snowflakes import to_datetime
from herwa_sim.texts import actions as texts
from tests.sim.recording_bot import connect_bot
from tests.support.sim_process import SimProcess

SET_UP_AT = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)
DAY = timedelta(days=1)
IMPORT_TIMEOUT_SECONDS = 60
EACH_PROFILE = pytest.mark.parametrize("profile", SERVER_PROFILES, ids=lambda profile: profile.name)
EACH_BIG_PROFILE = pytest.mark.parametrize(
    "profile",
    [profile for profile in SERVER_PROFILES if profile.messages_per_day > 100],
    ids=lambda profile: profile.name,
)

pytestmark = pytest.mark.slow


def generate_months(profile, days: int = 120) -> ServerHistory:
    return generate_history(profile, SET_UP_AT, begin=SET_UP_AT.replace(hour=0, minute=0) - days * DAY, end=SET_UP_AT)


def list_member_messages(profile, history: ServerHistory):
    return [message for message in history.messages if message.author != profile.bot_name]


@EACH_PROFILE
def test_history_is_deterministic_and_a_shorter_one_is_its_suffix(profile):
    full, repeated, short = generate_months(profile), generate_months(profile), generate_months(profile, 20)
    assert full == repeated
    common = SET_UP_AT - 15 * DAY
    assert [message for message in full.messages if message.sent_at > common] == [
        message for message in short.messages if message.sent_at > common
    ]
    assert [member for member in full.joined_members if member.joined_at > common] == [
        member for member in short.joined_members if member.joined_at > common
    ]


@EACH_PROFILE
def test_history_is_sorted_within_bounds_and_by_members_who_had_joined(profile):
    history = generate_months(profile, 40)
    begin = SET_UP_AT.replace(hour=0, minute=0) - 40 * DAY
    moments = [message.sent_at for message in history.messages]
    assert moments == sorted(moments)
    assert begin <= moments[0] < moments[-1] < SET_UP_AT
    joined_at = {member.name: member.joined_at for member in list_member_profiles(profile, SET_UP_AT)}
    assert all(message.sent_at > joined_at[message.author] for message in list_member_messages(profile, history))
    assert {message.channel for message in history.messages} <= {channel.name for channel in profile.channels}
    threads_by_id = {thread.id: thread for thread in history.threads}
    in_threads = [message for message in history.messages if message.thread]
    assert all(threads_by_id[message.thread].sent_at <= message.sent_at for message in in_threads)
    assert all(abs(to_datetime(thread.id) - thread.sent_at) < timedelta(milliseconds=1) for thread in history.threads)


def test_four_months_of_all_servers_are_about_sixty_thousand_messages():
    assert 50_000 < sum(len(generate_months(profile).messages) for profile in SERVER_PROFILES) < 75_000


@EACH_BIG_PROFILE
def test_activity_peaks_in_the_local_evening(profile):
    hours = Counter(
        message.sent_at.astimezone(get_timezone(profile)).hour
        for message in list_member_messages(profile, generate_months(profile))
    )
    evening = sum(hours[hour] for hour in range(19, 23))
    assert evening > 0.35 * hours.total()
    assert sum(hours[hour] for hour in range(2, 6)) < 0.08 * hours.total()


@EACH_BIG_PROFILE
def test_few_members_write_most_messages_and_some_write_none(profile):
    authors = Counter(message.author for message in list_member_messages(profile, generate_months(profile)))
    message_counts = [count for _, count in authors.most_common()]
    assert sum(message_counts[:10]) > 0.4 * sum(message_counts)
    assert len(authors) < 0.7 * profile.size


@EACH_BIG_PROFILE
def test_event_day_and_quiet_week_are_visible(profile):
    days = Counter(
        message.sent_at.astimezone(get_timezone(profile)).date()
        for message in list_member_messages(profile, generate_months(profile))
    )
    calendar = build_calendar(profile, SET_UP_AT)
    median_count = sorted(days.values())[len(days) // 2]
    assert days[calendar.event] > 2 * median_count
    assert sum(days[calendar.quiet_week_start + n * DAY] for n in range(7)) < 5 * median_count


def test_joins_are_spread_over_the_months():
    profile = SERVER_PROFILES[-1]
    history = generate_months(profile)
    assert len(history.joined_members) > 200
    gaps = [later.joined_at - earlier.joined_at for earlier, later in pairwise(history.joined_members)]
    assert max(gaps) < 6 * DAY
    greeting_authors = {message.author for message in history.messages if message.channel == profile.greeting_channel}
    assert (
        0.2
        < len([member for member in history.joined_members if member.name in greeting_authors])
        / len(history.joined_members)
        < 0.7
    )


@pytest.fixture
def populated_sim(tmp_path) -> Iterator[SimProcess]:
    """A local Discord whose population is set up but inactive."""
    process = SimProcess(tmp_path, "--quiet")
    process.client.set_population(True, speed=0.001)
    process.client.set_population(False)
    yield process
    process.close()


def find_guild_id(process: SimProcess, name: str) -> int:
    return next(guild.id for guild in process.client.get_snapshot().guilds if guild.name == name)


def write_history(process: SimProcess, name: str, **body: object) -> tuple[dict, list[dict]]:
    """Write the history file of one server step by step; return the summary of `past/begin` and the lines."""
    import_job = process.client.call("past/begin", guild_id=str(find_guild_id(process, name)), **body)
    deadline = time.monotonic() + IMPORT_TIMEOUT_SECONDS
    while not process.client.call("past/step", key=import_job["key"])["done"]:
        assert time.monotonic() < deadline, f"the history took more than {IMPORT_TIMEOUT_SECONDS} s"
    (summary,) = import_job["guilds"]
    finished = process.client.call("past/finish", key=import_job["key"])
    assert finished["written"] == summary["messages"]
    (path,) = finished["paths"]
    return summary, [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_file_has_every_message_and_every_kind_and_is_equal_when_repeated(populated_sim):
    summary, lines = write_history(populated_sim, "Pixel Forge", days=12)
    begin, end = (datetime.fromisoformat(summary[side]) for side in ("from", "to"))
    assert begin == (end - 12 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    header, *lines = lines
    assert (header["from"], header["to"]) == (summary["from"], summary["to"])
    assert {line["kind"] for line in lines} == {*header["kinds"], "member"}
    profile = next(profile for profile in SERVER_PROFILES if profile.name == "Pixel Forge")
    expected = generate_history(profile, end, begin=begin, end=end)
    names = {line["user_id"]: line["name"] for line in lines if line["kind"] == "member"}
    messages = [line for line in lines if line["kind"] == "message"]
    assert Counter((names[line["user_id"]], int(line.get("thread_id", 0))) for line in messages) == Counter(
        (message.author, message.thread) for message in expected.messages
    )
    assert all(begin <= to_datetime(int(line["id"])) + timedelta(seconds=1) < end + DAY for line in messages)
    assert any(line["reply"] for line in messages)
    assert sum(line["kind"] == "thread" for line in lines) == len(expected.threads)
    joined_ids = {line["user_id"] for line in lines if line["kind"] == "join"}
    assert {member.name for member in expected.joined_members} == {names[id_] for id_ in joined_ids if id_ in names}
    assert write_history(populated_sim, "Pixel Forge", days=12) == (summary, [header, *lines])


def test_members_have_one_voice_session_at_a_time_and_counts_follow_joins_and_leaves(populated_sim):
    _, (_, *lines) = write_history(populated_sim, "Comet Arcade", days=20)
    ends: dict[str, datetime] = {}
    voice_lines = [line for line in lines if line["kind"] == "voice"]
    for line in sorted(voice_lines, key=lambda line: line["at"]):
        at = datetime.fromisoformat(line["at"])
        assert ends.get(line["user_id"], at) <= at
        ends[line["user_id"]] = at + timedelta(seconds=line["seconds"])
    assert len(voice_lines) > 100
    counts = [line for line in lines if line["kind"] == "members"]
    changes: Counter[str] = Counter()
    for line in lines:
        if line["kind"] in ("join", "leave") and line["at"] > counts[0]["at"] and line["at"] <= counts[-1]["at"]:
            changes[line["kind"]] += 1
    assert counts[-1]["count"] - counts[0]["count"] == changes["join"] - changes["leave"]


async def test_live_message_is_still_the_newest_after_the_history_is_written(populated_sim):
    async with connect_bot(populated_sim) as bot:
        guild = await asyncio.to_thread(find_guild_id, populated_sim, "Garden Club")
        channels = (await asyncio.to_thread(populated_sim.client.get_guild, guild))["channels"]
        channel = next(int(guild_channel["id"]) for guild_channel in channels if guild_channel["name"] == "general")
        owner = (await asyncio.to_thread(populated_sim.client.get_snapshot)).personas["owner"]
        message_id = await asyncio.to_thread(populated_sim.client.send_message, channel, owner)
        await asyncio.to_thread(write_history, populated_sim, "Garden Club", days=30)
        message_ids = [message.id async for message in bot.get_channel(channel).history(limit=100)]
        assert message_ids[0] == message_id
        assert len(message_ids) == len(set(message_ids)) == 100
        assert message_ids == sorted(message_ids, reverse=True)


async def test_history_can_end_on_an_earlier_day_or_cover_every_server(populated_sim):
    async with connect_bot(populated_sim):
        earlier_day = (datetime.now(UTC) - 5 * DAY).date().isoformat()
        summary, _ = await asyncio.to_thread(write_history, populated_sim, "Petit Fournil", days=3, until=earlier_day)
        assert summary["to"] == f"{earlier_day}T00:00:00+00:00"
        import_job = await asyncio.to_thread(populated_sim.client.call, "past/begin", days=1)
        assert {guild["name"] for guild in import_job["guilds"]} == {profile.name for profile in SERVER_PROFILES}


def test_unknown_server_or_import_key_is_refused(populated_sim):
    other_guild_id = populated_sim.client.create_guild("Quiet")
    with pytest.raises(BadRequest, match=texts.format_no_history("Quiet")):
        populated_sim.client.call("past/begin", guild_id=str(other_guild_id), days=3)
    with pytest.raises(NotFound, match=texts.HISTORY_INTERRUPTED):
        populated_sim.client.call("past/step", key="lost")
