"""Nothing is served that no feature governs, and no feature is declared that serves nothing."""

import subprocess
import sys
from pathlib import Path

import discord
import pytest
from discord import app_commands

from herwa_bot.surfaces import declared, surfaces_of
from herwa_shared.catalog import FEATURES, Audience, FeatureKey, ModuleKey, SurfaceKind
from herwa_shared.services.discovery import from_json

ROOT = Path(__file__).parents[2]
ROOMS = {"herwa_bot": {"command", "menu"}, "herwa_api": {"api"}, "herwa_web": {"page"}}

STATS = {"feature": FeatureKey.SERVER_STATS}


async def nothing(interaction: discord.Interaction) -> None:
    """What a command does is of no interest here."""


async def nothing_to(interaction: discord.Interaction, member: discord.Member) -> None:
    """The same for a context menu."""


def command(name="chart", **extras):
    return app_commands.Command(name=name, description="Draw a chart", callback=nothing, extras=extras)


def menu(**extras):
    return app_commands.ContextMenu(name="Chart them", callback=nothing_to, extras=extras)


def tree(*commands):
    made = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    for one in commands:
        made.add_command(one)
    return made


def group(*commands, name="charts", **extras):
    made = app_commands.Group(name=name, description="Charts", extras=extras)
    for one in commands:
        made.add_command(one)
    return made


def test_every_command_of_the_bot_has_a_feature():
    assert {"server-stats", "permissions allow", "why"} <= {surface.key for surface in declared().all}


@pytest.mark.parametrize(
    ("made", "name"),
    [(command(), "chart"), (group(command()), "charts chart"), (menu(), "Chart them")],
    ids=["command", "sub-command", "context menu"],
)
def test_a_command_without_a_feature_is_named(made, name):
    with pytest.raises(ValueError, match=f'"{name}" names no feature'):
        surfaces_of(tree(command("fine", **STATS), made))


def test_an_unknown_feature_is_refused():
    with pytest.raises(ValueError, match="dance"):
        surfaces_of(tree(command(feature="dance")))


def test_a_group_speaks_for_its_commands_until_one_speaks_for_itself():
    inner = group(command("inner"), name="deep")
    own = command("own", feature=FeatureKey.VOICE_STATS, audience=Audience.EVERYONE)
    outer = group(inner, own, audience=Audience.MANAGERS, **STATS)
    found = {surface.key: (surface.feature, surface.audience) for surface in surfaces_of(tree(outer)).all}
    assert found == {
        "charts deep inner": (FeatureKey.SERVER_STATS, Audience.MANAGERS),
        "charts own": (FeatureKey.VOICE_STATS, Audience.EVERYONE),
    }


def test_context_menus_are_surfaces_too():
    [surface] = surfaces_of(tree(menu(**STATS))).all
    assert (surface.kind, surface.key, surface.audience) == (SurfaceKind.MENU, "Chart them", Audience.EVERYONE)


def test_what_governs_is_for_managers():
    governing = [one for one in declared().all if FEATURES[one.feature].module == ModuleKey.GOVERNANCE]
    assert {one.audience for one in governing} == {Audience.MANAGERS}


def test_every_room_says_what_it_serves_and_every_feature_serves_something():
    served = set()
    for room, kinds in ROOMS.items():
        said = from_json(
            subprocess.run(
                [sys.executable, "-m", f"{room}.surfaces"], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout
        )
        assert said.kinds == kinds
        assert {surface.kind for surface in said.surfaces} <= said.kinds
        served |= {surface.feature for surface in said.surfaces}
    assert served == set(FEATURES)
