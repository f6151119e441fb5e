"""Container of the components that request handlers use."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from herwa_sim.chaos import Chaos
from herwa_sim.files import FileStore
from herwa_sim.gateway import Gateway
from herwa_sim.interactions import InteractionStore
from herwa_sim.journal import Journal
from herwa_sim.oauth.grants import OAuthGrantStore
from herwa_sim.oauth.registration import ClientRegistration
from herwa_sim.population import Population
from herwa_sim.rate_limits import RestRateLimiter
from herwa_sim.replay import ReplayRegistry
from herwa_sim.session_manager import SessionManager
from herwa_sim.world import World


@dataclass(frozen=True, slots=True)
class SimContext:
    """The components of the running local Discord."""

    world: World
    session_manager: SessionManager
    gateway: Gateway
    interactions: InteractionStore
    files: FileStore
    rate_limiter: RestRateLimiter
    journal: Journal
    chaos: Chaos
    replays: ReplayRegistry
    population: Population
    registration: ClientRegistration
    grants: OAuthGrantStore
    bot_token: str
    control_token: str
    cookie_key: str
    history_folder: Path


CONTEXT_KEY = web.AppKey("context", SimContext)


def get_context(request: web.Request) -> SimContext:
    """Return the SimContext of the request's application."""
    return request.app[CONTEXT_KEY]
