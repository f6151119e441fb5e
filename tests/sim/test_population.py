"""The simulated population: members, servers, activity over the day, kinds of events."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_sim import permissions
from herwa_sim.behavior.activity_profile import get_activity_level, get_timezone
from herwa_sim.behavior.member_profiles import list_member_profiles
from herwa_sim.persistence import dump_world, load_world
from herwa_sim.population import Population
from herwa_sim.presets import SERVER_PROFILES
from herwa_sim.world import PERSONAS, World
from tests.sim.recording_bot import connect_bot, wait_until
from tests.support import gateway_schemas
from tests.support.sim_process import SimProcess

pytestmark = pytest.mark.slow

EXPECTED_EVENTS = {
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_REACTION_ADD",
    "MESSAGE_REACTION_REMOVE",
    "THREAD_CREATE",
    "VOICE_STATE_UPDATE",
    "GUILD_MEMBER_ADD",
    "GUILD_MEMBER_REMOVE",
    "PRESENCE_UPDATE",
}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def world() -> World:
    """A world whose population is set up, before any simulated action."""
    world = World()
    Population(world).set_up()
    return world


def simulate(world: World, now: datetime, *, seconds: float) -> list[tuple[float, str, int | None]]:
    """Simulate this time of day; return (elapsed seconds, event name, guild id) per event."""
    events: list[tuple[float, str, int | None]] = []
    population = Population(world)
    population.set_up()
    world.listeners.append(lambda event: events.append((population.elapsed, event.name, event.guild_id)))
    while population.elapsed < seconds:
        population.run_next_action(now)
    return events


def find_guild(world: World, name: str):
    return next(guild for guild in world.guilds.values() if guild.name == name)


def find_scripts(names: set[str]) -> set[str]:
    """Find the writing systems, and emoji, that occur in the names."""
    scripts = {
        "latin": (0x41, 0x24F),
        "greek": (0x370, 0x3FF),
        "cyrillic": (0x400, 0x4FF),
        "hebrew": (0x590, 0x5FF),
        "arabic": (0x600, 0x6FF),
        "devanagari": (0x900, 0x97F),
        "kana": (0x3040, 0x30FF),
        "han": (0x4E00, 0x9FFF),
        "hangul": (0xAC00, 0xD7AF),
        "emoji": (0x1F300, 0x1FAFF),
    }
    letters = {ord(letter) for name in names for letter in name}
    return {
        script
        for script, (first_code_point, last_code_point) in scripts.items()
        if any(first_code_point <= code_point <= last_code_point for code_point in letters)
    }


def test_servers_differ_in_size_and_language(world):
    sizes = {profile.name: len(find_guild(world, profile.name).members) for profile in SERVER_PROFILES}
    assert sizes["Petit Fournil"] < 12
    assert sizes["Comet Arcade"] > 1500
    assert len({profile.locale.split("-")[0] for profile in SERVER_PROFILES}) == 5
    assert len({profile.timezone for profile in SERVER_PROFILES}) == 6


def test_each_persona_has_the_documented_servers_and_permissions(world):
    def list_guild_names(persona: str, mask: int = 0) -> set[str]:
        user_id = PERSONAS[persona]
        return {
            guild.name
            for guild in world.guilds.values()
            if user_id in guild.members
            and permissions.compute_guild_permissions(guild, guild.members[user_id]) & mask == mask
            and world.has_bot(guild)
        }

    assert len(list_guild_names("owner", ADMINISTRATOR)) == 5
    assert list_guild_names("manager") == list_guild_names("manager", MANAGE_GUILD) == {"Garden Club", "Café Políglota"}
    assert find_guild(world, "Café Políglota").owner_id not in PERSONAS.values()
    assert len(list_guild_names("member")) == 3
    assert list_guild_names("member", MANAGE_GUILD) == set()
    assert list_guild_names("operator") == {"Comet Arcade"}
    assert list_guild_names("stranger") == set()
    without_the_bot = {guild.owner_id for guild in world.guilds.values() if not world.has_bot(guild)}
    assert without_the_bot == {PERSONAS["owner"], PERSONAS["stranger"]}


def test_only_the_named_members_have_badge_roles(world):
    club = find_guild(world, "Garden Club")
    members_by_role = {role.name: set() for role in club.roles.values()}
    for member in club.members.values():
        for role_id in member.roles:
            members_by_role[club.roles[role_id].name].add(world.get_user(member.user_id).name)
    assert members_by_role["Support"] == {"Fern", "Hazel"}
    assert members_by_role["New Members"] == {"member", "Poppy", "Zinnia"}


def test_names_use_every_script_and_some_are_hostile(world):
    names = {user.name for user in world.users.values()}
    assert len(find_scripts(names)) == 10
    assert HOSTILE in names
    assert max(map(len, names)) == 32, "Discord allows at most 32 characters"
    threads = {thread.name for guild in world.guilds.values() for thread in guild.threads.values()}
    assert any("<script>" in name for name in threads)


@pytest.mark.parametrize("profile", SERVER_PROFILES, ids=lambda profile: profile.name)
def test_names_of_members_and_channels_are_unique_in_a_server(profile):
    names = [member.name for member in list_member_profiles(profile, utc_now())]
    assert len(names) == len(set(names)) == profile.size
    assert len({channel.name for channel in profile.channels}) == len(profile.channels)
    assert {
        profile.greeting_channel,
        profile.questions.channel,
        *(channel for channel, _ in profile.permanent_threads),
    } <= {channel.name for channel in profile.channels}


@pytest.mark.parametrize("profile", SERVER_PROFILES, ids=lambda profile: profile.name)
def test_local_evenings_are_more_active_than_nights(profile):
    def get_level(hour: int) -> float:
        return get_activity_level(profile, datetime(2024, 1, 10, hour, tzinfo=get_timezone(profile)))

    assert get_level(int(profile.peak_hour)) > 5 * get_level(4)
    monday = datetime(2024, 1, 8, tzinfo=UTC)
    assert sum(
        get_activity_level(profile, monday + timedelta(hours=hour)) for hour in range(168)
    ) / 168 == pytest.approx(1, 0.05)


def test_repeated_setup_changes_nothing(world):
    initial_dump = dump_world(world)
    Population(world).set_up()
    assert dump_world(world) == initial_dump


def test_setup_of_a_saved_world_creates_only_what_is_missing(world, tmp_path):
    (tmp_path / "world.json").write_bytes(dump_world(world))
    loaded_world = load_world(tmp_path / "world.json")
    garden_club = find_guild(loaded_world, "Garden Club")
    deleted_channel = next(channel for channel in garden_club.channels.values() if channel.name == "roses")
    del garden_club.channels[deleted_channel.id], loaded_world.channels[deleted_channel.id]
    Population(loaded_world).set_up()
    assert deleted_channel.id in loaded_world.channels
    assert {guild.id: set(guild.members) for guild in loaded_world.guilds.values()} == {
        guild.id: set(guild.members) for guild in world.guilds.values()
    }


def test_simulation_is_deterministic():
    now = utc_now()
    assert simulate(World(), now, seconds=600) == simulate(World(), now, seconds=600)


def test_every_event_kind_occurs_within_six_hours(world):
    events = simulate(world, utc_now(), seconds=6 * 3600)
    assert {name for _, name, _ in events} >= EXPECTED_EVENTS


def test_personas_do_not_act_in_the_simulation(world):
    simulate(world, utc_now(), seconds=2 * 3600)
    speakers = {message.author_id for recent in world.messages.values() for message in recent}
    assert not speakers & set(PERSONAS.values())
    assert not {user_id for guild in world.guilds.values() for user_id in guild.voice} & set(PERSONAS.values())


@pytest.mark.parametrize("hour", [2, 8, 14, 20])
def test_big_servers_are_active_all_the_time_below_three_events_a_second(world, hour):
    begin = 300.0  # by then members have reached their usual channels
    events = [event for event in simulate(world, utc_now().replace(hour=hour), seconds=1500) if event[0] > begin]
    assert len(events) < 3 * 1200, "at most three events a second"
    for name in ("Comet Arcade", "Pixel Forge"):
        guild = find_guild(world, name)
        active_slots = {int(elapsed // 10) for elapsed, _, guild_id in events if guild_id == guild.id}
        assert len(active_slots) > 0.75 * 120, f"events in more than 75% of the ten-second slots of {name}"


def test_voice_is_full_in_the_evening_and_nearly_empty_at_night():
    def count_voice_members(hour: int) -> int:
        world = World()
        profile = next(profile for profile in SERVER_PROFILES if profile.name == "Comet Arcade")
        simulate(world, utc_now().astimezone(get_timezone(profile)).replace(hour=hour), seconds=1800)
        return len(find_guild(world, profile.name).voice)

    assert count_voice_members(21) > 15
    assert 1 <= count_voice_members(4) < 8


def test_members_are_in_one_voice_channel_at_a_time_and_leave(world):
    def load_sessions_by_user() -> dict[int, str]:
        return {user_id: state.session_id for guild in world.guilds.values() for user_id, state in guild.voice.items()}

    simulate(world, utc_now(), seconds=900)
    early_sessions = load_sessions_by_user()
    assert len(early_sessions) == sum(len(guild.voice) for guild in world.guilds.values()), (
        "each member is in one channel"
    )
    simulate(world, utc_now(), seconds=2 * 3600)
    assert not set(load_sessions_by_user().values()) & set(early_sessions.values()), (
        "no session is longer than 90 minutes"
    )


@pytest.mark.slow
async def test_bot_receives_simulated_activity_as_valid_events(tmp_path):
    process = await asyncio.to_thread(SimProcess, tmp_path)
    try:
        await asyncio.to_thread(process.client.read_journal, on=True)
        async with connect_bot(process) as bot:
            names = {guild.name for guild in bot.guilds}
            assert names == {profile.name for profile in SERVER_PROFILES}
            await asyncio.to_thread(process.client.set_population, True, speed=1000)
            await wait_until(lambda: {message.guild.name for message in bot.messages} == names, 60)
            await wait_until(lambda: any(message.webhook_id for message in bot.messages), 60)
            kinds = {"edit", "delete", "voice", "reaction", "thread", "member", "leave"}
            await wait_until(lambda: kinds <= {kind for kind, _ in bot.recorded_events}, 60)
            await asyncio.to_thread(process.client.set_population, False)
        journal = await asyncio.to_thread(process.client.read_journal, on=True)
        assert gateway_schemas.list_event_problems(journal.events) == []
    finally:
        await asyncio.to_thread(process.close)
