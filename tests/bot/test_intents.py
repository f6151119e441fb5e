"""Without a privileged intent the bot counts all other events, reads joins from join messages and reports the intent."""

from datetime import datetime, timedelta

import pytest

from herwa_shared.analytics.coverage import Coverage, CoverageLevel, load_collection_record
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.clock import utc_now
from herwa_shared.stores import Stores
from tests.support.bot_process import BotProcess, list_connected_sessions, run_bot_process, wait_until
from tests.support.db_assertions import fetch_rows, list_events, list_message_events, wait_until_stored
from tests.support.sample_server import SampleServer
from tests.support.sim_process import SimProcess

MEMBERS_INTENT = 1 << 1
NEWEST_SESSION_QUERY = "SELECT intents FROM gateway_session ORDER BY id DESC LIMIT 1"
DETAIL_QUERY = "SELECT detail FROM process WHERE pid = :pid AND stopped_at IS NULL"
MISSING_INTENT_LOG = "Discord does not grant the server members intent: leaves are not counted, joins only from join"
HIDDEN_FROM_EVERYONE = {"type": 0, "allow": "0", "deny": str(1 << 10)}


async def get_missing_intents(stores, bot) -> list[str] | None:
    """Return the missing intents in the bot's heartbeat, or None without a heartbeat."""
    rows = await fetch_rows(stores, DETAIL_QUERY, pid=bot.pid)
    return rows[0][0].get("missing_intents") if rows else None


@pytest.mark.slow
async def test_missing_intent_is_detected_before_discord_closes_the_connection(stores, settings, own_sim):
    own_sim.client.set_application(privileged=[])
    server = SampleServer(own_sim.client)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_for_log(MISSING_INTENT_LOG)
        await bot.wait_until_ready()
        member = own_sim.client.join(server.id, "carla")
        own_sim.client.send_message(server.channel, member)
        await wait_until_stored(stores, bot)
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), ["members"]))
        await wait_until(lambda: _has_intents(stores, granted=False))
        assert await bot.stop() == 0
    assert len(await list_message_events(stores, server.id)) == 1
    assert await list_events(stores, server.id, "join", "leave") == []
    assert "Traceback" not in bot.read_log()


@pytest.mark.slow
async def test_revoked_intent_stops_only_its_own_events(stores, settings, own_sim):
    server = SampleServer(own_sim.client)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), []))
        await wait_until(lambda: _has_intents(stores, granted=True))
        own_sim.client.join(server.id, "carla")
        await wait_until_stored(stores, bot)
        await revoke_members_intent(stores, own_sim, bot)
        own_sim.client.join(server.id, "dora")
        own_sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), ["members"]))
        await wait_until(lambda: _has_intents(stores, granted=False))
    assert len(await list_events(stores, server.id, "join")) == 1
    assert len(await list_message_events(stores, server.id)) == 1


async def revoke_members_intent(stores: Stores, sim: SimProcess, bot: BotProcess) -> None:
    """Revoke the intent while the bot runs, and wait for its session without the intent.

    The events of before are stored, and the session with the intent is recorded until now.
    """
    await wait_until_stored(stores, bot)
    now = utc_now()
    await wait_until(lambda: _has_heartbeat(stores, now))
    sim.client.set_application(privileged=[])
    sim.client.invalidate_sessions()
    await bot.wait_for_log(MISSING_INTENT_LOG)
    await wait_until(lambda: list_connected_sessions(sim), bot)
    await wait_until(lambda: _has_intents(stores, granted=False))


class MemberJournal:
    """Lets members join a server and write, and notes which joins must be counted and when joins must be covered."""

    def __init__(self, stores: Stores, sim: SimProcess, server: SampleServer) -> None:
        self.expected_joins: list[int] = []
        self.expected_coverage: dict[str, bool] = {}
        self.authors: list[int] = []
        self._stores, self._sim, self._server = stores, sim, server
        self._moments: dict[str, datetime] = {}

    async def join(self, bot: BotProcess, name: str, *, counted: bool, at: datetime | None = None) -> int:
        """Let a member join, as of `at` or now, and write a message. `counted`: joins are covered now."""
        user = self._sim.client.join(self._server.id, name, at=at)
        self._sim.client.send_message(self._server.channel, user)
        await wait_until_stored(self._stores, bot)
        self._moments[name], self.expected_coverage[name] = utc_now(), counted
        self.expected_joins += [user] * counted
        self.authors.append(user)
        return user

    async def load_coverage(self, metric: Metric) -> dict[str, bool]:
        """Load whether the metric was covered after each join, as of a time at which no stopped bot counts as running."""
        now = utc_now() + timedelta(seconds=31)
        record = await load_collection_record(
            self._stores.database, self._server.id, min(self._moments.values()), now, now=now
        )
        coverage = record.build_coverage(get_definition(metric), {})
        return {name: is_covered(coverage, moment) for name, moment in self._moments.items()}


