"""A browser without a screen: HTTP clients of Herwa and of the local Discord."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookiejar import Cookie
from ipaddress import IPv6Address

import httpx
from fastapi import FastAPI

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.oauth_forms import submit_authorization

BROWSER_HEADERS = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Browser:
    """Two HTTP clients: `herwa` keeps Herwa's cookies, `discord` those of the local Discord."""

    def __init__(self, herwa: httpx.AsyncClient, discord: httpx.AsyncClient, settings: Settings) -> None:
        self.herwa = herwa
        self.discord = discord
        self.settings = settings

    async def start_login(self, next_path: str | None = None) -> str:
        """Start a login; return the authorization URL at Discord."""
        response = await self.herwa.get("/auth/login", params={"next": next_path} if next_path else {})
        assert response.status_code == 303, response.text
        return response.headers["Location"]

    async def authorize(self, url: str, user_id: int) -> str:
        """Authorize at Discord as this user; return the callback URL."""
        return await submit_authorization(self.discord, url, who=user_id)

    async def log_in(self, user_id: int, next_path: str | None = None) -> httpx.Response:
        """Log in completely; return the response to the callback."""
        return await self.follow_callback(await self.authorize(await self.start_login(next_path), user_id))

    async def follow_callback(self, url: str | httpx.URL) -> httpx.Response:
        """Request the path and query of the callback URL from the application under test."""
        return await self.herwa.get(httpx.URL(url).raw_path.decode())

    async def log_out(self, **headers: str) -> httpx.Response:
        return await self.herwa.post("/auth/logout", headers=headers or {"Origin": self.settings.origin})

    async def find_user_id(self) -> int | None:
        """Return the id of the user who is logged in, or None."""
        response = await self.herwa.get("/api/me")
        return int(response.json()["user"]["id"]) if response.is_success else None

    @property
    def session_token(self) -> str | None:
        """The session token in the cookie, or None."""
        return next((cookie.value for cookie in self.herwa.cookies.jar if "herwa_session" in cookie.name), None)

    @property
    def login_cookies(self) -> list[Cookie]:
        """The cookies of logins in progress, oldest first."""
        return [cookie for cookie in self.herwa.cookies.jar if "herwa_login" in cookie.name]

    @property
    def cookie_header(self) -> str:
        """All cookies of Herwa as one `Cookie` header, to replay stolen cookies."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.herwa.cookies.jar)


def create_address() -> str:
    """Create a random client address, so that limits count no other test's requests."""
    return str(IPv6Address(random.getrandbits(128)))


def open_client(app: FastAPI) -> httpx.AsyncClient:
    """Open a client with an address of its own."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(create_address(), 1)), base_url="http://herwa")


@asynccontextmanager
async def open_browser(app: FastAPI) -> AsyncIterator[Browser]:
    """Open a browser without cookies on an in-process application."""
    settings: Settings = app.state.app_state.settings
    url = f"http://127.0.0.1:{DataFolder(settings.data_dir).get_or_create_port('sim')}"
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(create_address(), 1))
    async with (
        httpx.AsyncClient(transport=transport, base_url=settings.origin) as herwa,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as discord,
    ):
        yield Browser(herwa, discord, settings)
