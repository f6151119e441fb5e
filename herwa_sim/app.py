"""Puts the parts together into one web application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim import control, persistence, rest
from herwa_sim.chaos import Chaos
from herwa_sim.context import PARTS, Parts, parts_of
from herwa_sim.files import Files
from herwa_sim.gateway import Gateway
from herwa_sim.interactions import Interactions
from herwa_sim.journal import Journal
from herwa_sim.oauth import routes as oauth
from herwa_sim.oauth.grants import Grants
from herwa_sim.oauth.registration import Registration
from herwa_sim.pages import routes as pages
from herwa_sim.population import Population
from herwa_sim.rate_limits import Limits
from herwa_sim.replay import Histories
from herwa_sim.rest.chaos import chaotic
from herwa_sim.rest.middleware import rest_edge, unknown
from herwa_sim.session_manager import Hub

WORLD_FILE = web.AppKey("world_file", Path)
LARGEST_REQUEST = 64 * 1024 * 1024


def build(folder: DataFolder, base_url: str, *, home: str) -> web.Application:
    """The local Discord of that data folder, at that address; `home` is the origin of the Herwa that one logs in to."""
    parts = _parts(folder, base_url, home)
    app = web.Application(middlewares=[chaotic, rest_edge], client_max_size=LARGEST_REQUEST)
    app[PARTS] = parts
    app[WORLD_FILE] = _kept(folder) / "world.json"
    rest.add_routes(app)
    control.add_routes(app)
    oauth.add_routes(app)
    pages.add_routes(app)
    app.router.add_get("/{path:.*}", _gateway)
    app.cleanup_ctx.append(_keeping)
    app.on_shutdown.append(_shut)
    return app


def _parts(folder: DataFolder, base_url: str, home: str) -> Parts:
    kept = _kept(folder)
    world = persistence.load(kept / "world.json")
    world.base_url = base_url
    chaos, journal = Chaos(), Journal()
    hub = Hub(world, chaos, journal)
    token = folder.secret("local_discord_token")
    return Parts(
        world=world,
        hub=hub,
        gateway=Gateway(hub, token),
        interactions=Interactions(world),
        files=Files(kept / "files"),
        limits=Limits(),
        journal=journal,
        chaos=chaos,
        histories=Histories(),
        population=Population(world),
        registration=Registration(
            world.application.id,
            folder.secret("local_discord_client_secret"),
            frozenset({f"{home}/auth/callback"}),
            home,
        ),
        grants=Grants(kept / "grants.json"),
        bot_token=token,
        control_token=folder.secret("sim_control"),
        cookie_key=folder.secret("local_discord_cookies"),
    )


def _kept(folder: DataFolder) -> Path:
    kept = folder.path / "sim"
    kept.mkdir(exist_ok=True)
    return kept


async def _gateway(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await parts_of(request).gateway.serve(request)
    return await (pages.front(request) if request.path == "/" else unknown(request))


async def _keeping(app: web.Application) -> AsyncIterator[None]:
    """Keep the world on disk while the application runs."""
    keeper = asyncio.create_task(persistence.keep(app[PARTS].world, app[WORLD_FILE]))
    yield
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


async def _shut(app: web.Application) -> None:
    app[PARTS].population.stop()
    app[PARTS].gateway.shut()
