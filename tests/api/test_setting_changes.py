"""Changes of features, access rules and channel lists: dry run, conflicts, rights, audit, at once in force."""

import asyncio
import re

import httpx
import pytest

from herwa_api import texts
from herwa_shared.catalog import FeatureKey, Scope
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.services.audit import ChangeSource
from herwa_shared.services.guilds import MemberData, save_members
from herwa_shared.services.rule_tests import RuleTestsBroken, add_rule_test
from herwa_shared.services.undo import undo
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.settings_client import SettingsClient, build_key_client, build_session_client, register_commands
from tests.support.governance_client import TEST_ACTOR, GovernanceClient
from tests.support.oauth_login import ManagedServer, count_guild_requests
from tests.support.row_factories import add_channel, add_guild
from tests.support.waiting import wait_until

RULE = {"allow": False, "subject_kind": "everyone", "target_kind": "command", "target_key": "server-stats"}
RULE_TEMPLATE, LIST_TEMPLATE = "rules/{rule_id}", "channel-lists/{target}"
CHANGES = [
    ("PATCH", "features", "features", {"features": {"voice.stats": False}}),
    ("POST", "rules", "rules", RULE),
    ("PUT", "channel-lists/command:server-stats", LIST_TEMPLATE, {"places": ["5"]}),
]


@pytest.fixture(params=[pytest.param("session", marks=pytest.mark.slow), "key"])
async def settings_client(
    request, browser: Browser, client: httpx.AsyncClient, saved_server: ManagedServer, make_key: KeyFactory
) -> SettingsClient:
    """A client that may change the server's settings."""
    if request.param == "session":
        await browser.log_in(saved_server.manager)
        return build_session_client(browser, saved_server.id)
    scopes = [Scope.SETTINGS_READ, Scope.SETTINGS_WRITE]
    return build_key_client(client, saved_server.id, await make_key(saved_server.id, scopes))


async def create_rule(client: SettingsClient, **values) -> dict:
    response = await client.send("POST", "rules", json=RULE | values)
    assert response.status_code == 201, response.text
    return response.json()


async def list_audit(client: SettingsClient, **params) -> list[dict]:
    """List the changes through the API; the entry about the key itself is another kind."""
    entries = (await client.get("audit", **params))["items"]
    return [entry for entry in entries if entry["actor"]["via"] == ChangeSource.API]


async def test_toggles_are_saved_together_and_audited(settings_client: SettingsClient, saved_server: ManagedServer):
    body = {"features": {"voice.stats": False, "server.stats": True}, "modules": {"tickets": False}}
    response = await settings_client.send("PATCH", "features", json=body)

    assert response.status_code == 200
    saved = response.json()
    assert [item["key"] for item in saved["items"] if not item["enabled"]] == ["voice.stats"]
    assert [module["key"] for module in saved["modules"] if not module["enabled"]] == ["tickets"]
    assert response.headers["ETag"] == (await settings_client.send("GET", "features")).headers["ETag"]
    entries = await list_audit(settings_client, kind="features")
    assert [(entry["action"], entry["target"]) for entry in entries] == [
        ("feature.set", "voice.stats"),
        ("module.set", "tickets"),
    ]
    assert entries[0]["before"] == {"enabled": True, "by_default": True}
    assert entries[0]["after"] == {"enabled": False, "by_default": False}
    author = entries[0]["actor"]
    assert author["via"] == ChangeSource.API
    if settings_client.has_session:
        assert author["user_id"] == str(saved_server.manager)
    else:
        assert (author["user_id"], author["name"][:8]) == (None, "API key ")


async def test_change_is_in_force_at_once_for_keys(settings_client: SettingsClient, client, make_key: KeyFactory):
    guild_id = settings_client.guild_id
    key_client = build_key_client(client, guild_id, await make_key(guild_id, [Scope.STATS]))
    assert (await key_client.send("GET", "stats")).status_code == 200
    body = {"features": {FeatureKey.API_STATISTICS: False}}
    assert (await settings_client.send("PATCH", "features", json=body)).status_code == 200

    async def is_refused() -> bool:
        return (await key_client.send("GET", "stats")).status_code == 403

    await wait_until(is_refused, timeout_seconds=1)


