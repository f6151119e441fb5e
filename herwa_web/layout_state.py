"""What every page's frame shows: who looks, their servers, and whether the rest of Herwa answers."""

from collections.abc import Iterable
from dataclasses import dataclass

import reflex as rx

from herwa_shared.auth.guild_access import OwnGuild
from herwa_shared.auth.sessions import Viewer
from herwa_shared.discord.endpoints import avatar_url, discord_cdn, icon_url
from herwa_shared.runtime.data_dir import DataFolder
from herwa_web import app_context
from herwa_web.avatars import hue_of, initial_of

MOST_SERVERS = 100
"""In the switcher; Home shows and finds all."""


@dataclass(frozen=True, slots=True)
class ServerShown:
    """A server in the rail and the switcher."""

    id: str
    name: str
    picture: str
    hue: int
    initial: str
    href: str


NO_SERVER = ServerShown("", "", "", 0, "", "")


class Frame(rx.State):
    """Has no handlers: the pages fill it when they load."""

    name: str = ""
    picture: str = ""
    hue: int = 0
    initial: str = ""
    servers: list[ServerShown] = rx.field(default_factory=list)
    api_is_up: bool = True

    def _fill(self, viewer: Viewer, guilds: Iterable[OwnGuild]) -> None:
        """Whoever looks, and the servers that they manage."""
        self.name = viewer.name
        self.picture = avatar_url(cdn(), viewer.user_id, viewer.avatar) or ""
        self.hue, self.initial = hue_of(viewer.user_id), initial_of(viewer.name)
        self.servers = [server_shown(guild) for guild in guilds if guild.manages and guild.bot_is_in][:MOST_SERVERS]
        self.api_is_up = app_context.api_is_up()


def server_shown(guild: OwnGuild) -> ServerShown:
    """A server as the rail names it."""
    picture = icon_url(cdn(), guild.id, guild.icon) or ""
    return ServerShown(str(guild.id), guild.name, picture, hue_of(guild.id), initial_of(guild.name), f"/g/{guild.id}")


def cdn() -> str:
    """Where this copy's Discord keeps its pictures."""
    settings = app_context.settings()
    return discord_cdn(settings, DataFolder(settings.data_dir))
