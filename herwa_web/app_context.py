"""What the pages need open, from the start of the process to its end: stores, policies, rights, the way to the API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from herwa_shared.auth.guild_access import Rights, open_rights
from herwa_shared.authorization import Clearance, open_policies
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores, open_stores
from herwa_web.serving.proxy import LIMITS, PATIENCE
from herwa_web.surfaces import KINDS, SURFACES

LOOK_SECONDS = 2.0


@dataclass(slots=True)
class Doors:
    """All of them."""

    settings: Settings
    stores: Stores
    policies: PolicyCache
    clearance: Clearance
    api: httpx.AsyncClient
    api_is_up: bool = True


_open: Doors | None = None


@asynccontextmanager
async def open_doors(settings: Settings) -> AsyncIterator[Doors]:
    """Open everything; while the block runs, the functions below answer."""
    global _open  # noqa: PLW0603 - handlers of pages are made by Reflex and can be given nothing
    folder = DataFolder(settings.data_dir)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings))
        policies = await stack.enter_async_context(open_policies(stores, KINDS, SURFACES))
        address = settings.api_url or f"http://127.0.0.1:{folder.port('api')}"
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=LIMITS, trust_env=False)
        )
        clearance = Clearance(policies, stores.database, open_rights(settings, folder, stores.database))
        _open = Doors(settings, stores, policies, clearance, api)
        looking = asyncio.create_task(_look_after_the_api(_open))
        try:
            yield _open
        finally:
            looking.cancel()
            _open = None


def stores() -> Stores:
    """The two databases."""
    return _doors().stores


def rights() -> Rights | None:
    """What users may see, as Discord says; None while log-in is not set up."""
    return _doors().clearance.rights


def clearance() -> Clearance:
    """The guardrail."""
    return _doors().clearance


def settings() -> Settings:
    """As the process was started with."""
    return _doors().settings


def api_is_up() -> bool:
    """Whether the API answered when it was last asked, a moment ago."""
    return _doors().api_is_up


def _doors() -> Doors:
    assert _open is not None, "the doors are opened by herwa_web.__main__ before the first page is served"
    return _open


async def _look_after_the_api(doors: Doors) -> None:
    while True:
        try:
            answer = await doors.api.get("/readyz", timeout=LOOK_SECONDS)
            doors.api_is_up = answer.is_success
        except httpx.HTTPError:
            doors.api_is_up = False
        await asyncio.sleep(LOOK_SECONDS)
