"""Requests about the settings of a server, by a manager in a session or by an API key."""

from dataclasses import dataclass, field

import httpx
from jsonschema import Draft202012Validator

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.services.discovery import register
from herwa_shared.settings_surfaces import CHANNEL_COMMANDS, FEATURE_COMMANDS, RULE_COMMANDS
from herwa_shared.stores import Stores
from tests.api.browser import Browser

COMMANDS = (
    Surface(SurfaceKind.COMMAND, "server-stats", FeatureKey.SERVER_STATS, "Chart the messages"),
    Surface(SurfaceKind.COMMAND, "voice-stats", FeatureKey.VOICE_STATS, "Chart the voices"),
    Surface(SurfaceKind.COMMAND, "top channels", FeatureKey.SERVER_STATS, "Most active channels"),
    Surface(SurfaceKind.COMMAND, "help", FeatureKey.HELP, "Help", Audience.EVERYONE),
    *FEATURE_COMMANDS,
    *RULE_COMMANDS,
    *CHANNEL_COMMANDS,
)


@dataclass(frozen=True)
class SettingsClient:
    """Sends requests about one server. Every successful body is validated against the OpenAPI document."""

    http: httpx.AsyncClient
    guild_id: int
    headers: dict[str, str] = field(default_factory=dict)
    has_session: bool = False

    async def send(self, method: str, route: str, *, template: str = "", **options) -> httpx.Response:
        """Send a request; `template` is the route in the document if it differs."""
        headers = {**self.headers, **options.pop("headers", {})}
        path = f"/api/guilds/{self.guild_id}/{route}"
        response = await self.http.request(method, path, headers=headers, **options)
        if response.is_success:
            await self._validate(method, template or route.partition("?")[0], response)
        else:
            assert response.status_code == 304 or response.headers["content-type"] == "application/problem+json"
        return response

    async def get(self, route: str, **params) -> dict:
        response = await self.send("GET", route, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def _validate(self, method: str, template: str, response: httpx.Response) -> None:
        document = (await self.http.get("/api/openapi.json")).json()
        operation = document["paths"][f"/api/guilds/{{guild_id}}/{template}"][method.lower()]
        schema = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(response.json())


def build_session_client(browser: Browser, guild_id: int) -> SettingsClient:
    return SettingsClient(browser.herwa, guild_id, {"Origin": browser.settings.origin}, has_session=True)


def build_key_client(http: httpx.AsyncClient, guild_id: int, key: str) -> SettingsClient:
    return SettingsClient(http, guild_id, {"Authorization": f"Bearer {key}"})


async def register_commands(stores: Stores) -> None:
    """Register commands, as the bot does at its start."""
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], COMMANDS)
