"""The access rules page: editor, effects, two users at once, matrix, templates, Try it, requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from herwa_shared.catalog import Audience, FeatureKey, Surface, SurfaceKind
from herwa_shared.clock import utc_now
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import DISCORD_BLOCKS
from herwa_shared.privacy.choices import set_opt_out
from herwa_shared.services.access_requests import create_request
from herwa_shared.services.access_rules import NewRule, list_rules
from herwa_shared.services.discovery import register
from herwa_shared.services.guilds import MemberData, save_members
from herwa_shared.services.texts import format_broken_tests
from herwa_shared.settings_surfaces import CHANNEL_COMMANDS, FEATURE_COMMANDS, RULE_COMMANDS
from herwa_shared.stores import Stores
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.trial import EACH_ROLE
from herwa_web.texts import UNKNOWN_CHANNEL, UNKNOWN_ROLE
from tests.support.access_rules import add_rule
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___rules___state____rules_state"
COMMANDS = (
    Surface(SurfaceKind.COMMAND, "server-stats", FeatureKey.SERVER_STATS, "Chart the messages"),
    Surface(SurfaceKind.COMMAND, "voice-stats", FeatureKey.VOICE_STATS, "Chart the voices"),
    Surface(SurfaceKind.COMMAND, "ticket-stats", FeatureKey.TICKET_STATS, "Chart the tickets"),
    Surface(SurfaceKind.COMMAND, "help", FeatureKey.HELP, "Help", Audience.EVERYONE),
    *FEATURE_COMMANDS,
    *RULE_COMMANDS,
    *CHANNEL_COMMANDS,
)


@dataclass(frozen=True)
class RuledServer:
    """A server with a role, a recently active member with it and one whom the bot has not seen."""

    server: CanaryServer
    manager: LoggedInUser
    role: int
    ada: int
    bob: int


@pytest.fixture
async def ruled(factory: DashboardFactory, stores: Stores) -> RuledServer:
    server = await factory.create_server()
    manager = await factory.create_user(server)
    role = factory.discord.create_role(server.id, "Support")
    ada, bob = factory.discord.join(server.id, "Ada"), factory.discord.join(server.id, "Bob")
    for user in (ada, bob):
        factory.discord.set_roles(server.id, user, [role])
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], COMMANDS)
        await save_members(session, [MemberData(server.id, ada, "Ada", False)])
    return RuledServer(server, manager, role, ada, bob)


@asynccontextmanager
async def open_rules(web: WebServer, ruled: RuledServer, tab: str = "") -> AsyncIterator[SettingsTab]:
    path = f"/rules?tab={tab}" if tab else "/rules"
    async with open_settings_page(web, ruled.manager, ruled.server, path=path, state=STATE) as page:
        yield page


async def load_rules(stores: Stores, ruled: RuledServer) -> tuple[AccessRule, ...]:
    async with stores.database.transaction() as session:
        return await list_rules(session, guild_id=ruled.server.id, now=utc_now())


async def save_rule_elsewhere(stores: Stores, ruled: RuledServer, **values: Any) -> int:
    rule = NewRule(**{"allow": True, **build_role_rule(ruled), **values})
    async with stores.database.transaction() as session:
        return await add_rule(session, guild_id=ruled.server.id, rule=rule, actor=TEST_ACTOR)


def build_role_rule(ruled: RuledServer) -> dict[str, Any]:
    return {
        "subject_kind": SubjectKind.ROLE,
        "subject_id": ruled.role,
        "target_kind": TargetKind.COMMAND,
        "target_key": "voice-stats",
    }


def build_form(ruled: RuledServer, **values: str) -> dict[str, str]:
    return {
        "who": f"role:{ruled.role}",
        "effect": "deny",
        "what": "command:voice-stats",
        "where": "everywhere:0",
        "until": "",
        "note": "",
        "rule_id": "",
        **values,
    }


async def test_rule_says_who_loses_what_before_it_is_saved(web: WebServer, ruled: RuledServer, stores: Stores):
    async with open_rules(web, ruled) as page:
        await page.call("put_rule", form=build_form(ruled, note="on trial"))
        await page.wait_for("changes", bool)
        assert page.get("effects") == [texts.format_loss("@Ada and 1 other", ["/voice-stats"], "")]
        assert await load_rules(stores, ruled) == ()
        await page.call("save")
        await page.wait_for("can_undo", True)
        [rule] = await load_rules(stores, ruled)
        assert (rule.allow, rule.subject_id, rule.target_key, rule.note) == (
            False,
            ruled.role,
            "voice-stats",
            "on trial",
        )
        await page.call("undo_save")
        await page.wait_for("can_undo", False)
        assert await load_rules(stores, ruled) == ()


@pytest.mark.parametrize(("decision", "note"), [("keep_theirs", "theirs"), ("use_mine", "mine")])
async def test_second_user_sees_the_difference_and_decides(
    web: WebServer, ruled: RuledServer, stores: Stores, decision: str, note: str
):
    rule_id = await save_rule_elsewhere(stores, ruled)
    async with open_rules(web, ruled) as page:
        await page.call("put_rule", form=build_form(ruled, effect="allow", note="mine", rule_id=str(rule_id)))
        await page.wait_for("changes", bool)
        await save_rule_elsewhere(stores, ruled, note="theirs")
        await page.call("save")
        await page.wait_for("conflicts", bool)
        [conflict] = page.get("conflicts")
        assert "theirs" in conflict["theirs"]
        assert "mine" in conflict["yours"]
        assert TEST_ACTOR.name in conflict["author"]
        assert [rule.note for rule in await load_rules(stores, ruled)] == ["theirs"]
        await page.call(decision)
        await page.wait_for("conflicts", [])
        await page.wait_for("changes", [])
    assert [rule.note for rule in await load_rules(stores, ruled)] == [note]


@pytest.mark.parametrize(
    "values",
    [
        {"who": "role:x"},
        {"who": "nobody:1"},
        {"what": "planet:earth"},
        {"where": "channel:"},
        {"until": "soon"},
        {"until": "2020-01-01T00:00"},
    ],
)
async def test_invalid_form_gets_a_readable_error(web: WebServer, ruled: RuledServer, values: dict[str, str]):
    async with open_rules(web, ruled) as page:
        await page.call("put_rule", form=build_form(ruled, **values))
        await page.wait_for("form_error", bool)
        assert not page.get("changes")


async def test_click_in_the_matrix_turns_a_cell_around_and_back(web: WebServer, ruled: RuledServer):
    key = f"role:{ruled.role}:voice-stats"

    def find_cell(matrix: list[dict[str, Any]]) -> dict[str, Any]:
        return next(cell for row in matrix for cell in row["cells"] if cell["key"] == key)

    async with open_rules(web, ruled, "matrix") as page:
        assert find_cell(page.get("matrix"))["allowed"]
        await page.call("toggle_cell", key=key)
        await page.wait_for("matrix", lambda matrix: not find_cell(matrix)["allowed"])
        assert find_cell(page.get("matrix"))["is_changed"]
        await page.call("toggle_cell", key=key)
        await page.wait_for("changes", [])
        assert find_cell(page.get("matrix"))["allowed"]


async def test_template_shows_its_rules_before_they_are_saved(web: WebServer, ruled: RuledServer, stores: Stores):
    async with open_rules(web, ruled, "templates") as page:
        await page.call("use_template", form={"template": "support_tickets", "role": f"role:{ruled.role}"})
        await page.wait_for("changes", lambda changes: len(changes) == 2)
        assert any(effect.startswith("Lose /ticket-stats") for effect in page.get("effects"))
        await page.call("save")
        await page.wait_for("can_undo", True)
    rules = await load_rules(stores, ruled)
    assert {(rule.allow, rule.subject_kind) for rule in rules} == {
        (True, SubjectKind.ROLE),
        (False, SubjectKind.EVERYONE),
    }


async def test_one_role_alone_is_allowed_by_two_rules_with_the_same_end(
    web: WebServer, ruled: RuledServer, stores: Stores
):
    async with open_rules(web, ruled) as page:
        form = build_form(ruled, effect="only", until="2099-12-31T18:00")
        await page.call("put_rule", form={**form, "who": "everyone:0"})
        await page.wait_for("form_error", texts.CHOOSE_WHO_ALONE)
        await page.call("put_rule", form=form)
        await page.wait_for("changes", lambda changes: len(changes or []) == 2)
        await page.call("save")
        await page.wait_for("can_undo", True)
    rules = await load_rules(stores, ruled)
    assert {(rule.allow, rule.subject_kind, rule.subject_id, rule.target_key) for rule in rules} == {
        (True, SubjectKind.ROLE, ruled.role, "voice-stats"),
        (False, SubjectKind.EVERYONE, 0, "voice-stats"),
    }
    [until] = {rule.until for rule in rules}
    assert until is not None


async def test_try_it_says_for_each_role_whether_and_why(web: WebServer, ruled: RuledServer, stores: Stores):
    await save_rule_elsewhere(stores, ruled, allow=False)
    async with open_rules(web, ruled, "try") as page:
        await page.call("try_command", form={"who": EACH_ROLE, "command": "voice-stats", "channel": "everywhere:0"})
        await page.wait_for("trial", lambda trial: trial and trial["verdict"])
        trial = page.get("trial")
    roles = {role["label"]: role for role in trial["roles"]}
    assert trial["verdict"] == texts.format_role_verdict("/voice-stats", "", len(roles) - 1, len(roles))
    assert (roles["@Support"]["allowed"], roles["@Support"]["members"]) == (False, texts.format_member_count(2))
    assert roles["@Support"]["reason"] == "@Support can't use /voice-stats"
    assert roles[texts.WITHOUT_ROLES]["allowed"]


async def test_try_it_shows_every_step_with_the_unsaved_changes(web: WebServer, ruled: RuledServer):
    async with open_rules(web, ruled, "try") as page:
        question = {"who": f"member:{ruled.ada}", "command": "voice-stats", "channel": "everywhere:0"}
        await page.call("try_command", form=question)
        await page.wait_for("trial", lambda trial: trial and trial["verdict"])
        assert page.get("trial")["allowed"]
        assert len(page.get("trial")["steps"]) == 9
        await page.call("put_rule", form=build_form(ruled))
        await page.wait_for("changes", bool)
        await page.call("try_command", form=question)
        await page.wait_for("trial", lambda trial: trial["verdict"] and not trial["allowed"])
        [deciding] = [step for step in page.get("trial")["steps"] if step["decides"]]
        assert deciding["number"] == "5"


async def test_try_it_never_says_allowed_for_a_command_that_discord_hides(
    web: WebServer, ruled: RuledServer, factory: DashboardFactory
):
    everyone = {"id": ruled.server.id, "type": 1, "permission": False}
    factory.discord.call("command/permissions", guild_id=str(ruled.server.id), permissions=[everyone])
    async with open_rules(web, ruled, "try") as page:
        question = {"who": f"member:{ruled.ada}", "command": "voice-stats", "channel": "everywhere:0"}
        await page.call("try_command", form=question)
        await page.wait_for("trial", lambda trial: trial and trial["verdict"])
        trial = page.get("trial")
    assert not trial["allowed"]
    assert trial["steps"][0]["decides"]
    assert trial["steps"][0]["detail"] == DISCORD_BLOCKS[DiscordBlock.INTEGRATIONS]


async def test_request_is_allowed_for_a_day(web: WebServer, ruled: RuledServer, stores: Stores):
    async with stores.database.transaction() as session:
        await create_request(
            session,
            guild_id=ruled.server.id,
            user_id=ruled.ada,
            user_name="Ada",
            command="permissions allow",
            channel_id=5,
        )
    async with open_rules(web, ruled, "requests") as page:
        [request] = page.get("requests")
        await page.call("decide_request", key=request["key"], allow=True)
        await page.wait_for("requests", [])
    [rule] = await load_rules(stores, ruled)
    assert (rule.allow, rule.subject_id, rule.target_key) == (True, ruled.ada, "permissions allow")


async def test_dashboard_rights_show_what_the_guardrail_decides(web: WebServer, ruled: RuledServer, factory, stores):
    deputies = factory.discord.create_role(ruled.server.id, "Deputies", permissions=MANAGE_GUILD)
    factory.discord.create_role(ruled.server.id, "Founders", permissions=ADMINISTRATOR)
    async with stores.database.transaction() as session:
        rule = NewRule(False, SubjectKind.ROLE, deputies, TargetKind.FEATURE, FeatureKey.AUDIT)
        await add_rule(session, guild_id=ruled.server.id, rule=rule, actor=TEST_ACTOR)
    async with open_settings_page(web, ruled.manager, ruled.server, path="/rules?tab=rights", state=STATE) as page:
        labels = [column["label"] for column in page.get("rights_columns")]
        assert {"@Deputies", "@Founders"} <= set(labels)
        assert "@Support" not in labels
        assert [column["is_administrator"] for column in page.get("rights_columns")].count(True) == 1
        by_page = {row["page_name"]: dict(zip(labels, row["cells"], strict=True)) for row in page.get("rights")}
    assert not by_page["Audit log"]["@Deputies"]["allowed"]
    assert by_page["Audit log"]["@Deputies"]["text"] == texts.format_right("@Deputies", "Audit log", allowed=False)
    assert by_page["Audit log"]["@Founders"]["allowed"]
    assert by_page["Overview"]["@Deputies"]["allowed"]


async def test_editor_has_an_option_for_every_value_of_the_rule(web: WebServer, ruled: RuledServer, stores: Stores):
    """Without one the browser would choose the first option: everyone, everything, everywhere."""
    rule = {"subject_kind": SubjectKind.MEMBER, "subject_id": ruled.ada}
    known = await save_rule_elsewhere(stores, ruled)
    hidden = await save_rule_elsewhere(stores, ruled, **rule)
    gone = await save_rule_elsewhere(stores, ruled, subject_id=1, place_kind=PlaceKind.CHANNEL, place_id=1)
    async with stores.database.transaction() as session:
        await session.execute(text("UPDATE access_rule SET target_key = 'lost' WHERE id = :id"), {"id": gone})
        await set_opt_out(session, guild_id=ruled.server.id, user_id=ruled.ada, opted_out=True)
    async with open_rules(web, ruled) as page:
        assert f"member:{ruled.ada}" not in {option["value"] for option in page.get("member_options")}
        for rule_id, who, labels in (
            (known, f"role:{ruled.role}", ("", "", "")),
            (hidden, f"member:{ruled.ada}", ("@Ada", "", "")),
            (gone, "role:1", (UNKNOWN_ROLE, "lost", UNKNOWN_CHANNEL)),
        ):
            await page.call("open_editor", key=str(rule_id))
            await page.wait_for("form", lambda form, rule_id=rule_id: form and form["rule_id"] == str(rule_id))
            form = page.get("form")
            assert (form["who"], (form["who_label"], form["what_label"], form["where_label"])) == (who, labels)


async def test_save_that_breaks_a_test_is_refused(web: WebServer, ruled: RuledServer, stores: Stores):
    form = {
        "name": "Support sees tickets",
        "who": f"role:{ruled.role}",
        "effect": "allow",
        "what": "command:ticket-stats",
    }
    rule = build_form(ruled, effect="deny", what="command:ticket-stats")
    async with open_settings_page(web, ruled.manager, ruled.server, path="/rules?tab=tests", state=STATE) as page:
        await page.call("add_test", form={**form, "who": "role:1"})
        await page.wait_for("test_error", texts.CHOOSE_ROLE)
        await page.call("add_test", form=form)
        await page.wait_for("tests", lambda tests: [test["passes"] for test in tests or []] == [True])
        await page.call("open_editor", key="")
        await page.wait_for("editing", True)
        await page.call("put_rule", form=rule)
        await page.wait_for("tests", lambda tests: [test["passes"] for test in tests] == [False])
        assert page.get("effects")[0] == texts.format_broken_test("Support sees tickets")
        assert page.get("tests_label") == texts.format_tests_tab(1)
        await page.call("save")
        await page.wait_for("save_error", format_broken_tests(["Support sees tickets"]))
        assert len(page.get("changes")) == 1
        async with stores.database.transaction() as session:
            assert await list_rules(session, guild_id=ruled.server.id, now=utc_now()) == ()
        await page.call("remove_test", key=page.get("tests")[0]["key"])
        await page.wait_for("tests", [])
        await page.call("save")
        await page.wait_for("changes", [])
    async with stores.database.transaction() as session:
        assert len(await list_rules(session, guild_id=ruled.server.id, now=utc_now())) == 1
