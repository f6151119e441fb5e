"""Profiles of the simulated servers, one per module; the most active one is last."""

from herwa_sim.behavior.server_profile import ServerProfile
from herwa_sim.presets.cafe_poliglota import CAFE_POLIGLOTA
from herwa_sim.presets.comet_arcade import COMET_ARCADE
from herwa_sim.presets.garden_club import GARDEN_CLUB
from herwa_sim.presets.petit_fournil import PETIT_FOURNIL
from herwa_sim.presets.pixel_forge import PIXEL_FORGE
from herwa_sim.presets.weekend_camera import WEEKEND_CAMERA

SERVER_PROFILES: tuple[ServerProfile, ...] = (
    GARDEN_CLUB,
    PIXEL_FORGE,
    WEEKEND_CAMERA,
    CAFE_POLIGLOTA,
    PETIT_FOURNIL,
    COMET_ARCADE,
)

BARE_SERVERS = (("Winter Market", "owner"), ("Secret Island", "stranger"))
"""Servers without the bot: name, and persona of the owner."""
