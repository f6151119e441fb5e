"""Features, access rules, channel lists, audit log and explain, read by a session and by an API key."""

import httpx
import pytest

from herwa_api import texts
from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Scope
from herwa_shared.clock import utc_now
from herwa_shared.demo_guild import DEMO_GUILD_ID, DEMO_GUILD_NAME
from herwa_shared.discord.constants import ChannelType
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services import channel_lists
from herwa_shared.services.access_rules import NewRule
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.settings_client import SettingsClient, build_key_client, build_session_client
from tests.support.access_rules import add_rule
from tests.support.governance_client import TEST_ACTOR, GovernanceClient
from tests.support.oauth_login import ManagedServer
from tests.support.row_factories import add_channel
from tests.support.waiting import wait_until

SETTINGS_ROUTES = ["features", "rules", "channel-lists", "audit", "explain?command=server-stats&role_ids="]


@pytest.fixture(params=[pytest.param("session", marks=pytest.mark.slow), "key"])
async def settings_client(
    request, browser: Browser, client: httpx.AsyncClient, saved_server: ManagedServer, make_key: KeyFactory
) -> SettingsClient:
    """A client that may read the server's settings."""
    if request.param == "session":
        await browser.log_in(saved_server.manager)
        return build_session_client(browser, saved_server.id)
    return build_key_client(client, saved_server.id, await make_key(saved_server.id))


async def save_rule(stores: Stores, guild_id: int, **values) -> int:
    rule = {"allow": False, "subject_kind": SubjectKind.EVERYONE, "subject_id": 0, "target_kind": TargetKind.COMMAND}
    async with stores.database.transaction() as session:
        return await add_rule(session, guild_id=guild_id, rule=NewRule(**rule | values), actor=TEST_ACTOR)


async def test_every_feature_is_listed_with_its_state(settings_client: SettingsClient, stores: Stores):
    governance = GovernanceClient(stores)
    await governance.set_feature(settings_client.guild_id, FeatureKey.VOICE_STATS, enabled=False)
    await governance.set_module(settings_client.guild_id, ModuleKey.TICKETS, enabled=False)

    body = await settings_client.get("features")
    features = {item["key"]: item for item in body["items"]}
    assert features.keys() == {str(key) for key in FEATURES}
    assert [module["key"] for module in body["modules"]] == [str(key) for key in MODULES]
    assert {module["key"] for module in body["modules"] if not module["enabled"]} == {"tickets"}
    assert (features["voice.stats"]["enabled"], features["voice.stats"]["blocked_by"]) == (False, "toggle")
    assert (features["ticket.stats"]["enabled"], features["ticket.stats"]["blocked_by"]) == (True, "module")
    assert (features["server.stats"]["available"], features["server.stats"]["blocked_reason"]) == (True, None)
    assert features["essentials.help"]["always_on"]


async def test_kill_switch_is_named_with_its_reason(settings_client: SettingsClient, stores: Stores):
    governance = GovernanceClient(stores)
    await governance.set_kill_switch(FeatureKey.TICKET_STATS, enabled=True, reason="Under repair")
    try:
        items = (await settings_client.get("features"))["items"]
    finally:
        await governance.set_kill_switch(FeatureKey.TICKET_STATS, enabled=False)
    [feature] = [item for item in items if item["key"] == "ticket.stats"]
    assert (feature["blocked_by"], feature["blocked_reason"]) == ("kill_switch", "Under repair")
    assert not feature["available"]


async def test_rules_are_listed_with_all_fields(settings_client: SettingsClient, stores: Stores):
    role = (1 << 53) + 1
    rule_id = await save_rule(
        stores, settings_client.guild_id, subject_kind=SubjectKind.ROLE, subject_id=role, target_key="server-stats"
    )
    [rule] = (await settings_client.get("rules"))["items"]
    etag = rule.pop("etag")
    assert rule == {
        "id": str(rule_id),
        "allow": False,
        "subject_kind": "role",
        "subject_id": str(role),
        "target_kind": "command",
        "target_key": "server-stats",
        "place_kind": "everywhere",
        "place_id": "0",
        "until": None,
        "note": "",
    }
    assert (await settings_client.get("rules"))["items"][0]["etag"] == etag


async def test_channel_lists_are_listed_with_ids_as_text(settings_client: SettingsClient, stores: Stores):
    guild_id = settings_client.guild_id
    channel = await add_channel(stores, guild_id, "general")
    async with stores.database.transaction() as session:
        await channel_lists.set_list(
            session,
            guild_id=guild_id,
            target_kind=TargetKind.COMMAND,
            target_key="top channels",
            place_ids=[channel],
            actor=TEST_ACTOR,
        )
    [item] = (await settings_client.get("channel-lists"))["items"]
    assert (item["target"], item["target_kind"], item["places"]) == ("command:top channels", "command", [str(channel)])


