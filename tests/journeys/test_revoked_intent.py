"""The members intent is revoked while a real history arrives: all numbers are exact, and joins come from join messages."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_connect import get_client
from sqlalchemy import make_url

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import SUPPRESS_JOIN_MESSAGES_FLAG, Intents
from herwa_shared.embedded import lease_engines
from herwa_sim.client.client import SimClient
from tests.support.expected_numbers import HISTORY_FILE, assert_matches, load_window
from tests.support.running_copy import GuildApiClient, RunningCopy, open_running_copy

SUMMER, SPRING = ("2021-05-01", "2021-08-01"), ("2024-02-29", "2024-04-16")
EVENTS_BEFORE_THE_REVOCATION = 8_000  # of 19,037 in the summer
MEMBER_COUNT, REJOIN_COUNT, BOT_COUNT = 40, 5, 3
COHORTS_SQL = """
SELECT formatDateTime(first, '%Y-%m'), count() FROM (
    SELECT user_id, min(hour) AS first FROM activity_hourly
    WHERE guild_id = {guild:UInt64} AND kind = 'message' GROUP BY user_id
) GROUP BY 1
"""


@pytest.fixture
def copy() -> Iterator[RunningCopy]:
    with open_running_copy() as copy:
        copy.start_all()
        yield copy
        copy.stop_all()


@pytest.fixture
def sim(copy: RunningCopy) -> Iterator[SimClient]:
    with closing(copy.open_sim_client()) as client:
        yield client


def revoke_members_intent(copy: RunningCopy, sim: SimClient) -> None:
    """Revoke the intent, and wait for the bot's session without it."""
    sim.set_application(privileged=[])
    sim.invalidate_sessions()

    def has_session() -> bool:
        sessions = [session for session in sim.get_snapshot().sessions if session.connected]
        return bool(sessions) and not any(session.intents & Intents.GUILD_MEMBERS for session in sessions)

    copy.wait_until(has_session, "the session without the members intent")


def count_first_months() -> Counter[str]:
    """Count the authors of both windows by the month (UTC) of their first message, from the file."""
    first_messages: dict[str, datetime] = {}
    with gzip.open(HISTORY_FILE, "rt") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
            if any(start <= f"{at:%Y-%m-%d}" < end for start, end in (SUMMER, SPRING)):
                first_messages[row["author"]] = min(at, first_messages.get(row["author"], at))
    return Counter(f"{at:%Y-%m}" for at in first_messages.values())


def query_first_months(copy: RunningCopy, guild_id: str) -> dict[str, int]:
    """Count the same from the stored rows."""
    with lease_engines(copy.settings, copy.folder) as lease:
        url = make_url(lease.urls.clickhouse_writer)
        with closing(
            get_client(
                host=url.host, port=url.port, username=url.username, password=url.password, database=url.database
            )
        ) as clickhouse:
            return dict(clickhouse.query(COHORTS_SQL, parameters={"guild": int(guild_id)}).result_rows)


def create_lively_server(sim: SimClient, name: str, *, system_channel_flags: int) -> str:
    """Create a server which members join, leave and join again, with bots; each member writes one message."""
    guild_id = sim.create_guild(name)
    channel = sim.create_channel(guild_id, "welcome")
    sim.update_guild(guild_id, system_channel_id=channel, system_channel_flags=system_channel_flags)
    now = utc_now()
    for number in range(BOT_COUNT):
        sim.join(guild_id, f"{name} robot {number}", bot=True)
    for number in range(MEMBER_COUNT):
        user = sim.join(guild_id, f"{name} {number}", at=now - timedelta(minutes=5))
        sim.send_message(channel, user)
        if number < REJOIN_COUNT:
            sim.leave(guild_id, user)
            sim.join(guild_id, f"{name} {number}")
    return str(guild_id)


def get_recent_stats(api: GuildApiClient, metric: str) -> tuple[int, list[int | None]]:
    """Get the total of yesterday and today, and the points that are no gaps."""
    today = utc_now().date()
    window = {"from": today - timedelta(days=1), "to": today + timedelta(days=1)}
    stats = api.get("/stats", metric=metric, interval="day", **window)
    return stats["total"], [point["value"] for point in stats["points"] if point["value"] is not None]


@pytest.mark.slow
def test_numbers_are_exact_although_the_members_intent_is_revoked_half_way(copy, sim):
    with ThreadPoolExecutor(1) as executor:
        replay = executor.submit(copy.replay, HISTORY_FILE, "Real server", *SUMMER)
        copy.wait_until(
            lambda: any(session.sequence > EVENTS_BEFORE_THE_REVOCATION for session in sim.get_snapshot().sessions),
            "the first half of the summer",
        )
        revoke_members_intent(copy, sim)
        assert not replay.done()
        guild_id = replay.result()["guild_id"]
    copy.replay(HISTORY_FILE, "Real server", *SPRING)
    announced_id = create_lively_server(sim, "Announced", system_channel_flags=0)
    silent_id = create_lively_server(sim, "Silent", system_channel_flags=SUPPRESS_JOIN_MESSAGES_FLAG)
    copy.drain()

    api = copy.create_api_client(guild_id)
    assert_matches(api, load_window("2021-05-01"))
    assert_matches(api, load_window("2024-03-01"))
    assert query_first_months(copy, guild_id) == count_first_months()

    for server_id in (announced_id, silent_id):
        api = copy.create_api_client(server_id)
        for metric in ("messages", "active_members"):
            assert sum(get_recent_stats(api, metric)[1]) == MEMBER_COUNT
    total, points = get_recent_stats(copy.create_api_client(announced_id), "joins")
    assert total == sum(points) == MEMBER_COUNT + REJOIN_COUNT

    def has_gap(server_id: str, metric: str) -> bool:
        return get_recent_stats(copy.create_api_client(server_id), metric) == (0, [])

    copy.wait_until(lambda: has_gap(silent_id, "joins"), "the gap of joins")
    copy.wait_until(lambda: has_gap(announced_id, "leaves"), "the gap of leaves")
