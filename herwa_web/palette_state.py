"""State of the command palette: the channels of the current server, loaded when the palette opens."""

from dataclasses import dataclass

import reflex as rx

from herwa_shared.errors import HerwaError
from herwa_shared.services.channels import list_channels
from herwa_web import app_context, auth
from herwa_web.pages.guild_page_state import parse_guild_id
from herwa_web.surfaces import OVERVIEW

MAX_CHANNELS = 300


@dataclass(frozen=True, slots=True)
class PaletteChannel:
    """A channel in the palette. `href` is the overview filtered by it."""

    label: str
    href: str


class PaletteState(rx.State):
    """State of the command palette. `guild_id` is the server whose channels it has; empty without one."""

    guild_id: str = ""
    channels: rx.Field[list[PaletteChannel]] = rx.field(default_factory=list)

    @rx.event(background=True, temporal=True)
    async def load_channels(self) -> None:
        """Load the channels of the page's server; none if the user may not see its overview."""
        async with self:
            url = self.router.url
        guild_id = parse_guild_id(url.path)
        channels: list[PaletteChannel] = []
        try:
            guild = await auth.authorize(await auth.load_visitor(self), guild_id, OVERVIEW)
            channels = await _load_channels(guild.id)
        except HerwaError:
            guild_id = ""
        async with self:
            if channels != self.channels or guild_id != self.guild_id:
                self.guild_id, self.channels = guild_id, channels


async def _load_channels(guild_id: int) -> list[PaletteChannel]:
    async with app_context.get_stores().database.transaction() as session:
        channels = await list_channels(session, guild_id=guild_id)
    present = [channel for channel in channels if not channel.is_deleted][:MAX_CHANNELS]
    return [PaletteChannel(f"#{channel.name}", f"/g/{guild_id}?channel={channel.id}") for channel in present]
