"""What a request handler may need, in one place."""

from dataclasses import dataclass

from aiohttp import web

from herwa_sim.chaos import Chaos
from herwa_sim.files import Files
from herwa_sim.gateway import Gateway
from herwa_sim.interactions import Interactions
from herwa_sim.journal import Journal
from herwa_sim.oauth.grants import Grants
from herwa_sim.oauth.registration import Registration
from herwa_sim.population import Population
from herwa_sim.rate_limits import Limits
from herwa_sim.replay import Histories
from herwa_sim.session_manager import Hub
from herwa_sim.world import World


@dataclass(frozen=True, slots=True)
class Parts:
    """The running local Discord."""

    world: World
    hub: Hub
    gateway: Gateway
    interactions: Interactions
    files: Files
    limits: Limits
    journal: Journal
    chaos: Chaos
    histories: Histories
    population: Population
    registration: Registration
    grants: Grants
    bot_token: str
    control_token: str
    cookie_key: str


PARTS = web.AppKey("parts", Parts)


def parts_of(request: web.Request) -> Parts:
    return request.app[PARTS]