async def test_one_invalid_toggle_saves_none(settings_client: SettingsClient):
    for toggles, status in (
        ({"features": {"voice.stats": False, "voice.stat": False}}, 400),
        ({"features": {"voice.stats": False, "essentials.help": False}}, 400),
        ({"features": {"voice.stats": False}, "modules": {"voic": False}}, 400),
        ({"features": {"voice.stats": False}, "tier": "premium"}, 400),
        ({"features": {"voice.stats": "no"}}, 400),
        ({}, 400),
    ):
        assert (await settings_client.send("PATCH", "features", json=toggles)).status_code == status
    assert all(item["enabled"] for item in (await settings_client.get("features"))["items"])
    assert await list_audit(settings_client) == []


async def test_dry_run_says_what_stops_and_saves_nothing(settings_client: SettingsClient):
    body = {"features": {"voice.stats": False}}
    response = await settings_client.send("PATCH", "features?dry_run=true", json=body)

    assert response.status_code == 200
    preview = response.json()
    stopped = {use["key"] for use in preview["effects"]["stopped"]}
    assert {"voice-stats"} <= stopped <= {"voice-stats", "Voice of a member"}  # other tests may register the second
    assert preview["effects"]["started"] == preview["effects"]["members"] == preview["effects"]["places"] == []
    assert [(change["type"], change["target"]) for change in preview["changes"]] == [("feature", "voice.stats")]
    assert all(item["enabled"] for item in (await settings_client.get("features"))["items"])
    assert await list_audit(settings_client) == []


async def test_rule_that_breaks_a_test_is_not_saved(settings_client: SettingsClient, stores: Stores):
    guild_id = settings_client.guild_id
    async with stores.database.transaction() as session:
        await add_rule_test(
            session,
            guild_id=guild_id,
            name="Members see the chart",
            role_id=0,
            command="server-stats",
            is_allowed=True,
            actor=TEST_ACTOR,
        )
    for path in ("rules", "rules?dry_run=true"):
        response = await settings_client.send("POST", path, json=RULE)
        assert (response.status_code, response.json()["code"]) == (400, RuleTestsBroken.code)
    assert await list_audit(settings_client) == []


async def test_dry_run_of_a_rule_counts_members_and_names_recent_ones_to_users(
    settings_client: SettingsClient, stores: Stores, saved_server: ManagedServer
):
    async with stores.database.transaction() as session:
        await save_members(session, [MemberData(saved_server.id, saved_server.member, "Mia", False)])
    body = RULE | {"target_key": "voice-stats"}
    preview = (await settings_client.send("POST", "rules?dry_run=true", json=body)).json()

    [effect] = preview["effects"]["members"]
    assert ([use["key"] for use in effect["lost"]], effect["gained"]) == (["voice-stats"], [])
    assert effect["member_count"] == 2, "the member and the manager; rules do not apply to the owner"
    named = [{"id": str(saved_server.member), "name": "Mia"}] if settings_client.has_session else None
    assert effect["recent_members"] == named
    assert (await settings_client.get("rules"))["items"] == []


async def test_dry_run_of_a_channel_list_names_the_commands(settings_client: SettingsClient, stores: Stores):
    channel = str(await add_channel(stores, settings_client.guild_id, "bots"))
    path = "channel-lists/feature:server.stats?dry_run=true"
    response = await settings_client.send("PUT", path, template=LIST_TEMPLATE, json={"places": [channel]})

    effects = response.json()["effects"]["places"]
    assert {(place["use"]["key"], *place["before"], *place["after"]) for place in effects} == {
        ("server-stats", channel),
        ("top channels", channel),
    }
    assert (await settings_client.get("channel-lists"))["items"] == []


async def test_dry_run_refuses_what_a_save_refuses(settings_client: SettingsClient):
    for method, path, template, body in (
        ("PATCH", "features", "", {"features": {"nothing": False}}),
        ("POST", "rules", "", RULE | {"target_key": "nothing"}),
        ("PUT", "channel-lists/command:nothing", LIST_TEMPLATE, {"places": ["5"]}),
        ("DELETE", "rules/5", RULE_TEMPLATE, None),
        ("DELETE", "channel-lists/command:server-stats", LIST_TEMPLATE, None),
    ):
        options = {} if body is None else {"json": body}
        dry = await settings_client.send(method, f"{path}?dry_run=true", template=template, **options)
        real = await settings_client.send(method, path, template=template, **options)
        assert dry.status_code == real.status_code >= 400
        assert dry.json() == real.json()


