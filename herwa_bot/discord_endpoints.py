"""The bot at its Discord: the one place that knows discord.py's addresses (version in the lock, held by a test)."""

import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import find_discord_url
from herwa_shared.runtime.data_dir import DataFolder

__all__ = ["find_discord_url", "get_bot_token", "set_discord_url"]


def get_bot_token(settings: Settings, folder: DataFolder) -> str:
    """The token of the settings, else the one that this copy's local Discord takes."""
    if settings.discord.token is not None:
        return settings.discord.token.get_secret_value()
    return folder.get_or_create_secret("local_discord_token")


def set_discord_url(url: str) -> None:
    """Send everything that discord.py does to `url`: REST, gateway and pictures. Call it before the bot starts."""
    Route.BASE = f"{url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url.replace("http", "ws", 1) + "/")
    Asset.BASE = f"{url}/cdn"
