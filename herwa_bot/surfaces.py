"""Discovery of the bot's surfaces: commands, subcommands and context menus with features.

`python -m herwa_bot.surfaces` prints them as JSON; no token is needed.
"""

import json
import sys
from functools import partial
from typing import Any

import discord
from discord import AppCommandType, app_commands

from herwa_bot.cogs import COGS
from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.retry import RetryPolicy, log_retry, retry
from herwa_shared.services import discovery

log = get_logger(__name__)

REGISTRATION_RETRY = RetryPolicy(first_delay_seconds=1.0, max_delay_seconds=5.0)
SURFACE_KINDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)

AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
AnyCommandTree = app_commands.CommandTree[Any]


def collect_surfaces() -> SurfaceRegistry:
    """Collect the surfaces that the cogs declare, without running a bot."""
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents(guilds=True)))
    for cog in COGS:
        for command in (*cog.__cog_app_commands__, *getattr(cog, "menus", ())):
            tree.add_command(command)
    return list_tree_surfaces(tree)


def list_tree_surfaces(tree: AnyCommandTree) -> SurfaceRegistry:
    """List the surfaces of a command tree.

    Raises ValueError that names a command without a feature.
    """
    commands = [command for command in tree.walk_commands() if isinstance(command, app_commands.Command)]
    menus = [
        menu
        for menu_type in (AppCommandType.user, AppCommandType.message)
        for menu in tree.get_commands(type=menu_type)
    ]
    return SurfaceRegistry(
        [_build_surface(SurfaceKind.COMMAND, command, command.description) for command in commands]
        + [_build_surface(SurfaceKind.MENU, menu, menu.name) for menu in menus]
    )


async def register_with_retry(database: Database, surfaces: SurfaceRegistry) -> None:
    """Register the surfaces in the database; retry until it succeeds. Runs in the background."""

    async def register() -> discovery.CatalogDiff:
        async with database.transaction() as session:
            return await discovery.register(session, SURFACE_KINDS, surfaces.all)

    report = partial(log_retry, RateLimitedLogger(log), "surface registration failed, retrying")
    if diff := await retry(register, REGISTRATION_RETRY, report=report):
        log.info("surfaces registered", **diff.to_log_fields())


def _build_surface(kind: SurfaceKind, command: AnyCommand, title: str) -> Surface:
    feature = _find_extra(command, "feature")
    if feature is None:
        raise ValueError(f'"{command.qualified_name}" names no feature: give it extras={{"feature": FeatureKey.…}}')
    audience = Audience(_find_extra(command, "audience") or Audience.EVERYONE)
    return Surface(kind, command.qualified_name, FeatureKey(feature), title, audience)


def _find_extra(command: AnyCommand | app_commands.Group, key: str) -> Any:
    """Find an extra of the command, else of the nearest enclosing group; None without one."""
    if key in command.extras:
        return command.extras[key]
    parent = None if isinstance(command, app_commands.ContextMenu) else command.parent
    return None if parent is None else _find_extra(parent, key)


def main() -> None:
    """Print the surfaces as JSON."""
    surfaces = json.loads(discovery.to_json(collect_surfaces().all))
    sys.stdout.write(json.dumps({"kinds": list(SURFACE_KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
