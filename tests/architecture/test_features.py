"""Every surface (command, menu, API endpoint, page) belongs to a feature, and every feature has a surface."""

import subprocess
import sys
from pathlib import Path

import discord
import pytest
from discord import app_commands

from herwa_bot.surfaces import collect_surfaces, list_tree_surfaces
from herwa_shared.catalog import FEATURES, Audience, FeatureKey, ModuleKey, SurfaceKind
from herwa_shared.services.discovery import from_json

ROOT = Path(__file__).parents[2]
SURFACE_KINDS_BY_PACKAGE = {"herwa_bot": {"command", "menu"}, "herwa_api": {"api", "widget"}, "herwa_web": {"page"}}

STATS_EXTRAS = {"feature": FeatureKey.SERVER_STATS}


async def do_nothing(interaction: discord.Interaction) -> None:
    """Callback of the commands under test; it is never called."""


async def do_nothing_for_member(interaction: discord.Interaction, member: discord.Member) -> None:
    """Callback of the context menus under test; it is never called."""


def build_command(name="chart", **extras):
    return app_commands.Command(name=name, description="Draw a chart", callback=do_nothing, extras=extras)


def build_menu(**extras):
    return app_commands.ContextMenu(name="Chart them", callback=do_nothing_for_member, extras=extras)


def build_tree(*commands):
    command_tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    for command in commands:
        command_tree.add_command(command)
    return command_tree


def build_group(*commands, name="charts", **extras):
    command_group = app_commands.Group(name=name, description="Charts", extras=extras)
    for command in commands:
        command_group.add_command(command)
    return command_group


def test_every_command_of_the_bot_has_a_feature():
    assert {"server-stats", "permissions allow", "why"} <= {surface.key for surface in collect_surfaces().all}


@pytest.mark.parametrize(
    ("invalid_command", "name"),
    [(build_command(), "chart"), (build_group(build_command()), "charts chart"), (build_menu(), "Chart them")],
    ids=["command", "sub-command", "context menu"],
)
def test_command_without_a_feature_raises_an_error_with_its_name(invalid_command, name):
    with pytest.raises(ValueError, match=f'"{name}" names no feature'):
        list_tree_surfaces(build_tree(build_command("fine", **STATS_EXTRAS), invalid_command))


def test_unknown_feature_raises_an_error():
    with pytest.raises(ValueError, match="dance"):
        list_tree_surfaces(build_tree(build_command(feature="dance")))


def test_commands_inherit_from_their_group_and_can_override_it():
    inner = build_group(build_command("inner"), name="deep")
    overriding_command = build_command("own", feature=FeatureKey.VOICE_STATS, audience=Audience.EVERYONE)
    outer = build_group(inner, overriding_command, audience=Audience.MANAGERS, **STATS_EXTRAS)
    surfaces = {
        surface.key: (surface.feature, surface.audience) for surface in list_tree_surfaces(build_tree(outer)).all
    }
    assert surfaces == {
        "charts deep inner": (FeatureKey.SERVER_STATS, Audience.MANAGERS),
        "charts own": (FeatureKey.VOICE_STATS, Audience.EVERYONE),
    }


def test_context_menu_is_a_surface():
    [surface] = list_tree_surfaces(build_tree(build_menu(**STATS_EXTRAS))).all
    assert (surface.kind, surface.key, surface.audience) == (SurfaceKind.MENU, "Chart them", Audience.EVERYONE)


def test_governance_surfaces_have_the_audience_managers():
    governance_surfaces = [
        surface for surface in collect_surfaces().all if FEATURES[surface.feature].module == ModuleKey.GOVERNANCE
    ]
    assert {surface.audience for surface in governance_surfaces} == {Audience.MANAGERS}


def test_every_package_declares_its_surfaces_and_every_feature_has_one():
    features = set()
    for package, kinds in SURFACE_KINDS_BY_PACKAGE.items():
        declaration = from_json(
            subprocess.run(
                [sys.executable, "-m", f"{package}.surfaces"], cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout
        )
        assert declaration.kinds == kinds
        assert {surface.kind for surface in declaration.surfaces} <= declaration.kinds
        features |= {surface.feature for surface in declaration.surfaces}
    assert features == set(FEATURES)