@pytest.mark.slow
async def test_joins_are_counted_exactly_while_join_messages_are_readable(stores, settings, own_sim):
    client, server = own_sim.client, SampleServer(own_sim.client)
    welcome = client.create_channel(server.id, "welcome")
    client.update_guild(server.id, system_channel_id=welcome)
    journal = MemberJournal(stores, own_sim, server)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until(lambda: _has_intents(stores, granted=True))
        carla = await journal.join(bot, "carla", counted=True)
        client.leave(server.id, carla)
        await revoke_members_intent(stores, own_sim, bot)

        client.join(server.id, "another-robot", bot=True)
        dora = await journal.join(bot, "dora", counted=True, at=utc_now() - timedelta(minutes=5))
        client.leave(server.id, dora)
        await journal.join(bot, "dora", counted=True)
        client.call(
            "channel/overwrites", channel_id=str(welcome), overwrites=[HIDDEN_FROM_EVERYONE | {"id": str(server.id)}]
        )
        await journal.join(bot, "hidden", counted=False)
        client.call("channel/overwrites", channel_id=str(welcome), overwrites=[])
        await journal.join(bot, "visible", counted=True)
        client.update_guild(server.id, system_channel_flags=0b0001)
        await journal.join(bot, "switched-off", counted=False)
        client.update_guild(server.id, system_channel_flags=0b1110)
        await journal.join(bot, "switched-on", counted=True)
        client.delete_channel(welcome)
        await journal.join(bot, "deleted-channel", counted=False)
        client.update_guild(server.id, system_channel_id=server.channel)
        await journal.join(bot, "other-channel", counted=True)
        assert await bot.stop() == 0
    client.update_guild(server.id, system_channel_flags=0b0001)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        started_at = utc_now()
        await wait_until(lambda: _has_heartbeat(stores, started_at))
        await journal.join(bot, "switched-off-meanwhile", counted=False)
        client.update_guild(server.id, system_channel_flags=0)
        await journal.join(bot, "switched-on-again", counted=True)
        assert await bot.stop() == 0
    client.set_application(privileged=["members"])
    client.update_guild(server.id, system_channel_flags=0b0001)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until(lambda: _has_intents(stores, granted=True))
        client.leave(server.id, await journal.join(bot, "granted", counted=True))
        await wait_until_stored(stores, bot)
        assert await bot.stop() == 0

    assert [row.user for row in await list_events(stores, server.id, "join")] == journal.expected_joins
    assert [row.user for row in await list_events(stores, server.id, "message")] == journal.authors
    assert len(await list_events(stores, server.id, "leave")) == 2, "only with the intent"
    assert await journal.load_coverage(Metric.JOINS) == journal.expected_coverage
    assert [name for name, covered in (await journal.load_coverage(Metric.LEAVES)).items() if covered] == [
        "carla",
        "granted",
    ]
    assert "Traceback" not in bot.read_log()


def is_covered(coverage: Coverage, moment: datetime) -> bool:
    return coverage.get_level(moment, moment + timedelta(milliseconds=1)) is CoverageLevel.FULL


async def _is_equal(awaitable, expected) -> bool:
    return await awaitable == expected


async def _has_intents(stores, *, granted: bool) -> bool:
    """Whether the newest gateway session has, or has not, the members intent."""
    rows = await fetch_rows(stores, NEWEST_SESSION_QUERY)
    return bool(rows and rows[0][0]) and bool(rows[0][0] & MEMBERS_INTENT) is granted


async def _has_heartbeat(stores, moment: datetime) -> bool:
    """Whether the newest gateway session is recorded beyond the moment."""
    rows = await fetch_rows(
        stores, "SELECT seen_at > :moment FROM gateway_session ORDER BY id DESC LIMIT 1", moment=moment
    )
    return bool(rows and rows[0][0])
