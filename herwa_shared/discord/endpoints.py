"""Where Discord is and who Herwa is there: the local one, the real one, or any server that speaks its API."""

from dataclasses import dataclass

from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

LOCAL_CLIENT_ID = 307_467_652_223_821_367
DISCORD_URL = "https://discord.com"
DISCORD_CDN_URL = "https://cdn.discordapp.com"
IMAGE_SIZE_PIXELS = 64


@dataclass(frozen=True, slots=True)
class DiscordEndpoints:
    """Every address of one Discord that a log-in needs, and the application that asks."""

    api_url: str
    cdn_url: str
    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: int
    client_secret: SecretStr


def find_discord_url(settings: Settings, folder: DataFolder) -> str | None:
    """The address that the settings name, else this copy's local Discord; None means the real one."""
    if settings.discord.is_local:
        return f"http://127.0.0.1:{folder.get_or_create_port('sim')}"
    return settings.discord.url


def find_discord_endpoints(settings: Settings, folder: DataFolder) -> DiscordEndpoints | None:
    """Where to log in. None: the settings name no client id and secret, so that nobody can."""
    client_id, secret = settings.discord.client_id, settings.discord.client_secret
    if settings.discord.is_local:
        client_id, secret = LOCAL_CLIENT_ID, SecretStr(folder.get_or_create_secret("local_discord_client_secret"))
    if client_id is None or secret is None:
        return None
    url = find_discord_url(settings, folder) or DISCORD_URL
    return DiscordEndpoints(
        api_url=f"{url}/api/v10",
        cdn_url=get_cdn_url(settings, folder),
        authorize_url=f"{url}/oauth2/authorize",
        token_url=f"{url}/api/oauth2/token",
        revoke_url=f"{url}/api/oauth2/token/revoke",
        client_id=client_id,
        client_secret=secret,
    )


def get_cdn_url(settings: Settings, folder: DataFolder) -> str:
    """Where pictures come from; known also while log-in is not set up."""
    url = find_discord_url(settings, folder)
    return f"{url}/cdn" if url else DISCORD_CDN_URL


def build_icon_url(cdn_url: str, guild_id: int, icon: str | None) -> str | None:
    """A guild's picture, if it has one."""
    return f"{cdn_url}/icons/{guild_id}/{icon}.png?size={IMAGE_SIZE_PIXELS}" if icon else None


def build_avatar_url(cdn_url: str, user_id: int, avatar: str | None) -> str | None:
    """A user's picture, if they have one."""
    return f"{cdn_url}/avatars/{user_id}/{avatar}.png?size={IMAGE_SIZE_PIXELS}" if avatar else None
