"""Widgets as visitors get them: true numbers in each form, one refresh a minute, nothing of what is hidden."""

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from herwa_api.app import create_app
from herwa_api.widgets import cards
from herwa_api.widgets.forms import WidgetForm
from herwa_api.widgets.rendered import CACHE_CONTROL
from herwa_shared.catalog import FeatureKey, Limit
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.models import Guild, WidgetValue
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.grants import grant_limit, revoke_grant
from herwa_shared.services.widget_uses import load_uses
from herwa_shared.services.widgets import WidgetStatus, change_widget, create_widget, revoke_widget
from herwa_shared.stores import Stores
from tests.api.browser import create_address
from tests.api.conftest import UNREACHABLE_DATABASE_URL
from tests.api.test_errors import forward_port
from tests.support.governance_client import GovernanceClient
from tests.support.row_factories import EventRow, add_guild, add_imported_period, insert_events
from tests.support.statement_log import count_selects, report_transactions
from tests.support.waiting import wait_until

PEOPLE = 8
VISIBLE_FORMS = (WidgetForm.DOCUMENT, WidgetForm.SVG, WidgetForm.PNG, WidgetForm.DARK_PNG, WidgetForm.JSON)


@dataclass
class Site:
    """A guild with one widget that is on, and a visitor."""

    stores: Stores
    client: httpx.AsyncClient
    guild_id: int
    widget: WidgetStatus

    async def get(self, form: str = "", **headers: str) -> httpx.Response:
        return await self.client.get(f"/w/{self.widget.public_id}{form}", headers=headers)

    async def change(self, **value) -> None:
        async with self.stores.database.transaction() as session:
            await change_widget(session, guild_id=self.guild_id, widget_id=self.widget.id, value=value, actor=SYSTEM)

    async def add_widget(self, **value) -> WidgetStatus:
        async with self.stores.database.transaction() as session:
            return await create_widget(
                session, guild_id=self.guild_id, value={"name": "Blog", "is_on": True} | value, actor=SYSTEM
            )

    async def wait_for_status(self, status: int, form: str = "") -> None:
        async def has_status() -> bool:
            return (await self.get(form)).status_code == status

        await wait_until(has_status)

    async def make_old(self, minutes: int = 2) -> None:
        """Let the last numbers be older than a minute, for every process."""
        past = utc_now() - timedelta(minutes=minutes)
        async with self.stores.database.transaction() as session:
            row = await session.get_one(WidgetValue, self.widget.id)
            row.claimed_at = row.computed_at = past
            assert row.numbers is not None
            row.numbers = {**row.numbers, "as_of": past.isoformat()}


@pytest.fixture
async def site(stores: Stores, client: httpx.AsyncClient, app: FastAPI) -> Site:
    """Eight people wrote two messages each yesterday."""
    guild_id = await add_guild(stores)
    now = utc_now().replace(microsecond=0)
    await add_imported_period(stores, guild_id, now - timedelta(days=90), now + timedelta(days=1))
    yesterday = now - timedelta(days=1)
    events = [EventRow(yesterday, user) for user in range(10, 10 + PEOPLE) for _ in range(2)]
    await insert_events(stores, guild_id, events)
    site = Site(stores, client, guild_id, None)  # type: ignore[arg-type]
    site.widget = await site.add_widget(metrics=["messages", "active_members"], days=7)
    return site


@pytest.fixture
def restarted(stores: Stores, settings, policies, discord) -> FastAPI:
    """Another process of the API."""
    return create_app(stores, settings, policies)


@pytest.fixture
def governance(stores: Stores) -> GovernanceClient:
    return GovernanceClient(stores)


def open_client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(create_address(), 1))
    return httpx.AsyncClient(transport=transport, base_url="http://herwa")


async def test_every_form_shows_the_true_numbers(site: Site):
    body = (await site.get(".json")).json()
    assert [(item["metric"], item["value"]) for item in body["metrics"]] == [
        ("messages", 2 * PEOPLE),
        ("active_members", PEOPLE),
    ]
    assert body["metrics"][0]["days"] == [0, 0, 0, 0, 0, 2 * PEOPLE, 0]
    for form, media_type in ((WidgetForm.SVG, "image/svg+xml"), (WidgetForm.DOCUMENT, "text/html; charset=utf-8")):
        response = await site.get(form)
        assert (response.status_code, response.headers["content-type"]) == (200, media_type)
        assert f">{2 * PEOPLE}</text>" in response.text
        assert f">{PEOPLE}</text>" in response.text
    for form in (WidgetForm.PNG, WidgetForm.DARK_PNG, WidgetForm.LIGHT_PNG):
        response = await site.get(form)
        assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
        assert response.content.startswith(b"\x89PNG")