async def test_rule_is_created_changed_and_deleted(settings_client: SettingsClient):
    response = await settings_client.send("POST", "rules", json=RULE | {"note": "quiet hours"})
    rule = response.json()
    assert response.headers["Location"].endswith(f"/rules/{rule['id']}")
    assert response.headers["ETag"] == rule["etag"]
    assert (await settings_client.get("rules"))["items"] == [rule]

    path = f"rules/{rule['id']}"
    body = RULE | {"allow": True, "until": "2098-01-01T00:00:00+01:00"}
    changed = (await settings_client.send("PUT", path, template=RULE_TEMPLATE, json=body)).json()
    assert (changed["allow"], changed["until"], changed["note"]) == (True, "2097-12-31T23:00:00+00:00", "")
    assert (await settings_client.get("rules"))["items"] == [changed]

    moved_body = body | {"target_key": "voice-stats"}
    moved_path = f"rules/{changed['id']}"
    moved = (await settings_client.send("PUT", moved_path, template=RULE_TEMPLATE, json=moved_body)).json()
    assert (await settings_client.get("rules"))["items"] == [moved]
    assert moved["target_key"] == "voice-stats"

    deleted = await settings_client.http.request(
        "DELETE", f"/api/guilds/{settings_client.guild_id}/rules/{moved['id']}", headers=settings_client.headers
    )
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await settings_client.get("rules"))["items"] == []


async def test_same_rule_again_is_not_created_twice_and_another_one_in_its_scope_is_a_conflict(
    settings_client: SettingsClient,
):
    rule = await create_rule(settings_client)
    same = await settings_client.send("POST", "rules", json=RULE)
    assert (same.status_code, same.json()) == (200, rule)
    other = await settings_client.send("POST", "rules", json=RULE | {"allow": True})
    assert (other.status_code, other.json()["code"]) == (409, "rule_exists")
    assert rule["id"] in other.json()["detail"]
    second = await create_rule(settings_client, target_key="voice-stats")
    path = f"rules/{second['id']}"
    assert (await settings_client.send("PUT", path, template=RULE_TEMPLATE, json=RULE)).status_code == 409
    assert len((await settings_client.get("rules"))["items"]) == 2


async def test_role_everyone_becomes_everyone(settings_client: SettingsClient):
    rule = await create_rule(settings_client, subject_kind="role", subject_id=str(settings_client.guild_id))
    assert (rule["subject_kind"], rule["subject_id"]) == ("everyone", "0")


@pytest.mark.parametrize("value", ["1", "yes", "True", "", "null"])
async def test_dry_run_is_true_or_false(settings_client: SettingsClient, value):
    """Another text must never be taken for false: the change would be saved."""
    response = await settings_client.send("POST", f"rules?dry_run={value}", json=RULE)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "dry_run")
    assert (await settings_client.get("rules"))["items"] == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"allow": "yes"}, "allow"),
        ({"subject_kind": "group"}, "subject_kind"),
        ({"subject_id": 5}, "subject_id"),
        ({"subject_id": "-5"}, "subject_id"),
        ({"subject_id": str(1 << 63)}, "subject_id"),
        ({"target_key": "nothing"}, "target_key"),
        ({"target_key": "x" * 65}, "target_key"),
        ({"until": "2098-01-01T00:00:00"}, "until"),
        ({"until": "9999-12-31T23:59:59-23:00"}, "until"),
        ({"note": "x" * 201}, "note"),
        ({"id": "5"}, "id"),
        ({"guild_id": "5"}, "guild_id"),
    ],
)
async def test_invalid_rule_is_refused_with_the_field(settings_client: SettingsClient, values, field):
    response = await settings_client.send("POST", "rules", json=RULE | values)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    "values",
    [
        {"subject_id": "5"},
        {"subject_kind": "role"},
        {"subject_kind": "permission", "subject_id": str(1 << 62)},
        {"until": "2020-01-01T00:00:00Z"},
        {"place_kind": "channel"},
        {"place_id": "5"},
        {"target_kind": "everything"},
        {"target_kind": "feature", "target_key": "essentials.help"},
    ],
)
async def test_contradictory_rule_is_refused(settings_client: SettingsClient, values):
    assert (await settings_client.send("POST", "rules", json=RULE | values)).status_code == 400


