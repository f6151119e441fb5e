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
from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind, Surfaces
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.services import discovery

log = get_logger(__name__)

AGAIN_SECONDS = 5.0
KINDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)

Runnable = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
Tree = app_commands.CommandTree[Any]


def declared() -> Surfaces:
    """What the cogs declare, without a bot."""
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents(guilds=True)))
    for cog in COGS:
        for command in (*cog.__cog_app_commands__, *getattr(cog, "menus", ())):
            tree.add_command(command)
    return surfaces_of(tree)


def surfaces_of(tree: Tree) -> Surfaces:
    """Every surface of a tree. Raises ValueError for a command without a feature, naming it."""
    commands = [one for one in tree.walk_commands() if isinstance(one, app_commands.Command)]
    menus = [menu for type_ in (AppCommandType.user, AppCommandType.message) for menu in tree.get_commands(type=type_)]
    return Surfaces(
        [_surface(SurfaceKind.COMMAND, command, command.description) for command in commands]
        + [_surface(SurfaceKind.MENU, menu, menu.name) for menu in menus]
    )


async def register_for_sure(database: Database, surfaces: Surfaces) -> None:
    """Tell the database what there is, and go on trying until it knows; nothing waits for it."""
    while True:
        try:
            async with database.transaction() as session:
                difference = await discovery.register(session, KINDS, surfaces.all)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may be over in a moment
            log.warning("what the bot serves could not be registered yet", error=repr(error)[:200])
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if difference:
            log.info("registered what is served", **difference.brief())
        return


def _surface(kind: SurfaceKind, command: Runnable, title: str) -> Surface:
    feature = _declared(command, "feature")
    if feature is None:
        raise ValueError(f'"{command.qualified_name}" names no feature: give it extras={{"feature": FeatureKey.…}}')
    audience = Audience(_declared(command, "audience") or Audience.EVERYONE)
    return Surface(kind, command.qualified_name, FeatureKey(feature), title, audience)


def _declared(command: Runnable | app_commands.Group, part: str) -> Any:
    """What the command says itself, else the nearest group around it."""
    if part in command.extras:
        return command.extras[part]
    parent = None if isinstance(command, app_commands.ContextMenu) else command.parent
    return None if parent is None else _declared(parent, part)


def main() -> None:
    """Entry point."""
    surfaces = json.loads(discovery.as_json(declared().all))
    sys.stdout.write(json.dumps({"kinds": list(KINDS), "surfaces": surfaces}))


if __name__ == "__main__":
    main()
