"""The demo history that is imported at the first start: its numbers match the generator's, also after a second import."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from herwa.commands.demo_history import import_demo_history
from herwa.texts import startup
from herwa_shared.embedded import lease_engines
from herwa_sim.behavior.history_generator import ServerHistory, generate_history
from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.client.client import SimClient
from herwa_sim.presets import SERVER_PROFILES
from tests.support.configurable_copy import ConfigurableCopy, open_copy

DEMO_DAYS = 14
PROFILES_BY_NAME = {profile.name: profile for profile in SERVER_PROFILES}


@pytest.fixture(scope="module")
def demo() -> Iterator[ConfigurableCopy]:
    """A copy that imported the demo history at its first start."""
    with open_copy(HERWA_DEMO_DAYS=str(DEMO_DAYS)) as copy:
        copy.launch()
        copy.wait_for_output(f"imported {DEMO_DAYS} days of history into 6 servers")
        yield copy


@pytest.fixture(scope="module")
def sim(demo: ConfigurableCopy) -> Iterator[SimClient]:
    client = demo.open_sim_client()
    yield client
    client.close()


def get_guild_id(sim: SimClient, name: str) -> int:
    return next(guild.id for guild in sim.get_snapshot().guilds if guild.name == name)


def generate_full_days(sim: SimClient, profile: ServerProfile) -> tuple[ServerHistory, date, date]:
    """Generate the history of the full days before the first start; return it with its first day and end day."""
    response = sim.call("past/begin", guild_id=str(get_guild_id(sim, profile.name)), days=DEMO_DAYS)
    (guild_period,) = response["guilds"]
    starts_at, ends_at = (datetime.fromisoformat(guild_period[key]) for key in ("from", "to"))
    midnight = ends_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return generate_history(profile, ends_at, begin=starts_at, end=midnight), starts_at.date(), midnight.date()


def assert_matches_generator(copy: ConfigurableCopy, sim: SimClient, profile: ServerProfile) -> None:
    expected, first_day, end_day = generate_full_days(sim, profile)
    member_messages = [message for message in expected.messages if message.author != profile.bot_name]
    api = copy.create_api_client(str(get_guild_id(sim, profile.name)))
    window = {"from": first_day.isoformat(), "to": end_day.isoformat(), "timezone": "UTC", "interval": "day"}

    def count_by_day(timestamps: list[datetime]) -> dict[str, int]:
        counts = Counter(timestamp.astimezone(UTC).date() for timestamp in timestamps)
        all_days = [first_day + timedelta(days=offset) for offset in range((end_day - first_day).days)]
        return {f"{day}T00:00:00+00:00": counts[day] for day in all_days}

    assert api.get_points("messages", **window) == count_by_day([message.sent_at for message in member_messages])
    assert api.get_points("threads", **window) == count_by_day([thread.sent_at for thread in expected.threads])
    for metric in ("reactions", "voice_minutes", "joins", "leaves", "members"):
        points = api.get_points(metric, **window)
        assert None not in points.values(), metric
        assert sum(points.values()) > 0, metric
    assert sum(api.get_points("joins", **window).values()) >= len(expected.joined_members)
    active_members = api.get("/stats", metric="active_members", **window)["total"]
    assert active_members == len({message.author for message in member_messages})
    ranking = api.get(
        "/top/members", metric="messages", limit=5, **{key: window[key] for key in ("from", "to", "timezone")}
    )
    counts_by_author = Counter(message.author for message in member_messages)
    assert [item["value"] for item in ranking["items"]] == [count for _, count in counts_by_author.most_common(5)]
    assert all(counts_by_author[item["name"]] == item["value"] for item in ranking["items"])


@pytest.mark.slow
def test_demo_history_matches_the_generator_after_one_and_two_imports(demo, sim):
    profile = PROFILES_BY_NAME["Comet Arcade"]
    demo.drain()
    assert_matches_generator(demo, sim, profile)
    guild_id = str(get_guild_id(sim, profile.name))
    response = sim.call("past/begin", guild_id=guild_id, days=DEMO_DAYS)
    while not sim.call("past/step", key=response["key"])["done"]:
        pass
    (path,) = sim.call("past/finish", key=response["key"])["paths"]
    assert json.loads(demo.check_output("import", path, "--guild", guild_id))["guild_id"] == guild_id
    demo.drain()
    assert_matches_generator(demo, sim, profile)


@pytest.mark.slow
def test_today_has_messages_and_simulated_members_continue(demo, sim):
    api = demo.create_api_client(str(get_guild_id(sim, "Comet Arcade")))
    assert api.get("/stats")["timezone"] == PROFILES_BY_NAME["Comet Arcade"].timezone
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    window = {"from": yesterday.isoformat(), "interval": "hour", "timezone": "UTC"}
    end_day = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert sum(value or 0 for value in api.get_points("messages", to=end_day, **window).values()) > 20
    previous_sequence = sim.get_snapshot().sessions[0].sequence
    demo.wait_until(lambda: sim.get_snapshot().sessions[0].sequence > previous_sequence, "a new gateway event")


@pytest.mark.slow
def test_import_reports_progress_in_few_lines(demo):
    output = demo.read_output()
    for profile in SERVER_PROFILES:
        assert startup.format_import_started(DEMO_DAYS, profile.name) in output
    assert output.count("messages") < 30


@pytest.mark.slow
async def test_import_skips_existing_history_and_zero_days(demo):
    lines: list[str] = []
    with lease_engines(demo.settings, demo.folder) as lease:
        for days in (DEMO_DAYS, 0):
            settings = demo.settings.model_copy(update={"demo_days": days})
            assert await import_demo_history(settings, demo.folder, lease.urls.database, lines.append) == {}
    assert lines == []


@pytest.mark.slow
def test_next_start_completes_an_interrupted_import():
    with open_copy(HERWA_DEMO_DAYS=str(DEMO_DAYS)) as copy:
        copy.launch()
        copy.wait_for_output(startup.format_import_started(DEMO_DAYS, "Pixel Forge"))
        copy.restart_after_kill()
        copy.wait_for_output(f"imported {DEMO_DAYS} days of history")
        copy.drain()
        sim = copy.open_sim_client()
        assert_matches_generator(copy, sim, PROFILES_BY_NAME["Pixel Forge"])
        sim.close()