async def test_rule_about_a_channel_of_another_server_is_refused(settings_client: SettingsClient, stores: Stores):
    foreign = await add_channel(stores, await add_guild(stores), "general")
    values = {"place_kind": "channel", "place_id": str(foreign)}
    assert (await settings_client.send("POST", "rules", json=RULE | values)).status_code == 400
    body = {"places": [str(foreign)]}
    path = "channel-lists/command:server-stats"
    assert (await settings_client.send("PUT", path, template=LIST_TEMPLATE, json=body)).status_code == 400


async def test_channel_list_is_set_and_deleted(settings_client: SettingsClient, stores: Stores):
    channels = sorted([str(await add_channel(stores, settings_client.guild_id, name)) for name in "ab"], key=int)
    path = "channel-lists/command:top channels"
    response = await settings_client.send("PUT", path, template=LIST_TEMPLATE, json={"places": channels * 2})
    saved = response.json()
    assert (saved["target"], saved["places"], saved["etag"]) == (
        "command:top channels",
        channels,
        response.headers["ETag"],
    )
    assert (await settings_client.get("channel-lists"))["items"] == [saved]
    [entry] = await list_audit(settings_client, kind="lists")
    assert (entry["target"], entry["before"], entry["after"]) == (saved["target"], None, {"places": channels})
    url = f"/api/guilds/{settings_client.guild_id}/{path}"
    assert (await settings_client.http.delete(url, headers=settings_client.headers)).status_code == 204
    assert (await settings_client.http.delete(url, headers=settings_client.headers)).status_code == 404


async def test_outdated_etag_saves_nothing(settings_client: SettingsClient, stores: Stores):
    first = await settings_client.send("GET", "features")
    rule = await create_rule(settings_client)
    path = "channel-lists/command:server-stats"
    saved = (await settings_client.send("PUT", path, template=LIST_TEMPLATE, json={"places": ["5"]})).json()
    governance = GovernanceClient(stores)
    await governance.set_feature(settings_client.guild_id, FeatureKey.TICKET_STATS, enabled=False)
    rule_path, rule_body = f"rules/{rule['id']}", RULE | {"note": "theirs"}
    for target, template, body in ((rule_path, RULE_TEMPLATE, rule_body), (path, LIST_TEMPLATE, {"places": ["6"]})):
        assert (await settings_client.send("PUT", target, template=template, json=body)).status_code == 200

    for method, target, template, etag, body in (
        ("PATCH", "features", "", first.headers["ETag"], {"features": {"voice.stats": False}}),
        ("PUT", rule_path, RULE_TEMPLATE, rule["etag"], RULE | {"note": "mine"}),
        ("DELETE", rule_path, RULE_TEMPLATE, rule["etag"], None),
        ("PUT", path, LIST_TEMPLATE, saved["etag"], {"places": ["7"]}),
        ("DELETE", path, LIST_TEMPLATE, saved["etag"], None),
        ("PUT", "channel-lists/command:voice-stats", LIST_TEMPLATE, "*", {"places": ["7"]}),
    ):
        for dry_run in ("", "?dry_run=true"):
            options = {} if body is None else {"json": body}
            response = await settings_client.send(
                method, f"{target}{dry_run}", template=template, headers={"If-Match": etag}, **options
            )
            assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
    assert [item["note"] for item in (await settings_client.get("rules"))["items"]] == ["theirs"]
    assert [item["places"] for item in (await settings_client.get("channel-lists"))["items"]] == [["6"]]


async def test_current_etag_saves_and_the_refusal_names_the_current_one(settings_client: SettingsClient):
    rule = await create_rule(settings_client)
    path = f"rules/{rule['id']}"
    stale = await settings_client.send("PUT", path, template=RULE_TEMPLATE, json=RULE, headers={"If-Match": '"0"'})
    assert stale.headers["ETag"] == rule["etag"]
    body = RULE | {"note": "mine"}
    headers = {"If-Match": f'"0", {rule["etag"]}'}
    assert (
        await settings_client.send("PUT", path, template=RULE_TEMPLATE, json=body, headers=headers)
    ).status_code == 200


async def test_of_parallel_changes_with_one_etag_one_wins(settings_client: SettingsClient):
    etag = (await settings_client.send("GET", "features")).headers["ETag"]

    async def save(key: str) -> int:
        response = await settings_client.send(
            "PATCH", "features", json={"features": {key: False}}, headers={"If-Match": etag}
        )
        return response.status_code

    statuses = await asyncio.gather(*map(save, ("voice.stats", "server.stats", "ticket.stats")))
    assert sorted(statuses) == [200, 412, 412]
    assert len(await list_audit(settings_client)) == 1


