"""What every route may ask for: the stores, the settings, and what logs people in."""

from dataclasses import dataclass, field
from typing import Annotated

from clickhouse_connect.driver.asyncclient import AsyncClient
from fastapi import Depends, Request

from herwa_shared.auth.discord_oauth import DiscordOAuthClient
from herwa_shared.auth.encryption import Encryptor, create_encryptor
from herwa_shared.auth.guild_access import TOKEN_PURPOSE, GuildAccess, build_redirect_uri
from herwa_shared.authorization import Authorizer
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.endpoints import find_discord_endpoints, get_cdn_url
from herwa_shared.errors import OAuthNotConfigured
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_keys import load_pepper
from herwa_shared.stores import Stores


@dataclass(frozen=True, slots=True)
class OAuthServices:
    """What it takes to log people in. `attempts` seals what browsers keep for us, `tokens` what the database keeps."""

    discord: DiscordOAuthClient
    guild_access: GuildAccess
    state_encryptor: Encryptor
    token_encryptor: Encryptor


@dataclass(frozen=True, slots=True)
class AppState:
    """What the process was started with. Without `log_ins` only keys open anything."""

    stores: Stores
    authorizer: Authorizer
    settings: Settings
    cdn: str
    pepper: bytes = field(repr=False)
    oauth: OAuthServices | None

    def require_oauth(self) -> OAuthServices:
        """Raises LogInNotSetUp."""
        if self.oauth is None:
            raise OAuthNotConfigured
        return self.oauth


def create_app_state(stores: Stores, settings: Settings, policies: PolicyCache) -> AppState:
    """Everything, by these settings. There is nothing to close but stores and policies, which the caller opened."""
    folder = DataFolder(settings.data_dir)
    oauth = _create_oauth_services(stores, settings, folder)
    return AppState(
        stores=stores,
        authorizer=Authorizer(policies, stores.database, oauth.guild_access if oauth else None),
        settings=settings,
        cdn=get_cdn_url(settings, folder),
        pepper=load_pepper(settings, folder),
        oauth=oauth,
    )


def _create_oauth_services(stores: Stores, settings: Settings, folder: DataFolder) -> OAuthServices | None:
    endpoints = find_discord_endpoints(settings, folder)
    if endpoints is None:
        return None
    discord = DiscordOAuthClient(endpoints, build_redirect_uri(settings))
    state_encryptor, token_encryptor = (
        create_encryptor(settings, folder, purpose=purpose) for purpose in ("attempts", TOKEN_PURPOSE)
    )
    return OAuthServices(
        discord, GuildAccess(stores.database, discord, token_encryptor), state_encryptor, token_encryptor
    )


def get_app_state(request: Request) -> AppState:
    """As `create_app` was given it."""
    app_state: AppState = request.app.state.app_state
    return app_state


def _get_database(app_state: Annotated[AppState, Depends(get_app_state)]) -> Database:
    return app_state.stores.database


def _get_clickhouse(app_state: Annotated[AppState, Depends(get_app_state)]) -> AsyncClient:
    return app_state.stores.clickhouse


AppDep = Annotated[AppState, Depends(get_app_state)]
DatabaseDep = Annotated[Database, Depends(_get_database)]
ClickHouseDep = Annotated[AsyncClient, Depends(_get_clickhouse)]