async def test_hidden_widgets_look_like_unknown_ones(site: Site, stores: Stores):
    unknown = {form: await site.client.get(f"/w/{'x' * 22}{form}") for form in WidgetForm}
    assert {response.status_code for response in unknown.values()} == {404}
    async with stores.database.transaction() as session:
        grant = {"limit": Limit.WIDGETS, "value": 2, "reason": "test", "actor": SYSTEM}
        grant_id = await grant_limit(session, guild_id=site.guild_id, **grant)
    over_limit = await site.add_widget()
    await site.wait_for_status(200)
    async with stores.database.transaction() as session:
        await revoke_grant(session, guild_id=site.guild_id, grant_id=grant_id, reason="test", actor=SYSTEM)
    hidden = {"over the limit": over_limit.public_id}
    await site.change(is_on=False)
    hidden["off"] = site.widget.public_id
    for public_id in hidden.values():

        async def is_hidden(public_id: str = public_id) -> bool:
            return (await site.client.get(f"/w/{public_id}")).status_code == 404

        await wait_until(is_hidden)
        await _assert_same(site, public_id, unknown)
    async with stores.database.transaction() as session:
        await revoke_widget(session, guild_id=site.guild_id, widget_id=site.widget.id, actor=SYSTEM)
    await _assert_same(site, site.widget.public_id, unknown)


async def _assert_same(site: Site, public_id: str, unknown: dict[WidgetForm, httpx.Response]) -> None:
    for form, expected in unknown.items():
        response = await site.client.get(f"/w/{public_id}{form}")
        assert (response.status_code, response.content, response.headers) == (404, expected.content, expected.headers)


async def test_revocation_and_changes_act_at_once(site: Site, stores: Stores):
    assert (await site.get(".svg")).status_code == 200
    await site.change(is_on=False)
    await site.wait_for_status(404, ".svg")
    await site.change(is_on=True, number_format="short", metrics=["active_members"])

    async def has_one_metric() -> bool:
        response = await site.get(".json")
        return response.status_code == 200 and len(response.json()["metrics"]) == 1

    await wait_until(has_one_metric)


async def test_kill_switch_and_toggle_hide_widgets(site: Site, governance: GovernanceClient):
    assert (await site.get()).status_code == 200
    await governance.set_feature(site.guild_id, FeatureKey.WIDGETS, enabled=False)
    await site.wait_for_status(404)
    await governance.set_feature(site.guild_id, FeatureKey.WIDGETS, enabled=True)
    await site.wait_for_status(200)


async def test_requests_with_random_queries_cost_one_refresh(site: Site, stores: Stores):
    before = await count_selects(stores.clickhouse)
    requests = (site.client.get(f"/w/{site.widget.public_id}.svg?x={number}") for number in range(50))
    responses = await asyncio.gather(*requests)
    assert {response.status_code for response in responses} == {200}
    transactions: list[list[str]] = []
    with report_transactions(transactions.append):
        for number in range(50):
            await site.client.get(f"/w/{site.widget.public_id}?cachebust={number}")
    assert transactions == []
    assert await count_selects(stores.clickhouse) - before - 1 == 1


async def test_other_processes_use_the_same_numbers(site: Site, stores: Stores, restarted: FastAPI):
    assert (await site.get(".json")).status_code == 200
    before = await count_selects(stores.clickhouse)
    async with open_client(restarted) as client:
        other = await client.get(f"/w/{site.widget.public_id}.json")
    assert other.json() == (await site.get(".json")).json()
    assert await count_selects(stores.clickhouse) - before - 1 == 0