async def test_change_can_be_undone(settings_client: SettingsClient, stores: Stores):
    await create_rule(settings_client)
    [entry] = await list_audit(settings_client, kind="rules")
    async with stores.database.transaction() as session:
        await undo(session, guild_id=settings_client.guild_id, entry_id=int(entry["id"]), actor=TEST_ACTOR)
    assert (await settings_client.get("rules"))["items"] == []


@pytest.mark.parametrize(("method", "path", "template", "body"), CHANGES)
async def test_key_without_the_scope_changes_nothing(
    client, stores: Stores, make_key: KeyFactory, method, path, template, body
):
    await register_commands(stores)
    guild_id = await add_guild(stores)
    reader = build_key_client(client, guild_id, await make_key(guild_id, [Scope.SETTINGS_READ]))
    response = await reader.send(method, path, template=template, json=body)
    assert (response.status_code, response.json()["reason"]) == (403, "scope")
    assert texts.format_missing_scopes([Scope.SETTINGS_WRITE]) in response.json()["detail"]
    assert await list_audit(reader) == []


@pytest.mark.parametrize(("method", "path", "template", "body"), CHANGES)
async def test_request_of_another_site_changes_nothing(
    browser: Browser, saved_server: ManagedServer, method, path, template, body
):
    await browser.log_in(saved_server.manager)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"X-Test": "neither"}):
        client = SettingsClient(browser.herwa, saved_server.id, headers)
        assert (await client.send(method, path, template=template, json=body)).status_code == 403
    assert await list_audit(SettingsClient(browser.herwa, saved_server.id)) == []


@pytest.mark.parametrize(
    ("change", "feature"),
    zip(CHANGES, (FeatureKey.FEATURES, FeatureKey.PERMISSIONS, FeatureKey.CHANNELS), strict=True),
)
async def test_manager_who_may_not_use_the_command_cannot_save(
    browser: Browser, stores: Stores, saved_server: ManagedServer, change, feature
):
    method, path, template, body = change
    await browser.log_in(saved_server.manager)
    client = build_session_client(browser, saved_server.id)
    assert (await client.send(method, f"{path}?dry_run=true", template=template, json=body)).status_code == 200
    await GovernanceClient(stores).add_deny_rule(
        saved_server.id, SubjectKind.MEMBER, saved_server.manager, feature, note=""
    )

    async def is_refused() -> bool:
        return (await client.send(method, path, template=template, json=body)).status_code == 403

    await wait_until(is_refused)


async def test_manager_who_lost_the_role_at_discord_cannot_save(browser: Browser, saved_server: ManagedServer):
    await browser.log_in(saved_server.manager)
    client = build_session_client(browser, saved_server.id)
    assert (await client.send("GET", "rules")).status_code == 200
    saved_server.remove_manager_role()
    count_guild_requests(saved_server.discord)
    assert (await client.send("POST", "rules", json=RULE)).status_code == 404
    assert count_guild_requests(saved_server.discord) == 1


async def test_foreign_server_looks_missing_to_every_change(
    client, stores: Stores, saved_server: ManagedServer, browser: Browser, make_key: KeyFactory
):
    await browser.log_in(saved_server.member)
    own_guild_id = await add_guild(stores)
    key_headers = {"Authorization": f"Bearer {await make_key(own_guild_id)}"}
    session_headers = {"Origin": browser.settings.origin}
    document = (await client.get("/api/openapi.json")).json()
    operations = [
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if "{guild_id}" in path and method != "get" and "/keys" not in path
    ]
    groups = {path.removeprefix("/api/guilds/{guild_id}/").partition("/")[0] for _, path in operations}
    assert groups == {"features", "rules", "channel-lists", "exports", "widgets", "public-page"}
    for http, headers in ((client, key_headers), (browser.herwa, session_headers)):
        for method, path in operations:
            bodies = set()
            for guild_id in (str(saved_server.id), "81384788765712384", "abc", str(1 << 70)):
                url = re.sub(r"\{\w+\}", "x", path.replace("{guild_id}", guild_id))
                response = await http.request(method, url, headers=headers, json={"invalid": True})
                assert response.status_code == 404, (method, path)
                bodies.add(response.content)
            assert len(bodies) == 1
