"""`herwa discover`: ask the rooms what they serve, and register it."""

import asyncio
import os
import sys

from herwa_shared.catalog import SurfaceKind
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.services.discovery import Declared, Difference, compare, from_json, register
from herwa_shared.stores import open_stores

ROOMS = ("herwa_bot", "herwa_api", "herwa_web")
SAID_AT_MOST = 2000


class NotDeclared(HerwaError):
    """A room cannot say what it serves; the message carries what it said in its place."""

    code = "not_declared"


async def discover(settings: Settings, *, dry_run: bool) -> Difference:
    """What is new, changed and retired; registered unless it is a dry run. Raises NotDeclared."""
    declared = await asyncio.gather(*(ask(f"{room}.surfaces") for room in ROOMS))
    kinds = frozenset[SurfaceKind]().union(*(one.kinds for one in declared))
    surfaces = [surface for one in declared for surface in one.surfaces]
    async with open_stores(settings, say=lambda _: None) as stores, stores.database.transaction() as session:
        return await (compare if dry_run else register)(session, kinds, surfaces)


async def ask(module: str) -> Declared:
    """What a room declares, in a process of its own: the front door knows no room from inside."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    said, complained = await process.communicate()
    if process.returncode:
        why = complained.decode(errors="replace").strip()[-SAID_AT_MOST:]
        raise NotDeclared(f"{module} cannot say what it serves (exit {process.returncode}):\n{why}")
    return from_json(said.decode())
