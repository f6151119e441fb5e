"""URLs and OAuth2 credentials of the Discord that this installation uses.

That is the local Discord (`herwa_sim`), the real one, or any other server that implements its API.
"""

from dataclasses import dataclass

from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

LOCAL_CLIENT_ID = 307_467_652_223_821_367
LOCAL_OPERATOR_ID = 395_091_242_821_675_478
"""The operator among the personas of the local Discord, and only there."""
DISCORD_URL = "https://discord.com"
DISCORD_CDN_URL = "https://cdn.discordapp.com"
IMAGE_SIZE_PIXELS = 64


@dataclass(frozen=True, slots=True)
class DiscordEndpoints:
    """The URLs that a log-in needs, and the client id and secret of the OAuth2 application."""

    api_url: str
    cdn_url: str
    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: int
    client_secret: SecretStr


def find_discord_url(settings: Settings, folder: DataFolder) -> str | None:
    """Find the base URL of Discord: the local Discord's, else the one in the settings.

    Returns None for the real Discord.
    """
    if settings.discord.is_local:
        return f"http://127.0.0.1:{folder.get_or_create_port('sim')}"
    return settings.discord.url


def get_api_url(settings: Settings, folder: DataFolder) -> str:
    """Get the base URL of Discord's REST API."""
    return f"{find_discord_url(settings, folder) or DISCORD_URL}/api/v10"


def find_discord_endpoints(settings: Settings, folder: DataFolder) -> DiscordEndpoints | None:
    """Find the endpoints for log-in; None when the settings lack a client id or secret."""
    client_id, secret = settings.discord.client_id, settings.discord.client_secret
    if settings.discord.is_local:
        client_id, secret = LOCAL_CLIENT_ID, SecretStr(folder.get_or_create_secret("local_discord_client_secret"))
    if client_id is None or secret is None:
        return None
    url = find_discord_url(settings, folder) or DISCORD_URL
    return DiscordEndpoints(
        api_url=get_api_url(settings, folder),
        cdn_url=get_cdn_url(settings, folder),
        authorize_url=f"{url}/oauth2/authorize",
        token_url=f"{url}/api/oauth2/token",
        revoke_url=f"{url}/api/oauth2/token/revoke",
        client_id=client_id,
        client_secret=secret,
    )


def get_bot_token(settings: Settings, folder: DataFolder) -> str:
    """Get the bot token from the settings, else the one that this copy's local Discord accepts."""
    if settings.discord.token is not None:
        return settings.discord.token.get_secret_value()
    return folder.get_or_create_secret("local_discord_token")


def build_store_url(settings: Settings, folder: DataFolder, sku_id: int) -> str | None:
    """Build the URL of the page where a SKU can be bought; None if the settings lack the id of the application."""
    application_id = LOCAL_CLIENT_ID if settings.discord.is_local else settings.discord.client_id
    if application_id is None:
        return None
    return f"{find_discord_url(settings, folder) or DISCORD_URL}/application-directory/{application_id}/store/{sku_id}"


def get_cdn_url(settings: Settings, folder: DataFolder) -> str:
    """Get the base URL of avatars and icons; available even while OAuth is not configured."""
    url = find_discord_url(settings, folder)
    return f"{url}/cdn" if url else DISCORD_CDN_URL


def build_icon_url(cdn_url: str, guild_id: int, icon: str | None) -> str | None:
    """Build the URL of a guild's icon; None for a guild without one."""
    return f"{cdn_url}/icons/{guild_id}/{icon}.png?size={IMAGE_SIZE_PIXELS}" if icon else None


def build_avatar_url(cdn_url: str, user_id: int, avatar: str | None) -> str | None:
    """Build the URL of a user's avatar; None for a user without one."""
    return f"{cdn_url}/avatars/{user_id}/{avatar}.png?size={IMAGE_SIZE_PIXELS}" if avatar else None
