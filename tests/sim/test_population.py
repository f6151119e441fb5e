"""People who live: who they are, when they are awake, and that everything they may do happens."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.clock import utc_now
from herwa_sim import permissions
from herwa_sim.behavior.activity_profile import liveliness, zone
from herwa_sim.behavior.member_profiles import people_of
from herwa_sim.persistence import dump, load
from herwa_sim.population import Population
from herwa_sim.presets import CAST
from herwa_sim.world import PERSONAS, World
from tests.sim import schemas
from tests.sim.bot import connected, until
from tests.sim.process import SimProcess

LIVING = {
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
    Population(world).settle()
    return world


def lived(world: World, now: datetime, *, seconds: float) -> list[tuple[float, str, int | None]]:
    """What happens in so many seconds at that hour: when, the event's name, and where."""
    events: list[tuple[float, str, int | None]] = []
    people = Population(world)
    people.settle()
    world.listeners.append(lambda event: events.append((people.elapsed, event.name, event.guild_id)))
    while people.elapsed < seconds:
        people.deed(now)
    return events


def guild_named(world: World, name: str):
    return next(guild for guild in world.guilds.values() if guild.name == name)


def in_scripts(names: set[str]) -> set[str]:
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
    return {script for script, (first, last) in scripts.items() if any(first <= one <= last for one in letters)}


def test_servers_differ_in_size_and_language(world):
    sizes = {scene.name: len(guild_named(world, scene.name).members) for scene in CAST}
    assert sizes["Petit Fournil"] < 12
    assert sizes["Comet Arcade"] > 1500
    assert len({scene.locale.split("-")[0] for scene in CAST}) == 5
    assert len({scene.zone for scene in CAST}) == 6


def test_each_persona_is_where_the_log_in_page_says(world):
    def places(persona: str, mask: int = 0) -> set[str]:
        user_id = PERSONAS[persona]
        return {
            guild.name
            for guild in world.guilds.values()
            if user_id in guild.members
            and permissions.in_guild(guild, guild.members[user_id]) & mask == mask
            and world.has_bot(guild)
        }

    assert len(places("owner", permissions.ADMINISTRATOR)) == 5
    assert places("manager") == places("manager", permissions.MANAGE_GUILD) == {"Garden Club", "Café Políglota"}
    assert guild_named(world, "Café Políglota").owner_id not in PERSONAS.values()
    assert len(places("member")) == 3
    assert places("member", permissions.MANAGE_GUILD) == set()
    assert places("operator") == {"Comet Arcade"}
    assert places("stranger") == set()
    without_the_bot = {guild.owner_id for guild in world.guilds.values() if not world.has_bot(guild)}
    assert without_the_bot == {PERSONAS["owner"], PERSONAS["stranger"]}


def test_badges_are_worn_by_those_who_are_named_and_nobody_else(world):
    club = guild_named(world, "Garden Club")
    worn = {role.name: set() for role in club.roles.values()}
    for member in club.members.values():
        for role_id in member.roles:
            worn[club.roles[role_id].name].add(world.user(member.user_id).name)
    assert worn["Support"] == {"Fern", "Hazel"}
    assert worn["New Members"] == {"member", "Poppy", "Zinnia"}


def test_names_come_in_every_script_and_some_mean_harm(world):
    names = {user.name for user in world.users.values()}
    assert len(in_scripts(names)) == 10
    assert HOSTILE in names
    assert max(map(len, names)) == 32, "as long as Discord lets them be"
    threads = {thread.name for guild in world.guilds.values() for thread in guild.threads.values()}
    assert any("<script>" in name for name in threads)


@pytest.mark.parametrize("scene", CAST, ids=lambda scene: scene.name)
def test_nobody_and_nothing_of_a_server_has_the_same_name(scene):
    names = [person.name for person in people_of(scene, utc_now())]
    assert len(names) == len(set(names)) == scene.size
    assert len({room.name for room in scene.rooms}) == len(scene.rooms)
    assert {scene.greeting, scene.questions.room, *(room for room, _ in scene.standing)} <= {
        room.name for room in scene.rooms
    }


