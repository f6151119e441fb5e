"""A server of the local Discord for one test."""

from itertools import count

from herwa_sim.client.client import SimClient

_names = count(1)


class Place:
    """A server with a channel, two people and a bot in it."""

    def __init__(self, client: SimClient, name: str | None = None) -> None:
        number = next(_names)
        self.guild = client.create_guild(name or f"Server {number}")
        self.channel = client.create_channel(self.guild, "general")
        self.ada = client.join(self.guild, f"ada{number}")
        self.bob = client.join(self.guild, f"bob{number}")
        self.robot = client.join(self.guild, f"robot{number}", bot=True)
        self.owner = client.state().personas["owner"]
