"""Addresses: point discord.py at Discord or the local Discord of `herwa_sim`, and messages at the dashboard.

The only module that knows discord.py's base URLs. discord.py's version is pinned in the lock file, and a test fails
when it changes.
"""

import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import find_discord_url, get_bot_token

__all__ = ["find_dashboard_url", "find_discord_url", "get_bot_token", "set_discord_url"]

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


def find_dashboard_url(settings: Settings) -> str | None:
    """Find the base URL of the dashboard for links in messages.

    Returns None for a URL of this machine if the bot is connected to Discord itself, which rejects messages with
    links that nobody else can open.
    """
    is_on_discord = not settings.discord.is_local and settings.discord.url is None
    is_public = yarl.URL(settings.origin).host not in LOOPBACK_HOSTS
    return settings.origin if is_public or not is_on_discord else None


def set_discord_url(url: str) -> None:
    """Redirect discord.py's REST, gateway and CDN requests to `url`.

    Call it before the bot starts.
    """
    Route.BASE = f"{url}/api/v10"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url.replace("http", "ws", 1) + "/")
    Asset.BASE = f"{url}/cdn"