@pytest.mark.parametrize("scene", CAST, ids=lambda scene: scene.name)
def test_evenings_by_the_servers_own_clock_are_livelier_than_nights(scene):
    def at(hour: int) -> float:
        return liveliness(scene, datetime(2024, 1, 10, hour, tzinfo=zone(scene)))

    assert at(int(scene.evening)) > 5 * at(4)
    monday = datetime(2024, 1, 8, tzinfo=UTC)
    assert sum(liveliness(scene, monday + timedelta(hours=hour)) for hour in range(168)) / 168 == pytest.approx(1, 0.05)


def test_settling_again_changes_nothing(world):
    before = dump(world)
    Population(world).settle()
    assert dump(world) == before


def test_settling_a_kept_world_makes_only_what_is_missing(world, tmp_path):
    (tmp_path / "world.json").write_bytes(dump(world))
    kept = load(tmp_path / "world.json")
    forest = guild_named(kept, "Garden Club")
    gone = next(one for one in forest.channels.values() if one.name == "roses")
    del forest.channels[gone.id], kept.channels[gone.id]
    Population(kept).settle()
    assert gone.id in kept.channels
    assert {one.id: set(one.members) for one in kept.guilds.values()} == {
        one.id: set(one.members) for one in world.guilds.values()
    }


def test_same_world_lives_the_same_life():
    now = utc_now()
    assert lived(World(), now, seconds=600) == lived(World(), now, seconds=600)


def test_everything_that_people_do_happens_within_some_hours(world):
    events = lived(world, utc_now(), seconds=6 * 3600)
    assert {name for _, name, _ in events} >= LIVING


def test_people_whom_visitors_play_do_nothing_by_themselves(world):
    lived(world, utc_now(), seconds=2 * 3600)
    speakers = {message.author_id for recent in world.messages.values() for message in recent}
    assert not speakers & set(PERSONAS.values())
    assert not {user_id for guild in world.guilds.values() for user_id in guild.voice} & set(PERSONAS.values())


@pytest.mark.parametrize("hour", [2, 8, 14, 20])
def test_big_servers_are_never_still_for_long_and_all_together_never_loud(world, hour):
    begin = 300.0  # by then people have come to where they usually are
    events = [event for event in lived(world, utc_now().replace(hour=hour), seconds=1500) if event[0] > begin]
    assert len(events) < 3 * 1200, "a few events a second at most"
    for name in ("Comet Arcade", "Pixel Forge"):
        guild = guild_named(world, name)
        seen = {int(at // 10) for at, _, guild_id in events if guild_id == guild.id}
        assert len(seen) > 0.75 * 120, f"something in most stretches of ten seconds of {name}"


def test_voice_fills_in_the_evening_and_empties_at_night():
    def voices(hour: int) -> int:
        world = World()
        scene = next(scene for scene in CAST if scene.name == "Comet Arcade")
        lived(world, utc_now().astimezone(zone(scene)).replace(hour=hour), seconds=1800)
        return len(guild_named(world, scene.name).voice)

    assert voices(21) > 15
    assert 1 <= voices(4) < 8


def test_nobody_is_in_two_voice_channels_and_nobody_stays_for_ever(world):
    def visits() -> dict[int, str]:
        return {user_id: one.session_id for guild in world.guilds.values() for user_id, one in guild.voice.items()}

    lived(world, utc_now(), seconds=900)
    early = visits()
    assert len(early) == sum(len(guild.voice) for guild in world.guilds.values()), "each of them in one place"
    lived(world, utc_now(), seconds=2 * 3600)
    assert not set(visits().values()) & set(early.values()), "90 minutes at most"


async def test_bot_hears_people_live_as_discord_would_tell_it(tmp_path):
    process = await asyncio.to_thread(SimProcess, tmp_path)
    try:
        await asyncio.to_thread(process.client.journal, on=True)
        async with connected(process) as bot:
            names = {guild.name for guild in bot.guilds}
            assert names == {scene.name for scene in CAST}
            await asyncio.to_thread(process.client.set_population, True, speed=1000)
            await until(lambda: {one.guild.name for one in bot.messages} == names, 60)
            await until(lambda: any(one.webhook_id for one in bot.messages), 60)
            kinds = {"edit", "delete", "voice", "reaction", "thread", "member", "leave"}
            await until(lambda: kinds <= {kind for kind, _ in bot.told}, 60)
            await asyncio.to_thread(process.client.set_population, False)
        journal = await asyncio.to_thread(process.client.journal, on=True)
        assert schemas.event_problems(journal.events) == []
    finally:
        await asyncio.to_thread(process.close)
