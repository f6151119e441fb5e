"""What the bot serves: every command, sub-command and context menu, with the feature that it belongs to.

`python -m herwa_bot.surfaces` prints it as JSON; no token is needed.
"""

import asyncio
import json
import sys
from typing import Any

import discord
from discord import AppCommandType, app_commands

from herwa_bot.cogs import COGS
from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.services import discovery

log = get_logger(__name__)

RETRY_INTERVAL_SECONDS = 5.0
SURFACE_KINDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)

AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
AnyCommandTree = app_commands.CommandTree[Any]


def collect_surfaces() -> SurfaceRegistry:
    """What the cogs declare, without a bot."""
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents(guilds=True)))
    for cog in COGS:
        for command in (*cog.__cog_app_commands__, *getattr(cog, "menus", ())):
            tree.add_command(command)
    return list_tree_surfaces(tree)


def list_tree_surfaces(tree: AnyCommandTree) -> SurfaceRegistry:
    """Every surface of a tree. Raises ValueError for a command without a feature, naming it."""
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
    """Tell the database what there is, and go on trying until it knows; nothing waits for it."""
    while True:
        try:
            async with database.transaction() as session:
                diff = await discovery.register(session, SURFACE_KINDS, surfaces.all)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a moment
            log.warning("what the bot serves could not be registered yet", error=repr(error)[:200])
            await asyncio.sleep(RETRY_INTERVAL_SECONDS)
            continue
        if diff:
            log.info("registered what is served", **diff.to_log_fields())
        return


def _build_surface(kind: SurfaceKind, command: AnyCommand, title: str) -> Surface:
    feature = _find_extra(command, "feature")
    if feature is None:
        raise ValueError(f'"{command.qualified_name}" names no feature: give it extras={{"feature": FeatureKey.…}}')
    audience = Audience(_find_extra(command, "audience") or Audience.EVERYONE)
    return Surface(kind, command.qualified_name, FeatureKey(feature), title, audience)


def _find_extra(command: AnyCommand | app_commands.Group, key: str) -> Any:
    """What the command says itself, else the nearest group around it."""
    if key in command.extras:
        return command.extras[key]
    parent = None if isinstance(command, app_commands.ContextMenu) else command.parent
    return None if parent is None else _find_extra(parent, key)


def main() -> None:
    """Entry point."""
    surfaces = json.loads(discovery.to_json(collect_surfaces().all))
    sys.stdout.write(json.dumps({"kinds": list(SURFACE_KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