async def test_outage_of_clickhouse_leaves_the_last_numbers_with_their_time(
    site: Site, stores: Stores, settings: Settings, policies: PolicyCache
):
    folder = DataFolder(settings.data_dir)
    async with forward_port(folder.read_ports()["clickhouse"]) as (port, cut):
        url = f"http://herwa:{folder.get_or_create_secret('clickhouse')}@127.0.0.1:{port}/herwa"
        async with open_clickhouse(url) as clickhouse:
            app = create_app(replace(stores, clickhouse=clickhouse), settings, policies)
            async with open_client(app) as client:
                assert (await client.get(f"/w/{site.widget.public_id}.json")).json()["is_stale"] is False
                await site.make_old(minutes=5)
                app.state.app_state.widget_cards._entries.clear()
                cut()
                body = (await client.get(f"/w/{site.widget.public_id}.json")).json()
                svg = await client.get(f"/w/{site.widget.public_id}.svg")
    assert (body["is_stale"], body["metrics"][0]["value"]) == (True, 2 * PEOPLE)
    assert (svg.status_code, "as of" in svg.text) == (200, True)


async def test_outage_of_postgresql_leaves_the_card_that_the_process_knows(
    site: Site, app: FastAPI, monkeypatch: pytest.MonkeyPatch
):
    first = await site.get(".svg")
    state = app.state.app_state.widget_cards
    unreachable = Database(UNREACHABLE_DATABASE_URL)
    monkeypatch.setattr(state, "_stores", replace(state._stores, database=unreachable))
    state._entries[site.widget.public_id].fresh_until = 0.0
    again = await site.get(".svg")
    unknown = await site.client.get(f"/w/{'y' * 22}.svg")
    await unreachable.close()
    assert (again.status_code, again.content) == (200, first.content)
    assert (unknown.status_code, unknown.headers["cache-control"]) == (503, "no-store")


async def test_numbers_are_refreshed_after_a_minute(site: Site, app: FastAPI, stores: Stores):
    assert (await site.get(".json")).status_code == 200
    now = utc_now().replace(microsecond=0) - timedelta(days=1)
    await insert_events(stores, site.guild_id, [EventRow(now, user) for user in range(30, 40)])
    assert (await site.get(".json")).json()["metrics"][1]["value"] == PEOPLE
    await site.make_old()
    app.state.app_state.widget_cards._entries[site.widget.public_id].fresh_until = 0.0
    assert (await site.get(".json")).json()["metrics"][1]["value"] == PEOPLE + 10


async def test_known_etag_gets_304_without_a_body(site: Site):
    for form in VISIBLE_FORMS:
        response = await site.get(form)
        assert response.headers["cache-control"] == CACHE_CONTROL
        for tags in (response.headers["etag"], f'"a", W/{response.headers["etag"]}', "*"):
            known = await site.get(form, **{"If-None-Match": tags})
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["etag"] == response.headers["etag"]
        assert (await site.get(form, **{"If-None-Match": '"other"'})).status_code == 200


async def test_allowed_sites_frame_the_document_and_read_svg_and_json(site: Site):
    await site.change(sites=["https://shop.example", "https://*.example.org"])

    async def has_sites() -> bool:
        return "shop.example" in (await site.get()).headers.get("content-security-policy", "")

    await wait_until(has_sites)
    policy = (await site.get()).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors https://shop.example https://*.example.org")
    for form in (".svg", ".json"):
        for origin in ("https://shop.example", "https://a.example.org"):
            response = await site.get(form, Origin=origin)
            assert (response.headers["access-control-allow-origin"], response.headers["vary"]) == (origin, "Origin")
        for origin in ("https://evil.example", "null", "https://shop.example.evil"):
            assert "access-control-allow-origin" not in (await site.get(form, Origin=origin)).headers


async def test_without_sites_every_site_may_embed(site: Site):
    document, svg = await site.get(), await site.get(".svg", Origin="https://a.example")
    assert "frame-ancestors *" in document.headers["content-security-policy"]
    assert svg.headers["access-control-allow-origin"] == "*"


