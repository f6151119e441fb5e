"""A person with a browser: Herwa in one tab, the local Discord behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from herwa_api.app import create_app
from herwa_shared.config import Settings
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.sim.visitor import answer_form

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Browser:
    """`herwa` keeps our cookies, `discord` Discord's."""

    def __init__(self, herwa: httpx.AsyncClient, discord: httpx.AsyncClient, settings: Settings) -> None:
        self.herwa = herwa
        self.discord = discord
        self.settings = settings

    async def ask_to_log_in(self, page: str | None = None) -> str:
        """The address at Discord that a visitor is sent to."""
        answer = await self.herwa.get("/auth/login", params={"next": page} if page else {})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    async def agree(self, address: str, who: int) -> str:
        """Say at Discord who one is; the address one is sent back to."""
        return await answer_form(self.discord, address, who=who)

    async def log_in(self, who: int, page: str | None = None) -> httpx.Response:
        """The whole way; the answer to the coming back."""
        return await self.come_back(await self.agree(await self.ask_to_log_in(page), who))

    async def come_back(self, address: str | httpx.URL) -> httpx.Response:
        """Follow Discord's way back to us, wherever we listen."""
        return await self.herwa.get(httpx.URL(address).raw_path.decode())

    async def log_out(self, **headers: str) -> httpx.Response:
        return await self.herwa.post("/auth/logout", headers=headers or {"Origin": self.settings.origin})

    async def who_am_i(self) -> int | None:
        """The user that Herwa takes this browser for."""
        answer = await self.herwa.get("/api/me")
        return int(answer.json()["user"]["id"]) if answer.is_success else None

    @property
    def session(self) -> str | None:
        """The session's secret."""
        return next((one.value for one in self.herwa.cookies.jar if "herwa_session" in one.name), None)

    @property
    def cookies(self) -> str:
        """All our cookies, as a thief would send them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.herwa.cookies.jar)


@asynccontextmanager
async def opened(stores: Stores, settings: Settings, policies: PolicyCache) -> AsyncIterator[Browser]:
    """A browser in which nobody is known."""
    app = httpx.ASGITransport(create_app(stores, settings, policies), raise_app_exceptions=False)
    url = f"http://127.0.0.1:{DataFolder(settings.data_dir).port('sim')}"
    async with (
        httpx.AsyncClient(transport=app, base_url=settings.origin) as herwa,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as discord,
    ):
        yield Browser(herwa, discord, settings)
