"""Application state of the API process, and the FastAPI dependencies that provide it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from herwa_api.key_usage import UsageRecorder
from herwa_api.key_verifier import KeyVerifier
from herwa_api.known_responses import KnownResponses
from herwa_api.pagination import CursorCodec
from herwa_api.rate_limits.limiter import RequestLimiter
from herwa_api.readiness import Readiness
from herwa_api.request_metrics import RequestCounts
from herwa_api.started_downloads import StartedDownloads
from herwa_api.widgets.cards import WidgetCards
from herwa_api.widgets.use_recorder import WidgetUseRecorder
from herwa_shared.auth.account_cache import AccountCache
from herwa_shared.auth.discord_oauth import DiscordOAuthClient
from herwa_shared.auth.encryption import Encryptor, create_deterministic_encryptor, create_encryptor
from herwa_shared.auth.guild_access import TOKEN_PURPOSE, GuildAccess, build_redirect_uri
from herwa_shared.auth.sessions import SessionReader
from herwa_shared.authorization import Authorizer
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.discord.endpoints import find_discord_endpoints, get_cdn_url
from herwa_shared.discord.guild_reader import GuildReader
from herwa_shared.errors import DiscordUnavailable, OAuthNotConfigured
from herwa_shared.exports.files import ExportFolder, open_export_folder
from herwa_shared.exports.links import LINK_PURPOSE
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.query_cache.cache import Computed, QueryCache
from herwa_shared.query_cache.question_slots import QuestionSlots
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.guild_settings import GuildSettings, load_guild_settings
from herwa_shared.services.member_data_views import MemberViewRecorder
from herwa_shared.stores import Stores


@dataclass(frozen=True, slots=True)
class OAuthServices:
    """Clients and keys of the Discord OAuth2 login.

    `state_encryptor` encrypts the login cookie (`OAuthState`); `token_encryptor` encrypts the Discord tokens in the
    database. They use different derived keys, so neither can decrypt the other's data.
    """

    discord: DiscordOAuthClient
    guild_access: GuildAccess
    state_encryptor: Encryptor
    token_encryptor: Encryptor


@dataclass(frozen=True, slots=True)
class AppState:
    """Everything that routes share.

    `sessions` reads browser sessions. `cdn` is the base URL of Discord's images, `limiter` counts requests,
    `key_verifier` knows valid API keys, `key_usage` records their use. `widget_cards` are the widgets for visitors,
    `widget_uses` counts these. `guild_reader` reads roles and members at Discord. `response_encryptor` encrypts stored
    responses, `export_links` the links to files of exports, which are in `export_folder`. `started_downloads` are those
    of these files in the audit log. `oauth` is None if no Discord application is configured; then only API keys give
    access.
    """

    stores: Stores
    authorizer: Authorizer
    sessions: SessionReader
    settings: Settings
    cdn: str
    limiter: RequestLimiter
    key_verifier: KeyVerifier
    key_usage: UsageRecorder
    question_slots: QuestionSlots
    query_cache: QueryCache
    view_recorder: MemberViewRecorder
    guild_reader: GuildReader | None
    response_encryptor: Encryptor
    cursors: CursorCodec
    export_links: Encryptor
    export_folder: ExportFolder
    started_downloads: StartedDownloads
    known_responses: KnownResponses
    request_counts: RequestCounts
    readiness: Readiness
    widget_cards: WidgetCards
    widget_uses: WidgetUseRecorder
    oauth: OAuthServices | None

    def require_guild_reader(self) -> GuildReader:
        """Return the reader of roles and members at Discord. Raises DiscordUnavailable if there is none."""
        if self.guild_reader is None:
            raise DiscordUnavailable
        return self.guild_reader

    async def load_guild_settings(self, guild_id: int) -> GuildSettings:
        """Load time zone and week of a guild, once for each version of its data: a change of them raises it.

        The other settings may be old.
        """

        async def compute() -> Computed[GuildSettings]:
            async with self.stores.database.transaction() as session:
                return Computed(await load_guild_settings(session, guild_id=guild_id))

        return await self.query_cache.get_object(guild_id, "settings", compute)

    def require_oauth(self) -> OAuthServices:
        """Return the OAuth services. Raises OAuthNotConfigured if there are none."""
        if self.oauth is None:
            raise OAuthNotConfigured
        return self.oauth


def create_app_state(
    stores: Stores,
    settings: Settings,
    policies: PolicyCache,
    query_cache: QueryCache | None = None,
    guild_reader: GuildReader | None = None,
    accounts: AccountCache | None = None,
) -> AppState:
    """Build the state from the settings and the data folder.

    It opens nothing that must be closed; the caller opens and closes `stores`, `policies` and `guild_reader`, and runs
    `query_cache` and `accounts`. A cache that does not run caches nothing.
    """
    folder = DataFolder(settings.data_dir)
    accounts = accounts or AccountCache(stores.database_url)
    query_cache = query_cache or QueryCache(stores.database_url, stores.redis)
    oauth = _create_oauth_services(stores, settings, folder, accounts)
    return AppState(
        stores=stores,
        authorizer=Authorizer(policies, stores.database, oauth.guild_access if oauth else None),
        sessions=SessionReader(stores.database, accounts),
        settings=settings,
        cdn=get_cdn_url(settings, folder),
        limiter=RequestLimiter(stores.redis),
        key_verifier=KeyVerifier(stores.database, policies, load_peppers(settings, folder)),
        key_usage=UsageRecorder(stores.database),
        question_slots=query_cache.slots,
        query_cache=query_cache,
        view_recorder=MemberViewRecorder(stores.database),
        guild_reader=guild_reader,
        response_encryptor=create_encryptor(settings, folder, purpose="responses"),
        cursors=CursorCodec(create_deterministic_encryptor(settings, folder, purpose="cursors")),
        export_links=create_encryptor(settings, folder, purpose=LINK_PURPOSE),
        export_folder=open_export_folder(settings),
        started_downloads=StartedDownloads(),
        known_responses=KnownResponses(query_cache),
        request_counts=RequestCounts(),
        readiness=Readiness(stores.database, stores.clickhouse),
        widget_cards=WidgetCards(stores, policies),
        widget_uses=WidgetUseRecorder(stores.database),
        oauth=oauth,
    )


def _create_oauth_services(
    stores: Stores, settings: Settings, folder: DataFolder, accounts: AccountCache
) -> OAuthServices | None:
    endpoints = find_discord_endpoints(settings, folder)
    if endpoints is None:
        return None
    discord = DiscordOAuthClient(endpoints, build_redirect_uri(settings))
    state_encryptor, token_encryptor = (
        create_encryptor(settings, folder, purpose=purpose) for purpose in ("attempts", TOKEN_PURPOSE)
    )
    return OAuthServices(
        discord, GuildAccess(stores.database, discord, token_encryptor, accounts), state_encryptor, token_encryptor
    )


def read_app_state(request: Request) -> AppState:
    """Return the state that `create_app` attached to the application."""
    app_state: AppState = request.app.state.app_state
    return app_state


# Performance: dependencies are coroutines, as FastAPI runs others in a thread.
async def get_app_state(request: Request) -> AppState:
    """Return the state of the application (FastAPI dependency)."""
    return read_app_state(request)


async def _get_database(app_state: Annotated[AppState, Depends(get_app_state)]) -> Database:
    return app_state.stores.database


AppDep = Annotated[AppState, Depends(get_app_state)]
DatabaseDep = Annotated[Database, Depends(_get_database)]