async def test_security_headers_are_strict_and_cookies_change_nothing(site: Site):
    plain = await site.get()
    with_cookie = await site.get(Cookie="__Host-herwa_session=x; a=b", Authorization="Bearer sk_live_hw_x")
    assert (plain.content, plain.headers) == (with_cookie.content, with_cookie.headers)
    for form in VISIBLE_FORMS:
        headers = (await site.get(form)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert "set-cookie" not in headers


async def test_link_redirects_to_the_invite_and_is_counted(site: Site, app: FastAPI, stores: Stores):
    assert (await site.get("/go")).status_code == 404
    await site.change(invite="abc123")
    await site.wait_for_status(302, "/go")
    assert (await site.get("/go")).headers["location"] == "https://discord.gg/abc123"
    await site.get(".svg")
    await app.state.app_state.widget_uses.save()
    async with stores.database.transaction() as session:
        uses = (await load_uses(session, widget_ids=[site.widget.id], days=2, now=utc_now()))[site.widget.id]
    assert (uses.clicks, uses.views[-1] >= 1) == ((0, 2), True)


@pytest.mark.parametrize(
    "path", ["/w/", "/w/short", f"/w/{'x' * 22}.exe", f"/w/{'x' * 23}", "/w/../etc", "/w/%00" + "x" * 21]
)
async def test_hostile_paths_are_unknown(client: httpx.AsyncClient, path: str):
    assert (await client.get(path)).status_code == 404


async def test_widgets_can_only_be_read(site: Site):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = await site.client.request(method, f"/w/{site.widget.public_id}")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    head = await site.client.head(f"/w/{site.widget.public_id}.svg")
    assert (head.status_code, head.content, int(head.headers["content-length"]) > 100) == (200, b"", True)


async def test_guesses_of_ids_are_limited_by_address(stores: Stores, settings, policies):
    app = create_app(stores, settings, policies)
    async with open_client(app) as client:
        responses = [await client.get(f"/w/{number:022d}") for number in range(80)]
    assert {response.status_code for response in responses} == {404, 429}
    assert [response.status_code for response in responses].index(429) >= 20


async def test_unknown_id_is_looked_up_once_in_a_while(client: httpx.AsyncClient):
    transactions: list[list[str]] = []
    with report_transactions(transactions.append):
        for form in ("", ".svg", ".json"):
            assert (await client.get(f"/w/{'z' * 22}{form}")).status_code == 404
    assert len(transactions) == 1


async def test_script_defines_the_element_and_can_be_loaded_everywhere(client: httpx.AsyncClient):
    response = await client.get("/embed/card.js")
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert re.search(r'customElements\.define\("herwa-card"', response.text)
    assert "cookie" not in response.text.replace("reads no cookie", "")


async def test_hostile_server_name_is_text(site: Site, stores: Stores, restarted: FastAPI):
    async with stores.database.transaction() as session:
        (await session.get_one(Guild, site.guild_id)).name = "<img src=x onerror=alert(1)>"
    async with open_client(restarted) as client:
        for form in ("", ".svg"):
            text = (await client.get(f"/w/{site.widget.public_id}{form}")).text
            assert "<img" not in text
            assert "&lt;img src=x onerror=alert(1)&gt;" in text


async def test_page_is_public_only_when_it_is_on_and_cannot_be_framed(site: Site, stores: Stores):
    async with stores.database.transaction() as session:
        page = await create_widget(
            session,
            guild_id=site.guild_id,
            value={"name": "Page", "is_on": True, "invite": "abc123"},
            actor=SYSTEM,
            is_page=True,
        )
    site.widget = page
    await site.wait_for_status(200)
    response = await site.get()
    assert response.text.count("<svg") == 2
    assert f'href="/w/{page.public_id}/go"' in response.text
    assert response.headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert (await site.get(".svg")).status_code == 404
    await site.change(is_on=False)
    await site.wait_for_status(404)


async def test_memory_is_bounded(site: Site, app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cards, "MAX_UNKNOWN_IDS", 3)
    state = app.state.app_state.widget_cards
    for number in range(10):
        await site.client.get(f"/w/{number:022d}")
    assert len(state._unknown) <= 3
    state._entries.clear()
    state.form_bytes = 0
    monkeypatch.setattr(cards, "MAX_FORM_BYTES", 70_000)
    async with site.stores.database.transaction() as session:
        await grant_limit(session, guild_id=site.guild_id, limit=Limit.WIDGETS, value=9, reason="test", actor=SYSTEM)
    widgets = [site.widget, *[await site.add_widget(days=7) for _ in range(5)]]
    for widget in widgets:
        for form in ("", ".svg", ".png"):
            assert (await site.client.get(f"/w/{widget.public_id}{form}")).status_code == 200
    sizes = [entry.size for entry in state._entries.values()]
    assert state.form_bytes == sum(sizes) <= 70_000
    assert 0 < len(sizes) < len(widgets)