@pytest.mark.parametrize("route", ["features", "rules", "channel-lists"])
async def test_unchanged_settings_are_304_and_changed_ones_200(settings_client: SettingsClient, stores: Stores, route):
    first = await settings_client.send("GET", route)
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await settings_client.send("GET", route, headers=known)).status_code == 304

    governance, guild_id = GovernanceClient(stores), settings_client.guild_id
    await governance.set_feature(guild_id, FeatureKey.VOICE_STATS, enabled=False)
    await save_rule(stores, guild_id, target_key="server-stats")
    async with stores.database.transaction() as session:
        options = {"target_kind": TargetKind.EVERYTHING, "target_key": "", "place_ids": [5], "actor": TEST_ACTOR}
        await channel_lists.set_list(session, guild_id=guild_id, **options)
    changed = await settings_client.send("GET", route, headers=known)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


async def test_audit_log_is_paged_without_gaps_while_entries_are_added(settings_client: SettingsClient, stores: Stores):
    guild_id, governance = settings_client.guild_id, GovernanceClient(stores)

    async def toggle(count: int) -> None:
        for number in range(count):
            await governance.set_feature(guild_id, FeatureKey.VOICE_STATS, enabled=number % 2 == 1)

    await toggle(6)
    complete = (await settings_client.get("audit"))["items"]
    listed, cursor = [], None
    while True:
        body = await settings_client.get("audit", limit=2, **({"cursor": cursor} if cursor else {}))
        listed += body["items"]
        cursor = body.get("next_cursor")
        if cursor is None:
            break
        await toggle(2)
    assert listed == complete, "entries that were added meanwhile are newer"
    assert [entry["number"] for entry in listed] == sorted((entry["number"] for entry in listed), reverse=True)
    assert (listed[0]["action"], listed[0]["target"]) == ("feature.set", "voice.stats")
    assert listed[0]["after"] == {"enabled": True, "by_default": False}
    assert listed[0]["actor"] == {"user_id": None, "name": TEST_ACTOR.name, "via": "cli"}


async def test_audit_log_is_filtered(settings_client: SettingsClient, stores: Stores):
    guild_id = settings_client.guild_id
    await GovernanceClient(stores).set_feature(guild_id, FeatureKey.VOICE_STATS, enabled=False)
    rule_id = await save_rule(stores, guild_id, target_key="server-stats")

    async def list_actions(**params) -> list[str]:
        return [entry["action"] for entry in (await settings_client.get("audit", **params))["items"]]

    assert await list_actions(kind="rules") == ["rule.add"]
    assert await list_actions(kind="features") == ["feature.set"]
    assert await list_actions(actor_id="1") == []
    tomorrow = f"{utc_now():%Y}-12-31"
    assert await list_actions(to="2020-01-01") == []
    assert await list_actions(**{"from": "2020-01-01", "to": tomorrow, "kind": "rules"}) in (["rule.add"], [])
    [entry] = (await settings_client.get("audit", kind="rules"))["items"]
    assert (entry["target"], entry["before"], entry["after"]["target_key"]) == (str(rule_id), None, "server-stats")


async def test_cursor_of_other_parameters_is_refused(settings_client: SettingsClient, stores: Stores):
    for target in ("server-stats", "voice-stats"):
        await save_rule(stores, settings_client.guild_id, target_key=target)
    cursor = (await settings_client.get("audit", limit=1))["next_cursor"]
    for params in (
        {"cursor": cursor, "kind": "rules"},
        {"cursor": "AAAA"},
        {"cursor": "WyJ4Il0"},
        {"cursor": cursor[:-2]},
        {"cursor": "ü"},
        {"cursor": ""},
        {"cursor": "A" * 201},
    ):
        response = await settings_client.send("GET", "audit", params=params)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor"), params


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ("audit?kind=everything", "kind"),
        ("audit?actor_id=12a", "actor_id"),
        ("audit?actor_id=9999999999999999999", "actor_id"),
        ("audit?from=nonsense", "from"),
        ("audit?from=2025-02-01&to=2025-02-01", "from"),
        ("audit?timezone=Moon/Base", "timezone"),
        ("audit?limit=0", "limit"),
        ("audit?limit=201", "limit"),
        ("audit?limit=5&limit=6", "limit"),
        ("audit?page=2", "page"),
        ("explain?command=server-stats&role_ids=&role_ids=", "role_ids"),
        ("explain?command=server-stats&role_ids=1,x", "role_ids"),
        ("explain?command=server-stats&role_ids=7", "role_ids"),
        ("explain?command=nothing&role_ids=", "command"),
        ("explain?command=server-stats&member_id=x", "member_id"),
        ("explain?command=server-stats&role_ids=&channel_id=-1", "channel_id"),
        ("explain?role_ids=", "command"),
    ],
)
async def test_invalid_parameter_is_refused_with_its_name(settings_client: SettingsClient, route, field):
    response = await settings_client.send("GET", route)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize("subject", ["", "&member_id=5&role_ids=6"])
