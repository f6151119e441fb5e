"""A population that does everything: each metric equals an independent count, in every window, interval and zone.

The local Discord sends the events shuffled and repeated. `tests/support/population.py` counts in plain Python what was
sent.
"""

import asyncio
import random
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.kpis import query_kpis
from herwa_shared.analytics.metric_definitions import MEMBER_METRICS, Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_members
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.catalog import FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.models import SupportChannel
from herwa_shared.services.features import set_feature
from tests.support.db_assertions import fetch_rows, move_buffer, wait_until_stored
from tests.support.event_factories import build_snowflake
from tests.support.member_client import MANAGER
from tests.support.population import (
    COMMAND,
    DENIED,
    JOIN,
    LEAVE,
    MEMBERS,
    MESSAGE,
    REACTION,
    THREAD,
    VOICE,
    ReferencePopulation,
    TicketRecord,
    build_label,
)
from tests.support.row_factories import add_imported_period
from tests.support.waiting import wait_until

SEED, PAST_DAYS = 11, 9
VOICE_TYPE, STAGE_TYPE, FORUM_TYPE = 2, 13, 15
BOOST_TYPE = 8
ZONES = [
    pytest.param(ZoneInfo("UTC"), marks=pytest.mark.slow),
    pytest.param(ZoneInfo("America/New_York"), marks=pytest.mark.slow),
    ZoneInfo("Asia/Kolkata"),
]
STORED_QUERY = """
SELECT kind, user_id, channel_id, at_ms, value FROM event_buffer WHERE guild_id = :g AND kind LIKE :kind
"""


KINDS_SQL = """
SELECT toString(kind) AS name, sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64} GROUP BY name
"""
# One message of a bot is the reply to `/server-stats`.
EXPECTED_COUNTS = {"message_bot": 21, "message_webhook": 20, "boost": 20, "message_edit": 2, "message_delete": 2}


