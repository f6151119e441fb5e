"""Point discord.py at an API: Discord's own or the local Discord of `herwa_sim`.

The only module that knows discord.py's base URLs. discord.py's version is pinned in the lock file, and a test fails
when it changes.
"""

import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import find_discord_url
from herwa_shared.runtime.data_dir import DataFolder

__all__ = ["find_discord_url", "get_bot_token", "set_discord_url"]


def get_bot_token(settings: Settings, folder: DataFolder) -> str:
    """Get the bot token from the settings, else the one that this copy's local Discord accepts."""
    if settings.discord.token is not None:
        return settings.discord.token.get_secret_value()
    return folder.get_or_create_secret("local_discord_token")


def set_discord_url(url: str) -> None:
    """Redirect discord.py's REST, gateway and CDN requests to `url`.

    Call it before the bot starts.
    """
    Route.BASE = f"{url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url.replace("http", "ws", 1) + "/")
    Asset.BASE = f"{url}/cdn"