async def test_explain_needs_one_subject(settings_client: SettingsClient, subject):
    response = await settings_client.send("GET", f"explain?command=server-stats{subject}")
    assert response.status_code == 400
    assert texts.EXPECTED_ONE_SUBJECT in response.json()["detail"]


async def test_explain_names_the_rule_that_decides(settings_client: SettingsClient, stores: Stores, saved_server):
    role = saved_server.role
    denied = await save_rule(stores, saved_server.id, target_key="server-stats")
    allowed = await save_rule(
        stores,
        saved_server.id,
        allow=True,
        subject_kind=SubjectKind.ROLE,
        subject_id=role,
        target_key="server-stats",
    )
    for role_ids, rule_id, is_allowed in (("", denied, False), (str(role), allowed, True)):
        body = await settings_client.get("explain", command="server-stats", role_ids=role_ids)
        [step] = [step for step in body["steps"] if step["step"] == "access_rule"]
        assert (body["allowed"], step["rule"]["id"]) == (is_allowed, str(rule_id))
        assert step["outcome"] == ("allows" if is_allowed else "refuses")
        assert step["rule"] in (await settings_client.get("rules"))["items"]
    refused = await settings_client.get("explain", command="/server-stats", member_id=str(saved_server.member))
    assert (refused["allowed"], refused["reason"]) == (False, "access_rule")
    owner = await settings_client.get("explain", command="server-stats", member_id=str(saved_server.owner))
    assert (owner["allowed"], owner["reason"]) == (True, "administrator")
    assert [step["outcome"] for step in owner["steps"]] == ["neutral"] * 3 + ["allows"] + ["skipped"] * 4


async def test_explain_uses_the_channel_list_of_a_thread_s_channel(
    settings_client: SettingsClient, stores: Stores, saved_server: ManagedServer
):
    guild_id = saved_server.id
    listed, other = await add_channel(stores, guild_id, "bots"), await add_channel(stores, guild_id, "general")
    thread = await add_channel(stores, guild_id, "thread", kind=ChannelType.PUBLIC_THREAD, parent_id=listed)
    async with stores.database.transaction() as session:
        options = {"target_kind": TargetKind.FEATURE, "target_key": "server.stats", "place_ids": [listed]}
        await channel_lists.set_list(session, guild_id=guild_id, actor=TEST_ACTOR, **options)
    for channel, is_allowed in ((listed, True), (thread, True), (other, False)):
        body = await settings_client.get("explain", command="server-stats", role_ids="", channel_id=str(channel))
        [step] = [step for step in body["steps"] if step["step"] == "channel_list"]
        assert (body["allowed"], step["channel_list"]["target"]) == (is_allowed, "feature:server.stats")
    response = await settings_client.send("GET", "explain?command=server-stats&role_ids=&channel_id=12")
    assert response.status_code == 404


async def test_explain_of_a_user_who_is_not_a_member_is_404(settings_client: SettingsClient):
    response = await settings_client.send("GET", "explain?command=server-stats&member_id=12")
    assert (response.status_code, response.json()["detail"]) == (404, texts.MEMBER_NOT_FOUND)


@pytest.mark.parametrize("route", SETTINGS_ROUTES)
async def test_settings_need_their_scope(client, saved_server: ManagedServer, make_key: KeyFactory, route):
    key = await make_key(saved_server.id, [Scope.STATS, Scope.MEMBERS])
    response = await build_key_client(client, saved_server.id, key).send("GET", route)
    assert (response.status_code, response.json()["reason"]) == (403, "scope")
    assert texts.format_missing_scopes([Scope.SETTINGS_READ]) in response.json()["detail"]


@pytest.mark.parametrize(
    ("route", "feature"),
    [
        ("features", FeatureKey.FEATURES),
        ("rules", FeatureKey.PERMISSIONS),
        ("explain?command=server-stats&role_ids=", FeatureKey.PERMISSIONS),
        ("channel-lists", FeatureKey.CHANNELS),
        ("audit", FeatureKey.AUDIT),
    ],
)
async def test_manager_who_may_not_see_a_page_cannot_read_its_settings(
    browser: Browser, stores: Stores, saved_server: ManagedServer, route, feature
):
    await browser.log_in(saved_server.manager)
    client = build_session_client(browser, saved_server.id)
    assert (await client.send("GET", route)).status_code == 200
    await GovernanceClient(stores).add_deny_rule(
        saved_server.id, SubjectKind.MEMBER, saved_server.manager, feature, note=""
    )

    async def is_refused() -> bool:
        return (await client.send("GET", route)).status_code == 403

    await wait_until(is_refused)
    assert (await client.send("GET", route)).json()["reason"] == "access_rule"


