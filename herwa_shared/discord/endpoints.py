"""Where Discord is and who Herwa is there: the local one, the real one, or any server that speaks its API."""

from dataclasses import dataclass

from pydantic import SecretStr

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder

LOCAL_CLIENT_ID = 307_467_652_223_821_367
DISCORD_URL = "https://discord.com"
DISCORD_CDN = "https://cdn.discordapp.com"
PICTURE_SIZE = 64


@dataclass(frozen=True, slots=True)
class DiscordPlace:
    """Every address of one Discord that a log-in needs, and the application that asks."""

    api: str
    cdn: str
    authorize: str
    token: str
    revoke: str
    client_id: int
    client_secret: SecretStr


def discord_url(settings: Settings, folder: DataFolder) -> str | None:
    """The address that the settings name, else this copy's local Discord; None means the real one."""
    if settings.discord.is_local:
        return f"http://127.0.0.1:{folder.port('sim')}"
    return settings.discord.url


def discord_place(settings: Settings, folder: DataFolder) -> DiscordPlace | None:
    """Where to log in. None: the settings name no client id and secret, so that nobody can."""
    client_id, secret = settings.discord.client_id, settings.discord.client_secret
    if settings.discord.is_local:
        client_id, secret = LOCAL_CLIENT_ID, SecretStr(folder.secret("local_discord_client_secret"))
    if client_id is None or secret is None:
        return None
    url = discord_url(settings, folder) or DISCORD_URL
    return DiscordPlace(
        api=f"{url}/api/v10",
        cdn=discord_cdn(settings, folder),
        authorize=f"{url}/oauth2/authorize",
        token=f"{url}/api/oauth2/token",
        revoke=f"{url}/api/oauth2/token/revoke",
        client_id=client_id,
        client_secret=secret,
    )


def discord_cdn(settings: Settings, folder: DataFolder) -> str:
    """Where pictures come from; known also while log-in is not set up."""
    url = discord_url(settings, folder)
    return f"{url}/cdn" if url else DISCORD_CDN


def icon_url(cdn: str, guild_id: int, icon: str | None) -> str | None:
    """A guild's picture, if it has one."""
    return f"{cdn}/icons/{guild_id}/{icon}.png?size={PICTURE_SIZE}" if icon else None


def avatar_url(cdn: str, user_id: int, avatar: str | None) -> str | None:
    """A user's picture, if they have one."""
    return f"{cdn}/avatars/{user_id}/{avatar}.png?size={PICTURE_SIZE}" if avatar else None