class Town:
    """A guild whose members do everything; `population` counts it."""

    def __init__(self, members, bot) -> None:
        self.members, self.bot, self.client = members, bot, members.sim.client
        self.server, self.stores = members.server, members.stores
        self.random, self.population = random.Random(SEED), ReferencePopulation()
        self.now = utc_now()
        self.start = self.now - timedelta(days=PAST_DAYS)
        self.users = [self.server.ada, self.server.bob, *range(10**17 + 1, 10**17 + 8)]
        self.talk = self.client.create_channel(self.server.id, "talk")
        self.support = self.client.create_channel(self.server.id, "support", type_=FORUM_TYPE)
        self.payloads: list[tuple[str, dict]] = []
        self._counter = 0

    def pick_moment(self, start: datetime | None = None) -> datetime:
        """Pick a moment of the past, in milliseconds."""
        start = start or self.start
        seconds = self.random.uniform(0, (self.now - timedelta(minutes=5) - start).total_seconds())
        moment = start + timedelta(seconds=seconds)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def build_id(self, moment: datetime) -> int:
        self._counter += 1
        return build_snowflake(round(moment.timestamp() * 1000), low_bits=self._counter)

    def add_message(self, moment: datetime, user: int, channel: int, *, parent: int = 0, **changes) -> None:
        """Prepare a message of the past."""
        payload = {
            "id": str(self.build_id(moment)),
            "type": 0,
            "channel_id": str(channel),
            "guild_id": str(self.server.id),
            "author": {"id": str(user), "username": f"user{user}", "global_name": None},
            "member": {"nick": None},
            "content": "",
            "attachments": [],
            "edited_timestamp": None,
        } | changes
        self.payloads.append(("MESSAGE_CREATE", payload))
        if not changes:
            self.population.add(MESSAGE, moment, user, parent or channel)

    def prepare_messages(self) -> None:
        """Messages of members, and those that do not count: of a bot, a webhook, and a boost."""
        for _ in range(300):
            channel = self.random.choice([self.server.channel, self.server.channel, self.talk])
            self.add_message(self.pick_moment(), self.random.choice(self.users), channel)
        robot = {"id": str(self.server.robot), "username": "robot", "global_name": None, "bot": True}
        for _ in range(20):
            self.add_message(self.pick_moment(), self.server.ada, self.talk, author=robot)
            self.add_message(self.pick_moment(), self.server.ada, self.talk, webhook_id=str(10**16))
            self.add_message(self.pick_moment(), self.server.ada, self.talk, type=BOOST_TYPE)

    def prepare_joins(self) -> None:
        for user in self.users[2:]:
            moment = self.pick_moment()
            payload = {
                "guild_id": str(self.server.id),
                "user": {"id": str(user), "username": f"user{user}", "discriminator": "0", "avatar": None},
                "nick": None,
                "roles": [],
                "joined_at": moment.isoformat(),
                "deaf": False,
                "mute": False,
                "flags": 0,
            }
            self.payloads.append(("GUILD_MEMBER_ADD", payload))
            self.population.add(JOIN, moment, user)

    def open_tickets(self) -> None:
        """Threads of the past: in the forum they are tickets, and most of them get a response."""
        for number in range(30):
            channel = self.random.choice([self.talk, self.support, self.support])
            opener, helper = self.random.sample(self.users, 2)
            opened_at = self.pick_moment()
            thread = self.client.create_thread(
                channel, f"thread {number}", owner_id=opener, message_id=self.build_id(opened_at)
            )
            self.population.add(THREAD, opened_at, opener, channel)
            self.add_message(self.pick_moment(opened_at), opener, thread, parent=channel)
            responded_at = None
            for user in self.random.sample([helper, self.random.choice(self.users)], self.random.randint(0, 2)):
                moment = self.pick_moment(opened_at)
                self.add_message(moment, user, thread, parent=channel)
                if user != opener:
                    responded_at = min(moment, responded_at or moment)
            if channel == self.support:
                self.population.tickets.append(TicketRecord(opened_at, responded_at))

    def send_shuffled(self) -> None:
        """Send what was prepared in any order, some of it several times."""
        repeated = self.random.sample(self.payloads, len(self.payloads) // 3)
        payloads = [*self.payloads, *repeated]
        self.random.shuffle(payloads)
        for name, payload in payloads:
            self.client.dispatch(name, payload, guild_id=self.server.id)

    def live_today(self) -> None:
        """What has the time of its reception: reactions, leaves, voice; and messages of today."""
        for user in (self.server.ada, self.server.bob):
            message_id = self.client.send_message(self.server.channel, user)
            self.population.add(MESSAGE, utc_now(), user, self.server.channel)
            for emoji in ("👍", "tea:4711"):
                self.client.add_reaction(self.server.channel, message_id, self.server.ada, emoji)
                self.population.add(REACTION, utc_now(), self.server.ada, self.server.channel)
            self.client.edit_message(self.server.channel, message_id, length=5)
            self.client.delete_messages(self.server.channel, message_id)
        visitor = self.client.join(self.server.id, f"visitor{self.server.id}")
        self.population.add(JOIN, utc_now(), visitor)
        self.client.leave(self.server.id, visitor)
        self.population.add(LEAVE, utc_now(), visitor)
        self.visit_voice()

    def visit_voice(self) -> None:
        voice, afk = (self.client.create_channel(self.server.id, name, type_=VOICE_TYPE) for name in ("voice", "afk"))
        stage = self.client.create_channel(self.server.id, "stage", type_=STAGE_TYPE)
        self.client.update_guild(self.server.id, afk_channel_id=afk)
        self.client.move_member(self.server.id, self.server.ada, voice, muted=True)
        self.client.move_member(self.server.id, self.server.bob, afk)
        time.sleep(3.5)
        self.client.move_member(self.server.id, self.server.ada, stage, suppressed=True)
        time.sleep(2.5)
        for user in (self.server.ada, self.server.bob):
            self.client.move_member(self.server.id, user, None)

    async def run_commands(self) -> None:
        """Run commands that work, and some that are refused."""
        await self.run_command("help", COMMAND)
        await self.run_command("server-stats", COMMAND)
        await self.run_command("features list", DENIED)
        disable = partial(
            set_feature, guild_id=self.server.id, feature=FeatureKey.VOICE_STATS, enabled=False, actor=MANAGER
        )
        await self.members.run_in_transaction(disable)
        await self.members.wait_for_verdict("No", "voice-stats")
        await self.run_command("voice-stats", DENIED)

    async def run_command(self, command: str, kind: str) -> None:
        await self.members.run(command)
        self.population.add(kind, utc_now(), self.server.ada, self.server.channel)

    async def wait_for_sample(self) -> None:
        """Wait until the bot has stored the number of members, which it polls once a minute."""

        async def has_sample() -> bool:
            return bool(await fetch_rows(self.stores, STORED_QUERY, g=self.server.id, kind="member_count"))

        await wait_until(has_sample, description="a sample of the number of members", interval_seconds=0.2)

    async def read_clocked(self) -> None:
        """Take the seconds in voice, the samples and the fixtures' `/why` from the buffer: only the bot knows their times."""
        voice = await fetch_rows(self.stores, STORED_QUERY, g=self.server.id, kind="voice%")
        seconds = {kind: sum(row[4] for row in voice if row[0] == kind) for kind in {row[0] for row in voice}}
        assert 4 <= seconds["voice"] <= 8  # the times of reception, which a busy machine shifts
        assert 2 <= seconds["voice_muted"] <= 5
        assert 1 <= seconds["voice_audience"] <= 4
        assert 4 <= seconds["voice_afk"] <= 8
        rows = [row for row in voice if row[0] == "voice"]
        samples = await fetch_rows(self.stores, STORED_QUERY, g=self.server.id, kind="member_count")
        for kind, stored in ((VOICE, rows), (MEMBERS, samples)):
            for _, user, channel, at_ms, value in stored:
                self.population.add(kind, datetime.fromtimestamp(at_ms / 1000, self.now.tzinfo), user, channel, value)
        why = "SELECT user_id, channel_id, at_ms FROM event_buffer WHERE guild_id = :g AND command = 'why'"
        for user, channel, at_ms in await fetch_rows(self.stores, why, g=self.server.id):
            self.population.add(COMMAND, datetime.fromtimestamp(at_ms / 1000, self.now.tzinfo), user, channel)


@pytest.fixture
async def town(members, bot) -> Town:
    """A town after everything has happened and is in ClickHouse."""
    town = Town(members, bot)
    for user in (town.server.ada, town.server.bob):
        town.population.add(JOIN, utc_now(), user)
    async with town.stores.database.transaction() as session:
        marked_at = town.start - timedelta(days=1)
        session.add(SupportChannel(guild_id=town.server.id, channel_id=town.support, marked_at=marked_at))
    town.prepare_messages()
    town.prepare_joins()
    await asyncio.to_thread(town.open_tickets)
    await asyncio.to_thread(town.send_shuffled)
    await asyncio.to_thread(town.live_today)
    await town.run_commands()
    await town.wait_for_sample()
    await wait_until_stored(town.stores, bot)
    await town.read_clocked()
    await add_imported_period(town.stores, town.server.id, town.start - timedelta(days=1), utc_now())
    await move_buffer(town.stores)
    return town


def list_windows(town: Town) -> list[tuple[datetime, datetime]]:
    end = town.now + timedelta(days=1)
    cut = [town.pick_moment().replace(microsecond=0) for _ in range(4)]
    return [(town.start, end), (min(cut[:2]), max(cut[:2])), (min(cut[2:]), end)]


@pytest.mark.parametrize("zone", ZONES)
async def test_every_metric_equals_an_independent_count(town, zone: ZoneInfo):
    stores, guild_id, population = town.stores, town.server.id, town.population
    kinds = {happening.kind for happening in population.happenings}
    assert kinds == {COMMAND, DENIED, JOIN, LEAVE, MEMBERS, MESSAGE, REACTION, THREAD, VOICE}
    assert all(population.count(metric, town.start, town.now + timedelta(days=1)) is not None for metric in Metric)
    for start, end in list_windows(town):
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)  # noqa: PLW2901 - windows end with seconds
        for interval in Interval:
            query = ActivityQuery(guild_id, start, end, interval=interval, zone=zone)
            population.members_known_until = utc_now()  # the bot listens until now
            kpis = await query_kpis(stores.database, stores.clickhouse, query, comparison=None, metrics=list(Metric))
            for metric, kpi in zip(Metric, kpis, strict=True):
                place = (metric, start, end, interval, zone.key)
                series = await query_timeseries(
                    stores.database, stores.clickhouse, replace(query, metric=metric), now=utc_now()
                )
                expected = population.count_by_label(metric, start, end, interval=interval, zone=zone)
                values = {
                    build_label(point.start, interval, zone): None
                    if point.status is PointStatus.ESTIMATED
                    else point.value
                    for point in series.points
                }
                assert values.keys() == expected.keys(), place
                assert {label: value or 0 for label, value in values.items()} == {
                    label: value or 0 for label, value in expected.items()
                }, place
                total = population.count(metric, start, end)
                if series.is_estimated:
                    assert total is None, place
                else:
                    assert (series.total, kpi.total or 0) == (total or 0, total or 0), place