class TestHiddenMembers:
    """A key without the scope for ids sees members under pseudonyms, and cannot find out whose they are."""

    @pytest.fixture
    async def hidden(self, client, saved_server: ManagedServer, make_key: KeyFactory) -> SettingsClient:
        scopes = [Scope.SETTINGS_READ, Scope.SETTINGS_WRITE]
        return build_key_client(client, saved_server.id, await make_key(saved_server.id, scopes))

    async def test_member_of_a_rule_is_a_pseudonym_everywhere(
        self, hidden: SettingsClient, stores: Stores, saved_server: ManagedServer
    ):
        member = saved_server.member
        await save_rule(
            stores, saved_server.id, subject_kind=SubjectKind.MEMBER, subject_id=member, target_key="server-stats"
        )
        [rule] = (await hidden.get("rules"))["items"]
        assert rule["subject_id"].startswith("m_")
        [entry] = (await hidden.get("audit", kind="rules"))["items"]
        assert entry["after"]["subject_id"] == rule["subject_id"]
        for route in ("rules", "audit"):
            assert str(member) not in str(await hidden.get(route))
        dry_run = await hidden.send("DELETE", f"rules/{rule['id']}?dry_run=true", template="rules/{rule_id}")
        assert dry_run.json()["changes"][0]["before"]["subject_id"] == rule["subject_id"]

    async def test_etag_does_not_reveal_the_member_and_is_accepted(
        self, hidden: SettingsClient, settings_client: SettingsClient, stores: Stores, saved_server: ManagedServer
    ):
        options = {"subject_kind": SubjectKind.MEMBER, "subject_id": saved_server.member, "target_key": "voice-stats"}
        await save_rule(stores, saved_server.id, **options)
        [seen], [known] = [(await client.get("rules"))["items"] for client in (hidden, settings_client)]
        assert seen["etag"] != known["etag"]
        body = {"allow": True, "subject_kind": "everyone", "target_kind": "command", "target_key": "voice-stats"}
        path = f"rules/{seen['id']}"
        for etag, status in ((known["etag"], 412), (seen["etag"], 200)):
            headers = {"If-Match": etag}
            response = await hidden.send("PUT", path, template="rules/{rule_id}", json=body, headers=headers)
            assert response.status_code == status

    async def test_author_of_a_change_is_a_pseudonym(
        self, hidden: SettingsClient, browser: Browser, saved_server: ManagedServer
    ):
        await browser.log_in(saved_server.manager)
        manager = build_session_client(browser, saved_server.id)
        await manager.send("PATCH", "features", json={"features": {"voice.stats": False}})
        [entry] = (await hidden.get("audit", kind="features"))["items"]
        assert entry["actor"]["user_id"].startswith("m_")
        assert entry["actor"]["name"] is None

    @pytest.mark.parametrize("route", ["audit?actor_id=5", "explain?command=server-stats&member_id=5"])
    async def test_questions_about_a_member_are_refused(self, hidden: SettingsClient, route):
        response = await hidden.send("GET", route)
        assert (response.status_code, response.json()["reason"]) == (403, "scope")
        assert texts.format_missing_scopes([Scope.MEMBER_IDS]) in response.json()["detail"]

    async def test_rule_about_a_member_cannot_be_saved(self, hidden: SettingsClient):
        body = {"allow": False, "subject_kind": "member", "subject_id": "5", "target_kind": "everything"}
        response = await hidden.send("POST", "rules", json=body)
        assert (response.status_code, response.json()["reason"]) == (403, "scope")
        assert (await hidden.get("rules"))["items"] == []


async def test_test_key_reads_the_settings_of_the_demo_server_and_changes_nothing(
    client, saved_server: ManagedServer, stores: Stores, make_key: KeyFactory
):
    await save_rule(stores, saved_server.id, target_key="server-stats")
    demo = build_key_client(client, DEMO_GUILD_ID, await make_key(saved_server.id, is_test=True))
    assert (await demo.get("rules"))["items"] == (await demo.get("audit"))["items"] == []
    assert len((await demo.get("features"))["items"]) == len(FEATURES)
    response = await client.get(f"/api/guilds/{DEMO_GUILD_ID}", headers=demo.headers)
    assert (response.status_code, response.json()["name"]) == (200, DEMO_GUILD_NAME)
    body = {"features": {"voice.stats": False}}
    assert (await demo.send("PATCH", "features", json=body)).status_code == 403
