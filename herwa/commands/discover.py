"""`herwa discover`: collect the surfaces that the packages declare, and register them."""

import asyncio
import os
import sys

from herwa.texts import operator as texts
from herwa_shared.catalog import SurfaceKind
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.services.discovery import CatalogDiff, DeclaredSurfaces, compare, from_json, register
from herwa_shared.stores import open_stores

SURFACE_PACKAGES = ("herwa_bot", "herwa_api", "herwa_web")
MAX_ERROR_CHARS = 2000


class DeclarationError(HerwaError):
    """A package failed to declare its surfaces. The message contains its error output."""

    code = "not_declared"


async def discover(settings: Settings, *, dry_run: bool) -> CatalogDiff:
    """Compare declared with registered surfaces and, unless `dry_run`, register the difference.

    Raises DeclarationError.
    """
    declarations = await asyncio.gather(*(fetch_declaration(f"{package}.surfaces") for package in SURFACE_PACKAGES))
    kinds = frozenset[SurfaceKind]().union(*(declaration.kinds for declaration in declarations))
    surfaces = [surface for declaration in declarations for surface in declaration.surfaces]
    async with open_stores(settings, report=lambda _: None) as stores, stores.database.transaction() as session:
        return await (compare if dry_run else register)(session, kinds, surfaces)


async def fetch_declaration(module: str) -> DeclaredSurfaces:
    """Run the module in a subprocess and parse the surfaces that it prints.

    A subprocess, because this package must not import the process packages.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    stdout, stderr = await process.communicate()
    if process.returncode:
        error_text = stderr.decode(errors="replace").strip()[-MAX_ERROR_CHARS:]
        raise DeclarationError(texts.format_declaration_failed(module, process.returncode, error_text))
    return from_json(stdout.decode())