async def test_kinds_without_a_metric_are_counted_once(town):
    rows = (await town.stores.clickhouse.query(KINDS_SQL, parameters={"guild": town.server.id})).result_rows
    counts = dict(rows)
    assert {kind: counts[kind] for kind in EXPECTED_COUNTS} == EXPECTED_COUNTS


async def test_channels_and_members_equal_an_independent_count(town):
    stores, population, end = town.stores, town.population, town.now + timedelta(days=1)
    query = ActivityQuery(town.server.id, town.start.replace(microsecond=0), end.replace(microsecond=0))
    for metric in (Metric.MESSAGES, Metric.ACTIVE_MEMBERS, Metric.THREADS, Metric.COMMANDS, Metric.COMMANDS_DENIED):
        for channel in (town.server.channel, town.talk, town.support):
            series = await query_timeseries(
                stores.database, stores.clickhouse, replace(query, metric=metric, channel_id=channel)
            )
            assert series.total == population.count(metric, query.start, query.end, channel=channel), (metric, channel)
    for metric in set(MEMBER_METRICS) - {Metric.VOICE_MINUTES}:
        ranking = await rank_members(stores.database, stores.clickhouse, replace(query, metric=metric), limit=100)
        expected = population.count_by_user(metric, query.start, query.end)
        assert {item.id: item.value for item in ranking.items} == expected, metric
