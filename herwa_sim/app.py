"""Puts the parts together into one web application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from herwa_shared.folder import DataFolder
from herwa_sim import control, rest, store
from herwa_sim.files import Files
from herwa_sim.gateway import Gateway
from herwa_sim.history import Histories
from herwa_sim.hub import Hub
from herwa_sim.interactions import Interactions
from herwa_sim.journal import Journal
from herwa_sim.limits import Limits
from herwa_sim.parts import PARTS, Parts, parts_of
from herwa_sim.population import Population
from herwa_sim.rest.edge import rest_edge, unknown

WORLD_FILE = web.AppKey("world_file", Path)
LARGEST_REQUEST = 64 * 1024 * 1024


def build(folder: DataFolder, base_url: str) -> web.Application:
    """The local Discord of that data folder, at that address."""
    parts = _parts(folder, base_url)
    app = web.Application(middlewares=[rest_edge], client_max_size=LARGEST_REQUEST)
    app[PARTS] = parts
    app[WORLD_FILE] = _home(folder) / "world.json"
    rest.add_routes(app)
    control.add_routes(app)
    app.router.add_get("/{path:.*}", _gateway)
    app.cleanup_ctx.append(_keeping)
    app.on_shutdown.append(_shut)
    return app


def _parts(folder: DataFolder, base_url: str) -> Parts:
    home = _home(folder)
    world = store.load(home / "world.json")
    world.base_url = base_url
    hub = Hub(world)
    token = folder.secret("local_discord_token")
    return Parts(
        world=world,
        hub=hub,
        gateway=Gateway(hub, token),
        interactions=Interactions(world),
        files=Files(home / "files"),
        limits=Limits(),
        journal=Journal(),
        histories=Histories(),
        population=Population(world),
        bot_token=token,
        control_token=folder.secret("sim_control"),
    )


def _home(folder: DataFolder) -> Path:
    home = folder.path / "sim"
    home.mkdir(exist_ok=True)
    return home


async def _gateway(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await parts_of(request).gateway.serve(request)
    return await unknown(request)


async def _keeping(app: web.Application) -> AsyncIterator[None]:
    """Keep the world on disk while the application runs."""
    keeper = asyncio.create_task(store.keep(app[PARTS].world, app[WORLD_FILE]))
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


async def _shut(app: web.Application) -> None:
    app[PARTS].population.stop()
    app[PARTS].gateway.shut()
