"""A guild of the local Discord for one test."""

from functools import cache
from itertools import count

from herwa_sim.client.client import SimClient

_server_numbers = count(1)


class SampleServer:
    """A guild with one channel, two members and a bot; all attributes are ids."""

    def __init__(self, client: SimClient, name: str | None = None) -> None:
        number = next(_server_numbers)
        self.id = client.create_guild(name or f"Server {number}")
        self.channel = client.create_channel(self.id, "general")
        self.ada = client.join(self.id, f"ada{number}")
        self.bob = client.join(self.id, f"bob{number}")
        self.robot = client.join(self.id, f"robot{number}", bot=True)
        self.owner = _get_owner(client)


@cache
def _get_owner(client: SimClient) -> int:
    return client.get_snapshot().personas["owner"]
