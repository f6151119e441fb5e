"""People who live: who they are, when they are awake, and that everything they may do happens."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.clock import utc_now
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
    """Everybody is where they belong, and nothing has happened yet."""
    world = World()
    Population(world).set_up()
    return world


def simulate(world: World, now: datetime, *, seconds: float) -> list[tuple[float, str, int | None]]:
    """What happens in so many seconds at that hour: when, the event's name, and where."""
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
    sizes = {scene.name: len(find_guild(world, scene.name).members) for scene in SERVER_PROFILES}
    assert sizes["Petit Fournil"] < 12
    assert sizes["Comet Arcade"] > 1500
    assert len({scene.locale.split("-")[0] for scene in SERVER_PROFILES}) == 5
    assert len({scene.timezone for scene in SERVER_PROFILES}) == 6


def test_each_persona_is_where_the_log_in_page_says(world):
    def list_guild_names(persona: str, mask: int = 0) -> set[str]:
        user_id = PERSONAS[persona]
        return {
            guild.name
            for guild in world.guilds.values()
            if user_id in guild.members
            and permissions.compute_guild_permissions(guild, guild.members[user_id]) & mask == mask
            and world.has_bot(guild)
        }

    assert len(list_guild_names("owner", permissions.ADMINISTRATOR)) == 5
    assert (
        list_guild_names("manager")
        == list_guild_names("manager", permissions.MANAGE_GUILD)
        == {"Garden Club", "Café Políglota"}
    )
    assert find_guild(world, "Café Políglota").owner_id not in PERSONAS.values()
    assert len(list_guild_names("member")) == 3
    assert list_guild_names("member", permissions.MANAGE_GUILD) == set()
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


def test_names_come_in_every_script_and_some_mean_harm(world):
    names = {user.name for user in world.users.values()}
    assert len(find_scripts(names)) == 10
    assert HOSTILE in names
    assert max(map(len, names)) == 32, "as long as Discord lets them be"
    threads = {thread.name for guild in world.guilds.values() for thread in guild.threads.values()}
    assert any("<script>" in name for name in threads)


@pytest.mark.parametrize("scene", SERVER_PROFILES, ids=lambda scene: scene.name)
def test_names_of_members_and_channels_are_unique_in_a_server(scene):
    names = [person.name for person in list_member_profiles(scene, utc_now())]
    assert len(names) == len(set(names)) == scene.size
    assert len({channel.name for channel in scene.channels}) == len(scene.channels)
    assert {scene.greeting_channel, scene.questions.channel, *(channel for channel, _ in scene.permanent_threads)} <= {
        channel.name for channel in scene.channels
    }


@pytest.mark.parametrize("scene", SERVER_PROFILES, ids=lambda scene: scene.name)
def test_evenings_by_the_servers_own_clock_are_livelier_than_nights(scene):
    def get_liveliness(hour: int) -> float:
        return get_activity_level(scene, datetime(2024, 1, 10, hour, tzinfo=get_timezone(scene)))

    assert get_liveliness(int(scene.peak_hour)) > 5 * get_liveliness(4)
    monday = datetime(2024, 1, 8, tzinfo=UTC)
    assert sum(get_activity_level(scene, monday + timedelta(hours=hour)) for hour in range(168)) / 168 == pytest.approx(
        1, 0.05
    )


def test_settling_again_changes_nothing(world):
    before = dump_world(world)
    Population(world).set_up()
    assert dump_world(world) == before


def test_settling_a_kept_world_makes_only_what_is_missing(world, tmp_path):
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


def test_same_world_lives_the_same_life():
    now = utc_now()
    assert simulate(World(), now, seconds=600) == simulate(World(), now, seconds=600)


def test_everything_that_people_do_happens_within_some_hours(world):
    events = simulate(world, utc_now(), seconds=6 * 3600)
    assert {name for _, name, _ in events} >= EXPECTED_EVENTS


def test_people_whom_visitors_play_do_nothing_by_themselves(world):
    simulate(world, utc_now(), seconds=2 * 3600)
    speakers = {message.author_id for recent in world.messages.values() for message in recent}
    assert not speakers & set(PERSONAS.values())
    assert not {user_id for guild in world.guilds.values() for user_id in guild.voice} & set(PERSONAS.values())


@pytest.mark.parametrize("hour", [2, 8, 14, 20])
def test_big_servers_are_never_still_for_long_and_all_together_never_loud(world, hour):
    begin = 300.0  # by then people have come to where they usually are
    events = [event for event in simulate(world, utc_now().replace(hour=hour), seconds=1500) if event[0] > begin]
    assert len(events) < 3 * 1200, "a few events a second at most"
    for name in ("Comet Arcade", "Pixel Forge"):
        guild = find_guild(world, name)
        active_slots = {int(elapsed // 10) for elapsed, _, guild_id in events if guild_id == guild.id}
        assert len(active_slots) > 0.75 * 120, f"something in most stretches of ten seconds of {name}"


def test_voice_fills_in_the_evening_and_empties_at_night():
    def count_voice_members(hour: int) -> int:
        world = World()
        scene = next(scene for scene in SERVER_PROFILES if scene.name == "Comet Arcade")
        simulate(world, utc_now().astimezone(get_timezone(scene)).replace(hour=hour), seconds=1800)
        return len(find_guild(world, scene.name).voice)

    assert count_voice_members(21) > 15
    assert 1 <= count_voice_members(4) < 8


def test_members_are_in_one_voice_channel_at_a_time_and_leave_it(world):
    def load_sessions_by_user() -> dict[int, str]:
        return {user_id: state.session_id for guild in world.guilds.values() for user_id, state in guild.voice.items()}

    simulate(world, utc_now(), seconds=900)
    early_sessions = load_sessions_by_user()
    assert len(early_sessions) == sum(len(guild.voice) for guild in world.guilds.values()), "each of them in one place"
    simulate(world, utc_now(), seconds=2 * 3600)
    assert not set(load_sessions_by_user().values()) & set(early_sessions.values()), "90 minutes at most"


async def test_bot_hears_people_live_as_discord_would_tell_it(tmp_path):
    process = await asyncio.to_thread(SimProcess, tmp_path)
    try:
        await asyncio.to_thread(process.client.read_journal, on=True)
        async with connect_bot(process) as bot:
            names = {guild.name for guild in bot.guilds}
            assert names == {scene.name for scene in SERVER_PROFILES}
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
