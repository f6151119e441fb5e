"""Application factory: wire all components into one aiohttp application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim import control, persistence, rest
from herwa_sim.chaos import Chaos
from herwa_sim.context import CONTEXT_KEY, SimContext, get_context
from herwa_sim.files import FileStore
from herwa_sim.gateway import Gateway
from herwa_sim.interactions import InteractionStore
from herwa_sim.journal import Journal
from herwa_sim.oauth import routes as oauth
from herwa_sim.oauth.grants import OAuthGrantStore
from herwa_sim.oauth.registration import ClientRegistration
from herwa_sim.pages import routes as pages
from herwa_sim.population import Population
from herwa_sim.rate_limits import RestRateLimiter
from herwa_sim.replay import ReplayRegistry
from herwa_sim.rest.chaos import inject_faults
from herwa_sim.rest.middleware import handle_rest_request, handle_unknown_route
from herwa_sim.session_manager import SessionManager

WORLD_FILE_KEY = web.AppKey("world_file", Path)
MAX_REQUEST_BYTES = 64 * 1024 * 1024


def create_app(folder: DataFolder, base_url: str, *, herwa_origin: str) -> web.Application:
    """Create the application for a data folder.

    `base_url` is the URL under which the local Discord is reachable. `herwa_origin` is the origin of the Herwa instance
    that users log in to.
    """
    context = _create_context(folder, base_url, herwa_origin)
    app = web.Application(middlewares=[inject_faults, handle_rest_request], client_max_size=MAX_REQUEST_BYTES)
    app[CONTEXT_KEY] = context
    app[WORLD_FILE_KEY] = _create_sim_dir(folder) / "world.json"
    rest.add_routes(app)
    control.add_routes(app)
    oauth.add_routes(app)
    pages.add_routes(app)
    app.router.add_get("/{path:.*}", _serve_root)
    app.cleanup_ctx.append(_persist_world)
    app.on_shutdown.append(_on_shutdown)
    return app


def _create_context(folder: DataFolder, base_url: str, herwa_origin: str) -> SimContext:
    """Load the saved world and create every component that the request handlers use."""
    sim_dir = _create_sim_dir(folder)
    world = persistence.load_world(sim_dir / "world.json")
    world.base_url = base_url
    chaos, journal = Chaos(), Journal()
    session_manager = SessionManager(world, chaos, journal)
    token = folder.get_or_create_secret("local_discord_token")
    return SimContext(
        world=world,
        session_manager=session_manager,
        gateway=Gateway(session_manager, token),
        interactions=InteractionStore(world),
        files=FileStore(sim_dir / "files"),
        rate_limiter=RestRateLimiter(),
        journal=journal,
        chaos=chaos,
        replays=ReplayRegistry(),
        population=Population(world),
        registration=ClientRegistration(
            world.application.id,
            folder.get_or_create_secret("local_discord_client_secret"),
            frozenset({f"{herwa_origin}/auth/callback"}),
            herwa_origin,
        ),
        grants=OAuthGrantStore(sim_dir / "grants.json"),
        bot_token=token,
        control_token=folder.get_or_create_secret("sim_control"),
        cookie_key=folder.get_or_create_secret("local_discord_cookies"),
        history_folder=sim_dir / "histories",
    )


def _create_sim_dir(folder: DataFolder) -> Path:
    """Create `<data folder>/sim` if it is missing, and return it."""
    sim_dir = folder.path / "sim"
    sim_dir.mkdir(exist_ok=True)
    return sim_dir


async def _serve_root(request: web.Request) -> web.StreamResponse:
    """Serve WebSocket upgrades by the gateway and `/` by the front page; 404 for other paths."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await get_context(request).gateway.serve(request)
    return await (pages.serve_front(request) if request.path == "/" else handle_unknown_route(request))


async def _persist_world(app: web.Application) -> AsyncIterator[None]:
    """Save the world to disk while the application runs (aiohttp cleanup context)."""
    task = asyncio.create_task(persistence.save_periodically(app[CONTEXT_KEY].world, app[WORLD_FILE_KEY]))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _on_shutdown(app: web.Application) -> None:
    """Stop the population and abort all gateway connections."""
    app[CONTEXT_KEY].population.stop()
    app[CONTEXT_KEY].gateway.abort_connections()
