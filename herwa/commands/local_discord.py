"""Connect to the control API of the local Discord."""

from collections.abc import Iterator
from contextlib import contextmanager

from herwa.texts import errors as texts
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import DISCORD_URL, find_discord_url
from herwa_shared.errors import ServiceUnavailable
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.client.client import SimClient


@contextmanager
def open_sim_client(settings: Settings) -> Iterator[SimClient]:
    """Connect to the local Discord for one block. Raises ServiceUnavailable if this copy uses the real Discord.

    Each request raises ServiceUnavailable while no local Discord runs.
    """
    folder = DataFolder(settings.data_dir)
    url = find_discord_url(settings, folder)
    if url in (None, DISCORD_URL):
        raise ServiceUnavailable(texts.REAL_DISCORD)
    client = SimClient(url, folder.get_or_create_secret("sim_control"))
    try:
        yield client
    finally:
        client.close()
