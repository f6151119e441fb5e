"""Texts of the guardrail: rules as sentences, refusals with a reason and who can change it, traces."""

from dataclasses import replace
from datetime import UTC, datetime

from herwa_shared.catalog import FEATURES, MODULES
from herwa_shared.discord.command_permissions import DiscordBlock
from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.guardrail import texts
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import ChannelList, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.refusal_texts import MANAGERS, build_refusal
from herwa_shared.guardrail.texts import format_local_time, format_rule, format_target, format_trace
from herwa_shared.guardrail.verdict import NO_POLICY, Reason, StepDetail
from tests.shared.guardrail.policy_factories import (
    ALLOW_COMMAND,
    GUILD_ID,
    HELP_COMMAND,
    LOUNGE_CHANNEL,
    MEMBER_ID,
    NEWCOMER_ROLE,
    NOW,
    OVERVIEW_PAGE,
    POLICY,
    STAFF_CHANNEL,
    STATISTICS_ROUTE,
    SUPPORT_ROLE,
    TICKETS_COMMAND,
    VOICE_COMMAND,
    build_invocation,
    build_policy,
    build_rule,
)

MANAGE_MESSAGES = (SubjectKind.PERMISSION, PERMISSIONS["manage_messages"])
NEWCOMERS = (SubjectKind.ROLE, NEWCOMER_ROLE)
VOICE_MODULE = (TargetKind.MODULE, "voice")
NOTE = "listen first"

SAMPLE_RULES = {
    "feature in a channel": build_rule(
        True,
        (SubjectKind.ROLE, SUPPORT_ROLE),
        (TargetKind.FEATURE, "ticket.stats"),
        place_kind=PlaceKind.CHANNEL,
        place_id=STAFF_CHANNEL,
        until=NOW,
        note="on trial",
    ),
    "module": build_rule(False, NEWCOMERS, VOICE_MODULE),
    "command, everyone": build_rule(False, target=(TargetKind.COMMAND, "top channels")),
    "everything, everyone": build_rule(True),
    "nothing, everyone": build_rule(False),
    "context menu": build_rule(False, (SubjectKind.MEMBER, MEMBER_ID), (TargetKind.COMMAND, "Who is this")),
    "permission": build_rule(True, MANAGE_MESSAGES),
}
BLOCKING_RULES = {
    "command": build_rule(False, NEWCOMERS, (TargetKind.COMMAND, "voice-stats")),
    "feature, until": build_rule(False, NEWCOMERS, (TargetKind.FEATURE, "voice.stats"), until=NOW + 60),
    "module, note": build_rule(False, NEWCOMERS, VOICE_MODULE, note=NOTE),
    "everything, channel": build_rule(False, NEWCOMERS, place_kind=PlaceKind.CHANNEL, place_id=LOUNGE_CHANNEL),
}
SAMPLE_POLICIES = {
    "kill switch": (
        VOICE_COMMAND,
        replace(POLICY, global_policy=replace(POLICY.global_policy, kill_switches={"voice.stats": "It counts twice."})),
    ),
    "tier": (TICKETS_COMMAND, POLICY),
    "feature off": (VOICE_COMMAND, replace(POLICY, feature_toggles={"voice.stats": False})),
    "module off": (VOICE_COMMAND, replace(POLICY, module_toggles={"voice": False})),
    "audience": (ALLOW_COMMAND, POLICY),
    "audience of a page": (OVERVIEW_PAGE, POLICY),
    "channel list": (
        VOICE_COMMAND,
        replace(POLICY, channel_lists=(ChannelList(*VOICE_MODULE, frozenset({STAFF_CHANNEL})),)),
    ),
    "page": (OVERVIEW_PAGE, build_policy(build_rule(False, NEWCOMERS, note=NOTE))),
    **{f"rule about {name}": (VOICE_COMMAND, build_policy(rule)) for name, rule in BLOCKING_RULES.items()},
}


class FixedNameFormatter:
    """Formats known ids as fixed names."""

    def format_role(self, role_id: int, /) -> str:
        return {SUPPORT_ROLE: "@Support", NEWCOMER_ROLE: "@New Members"}[role_id]

    def format_member(self, member_id: int, /) -> str:
        return {MEMBER_ID: "@Ada"}[member_id]

    def format_channel(self, channel_id: int, /) -> str:
        return {STAFF_CHANNEL: "#staff", LOUNGE_CHANNEL: "#lounge"}[channel_id]

    def format_time(self, seconds: float, /) -> str:
        return {NOW: "Friday", NOW + 60: "Saturday"}[seconds]


NAMES = FixedNameFormatter()


def explain_refusal(name):
    surface, policy = SAMPLE_POLICIES[name]
    return explain(build_invocation(surface, role_ids=[NEWCOMER_ROLE], channel_id=LOUNGE_CHANNEL), policy)


def test_texts(snapshot):
    lines = [f"{name}: {format_rule(rule, NAMES)}" for name, rule in SAMPLE_RULES.items()]
    lines.append(f"with exceptions: {format_rule(build_rule(False), NAMES, has_exceptions=True)}")
    for name in SAMPLE_POLICIES:
        refusal = build_refusal(explain_refusal(name), NAMES)
        lines.append(f"refusal, {name}: {refusal.headline} | {refusal.remedy}")
    for reason in (Reason.COOLDOWN, Reason.NO_POLICY):
        refusal = build_refusal(replace(explain_refusal("audience"), verdict=replace(NO_POLICY, reason=reason)), NAMES)
        lines.append(f"refusal, {reason}: {refusal.headline} | {refusal.remedy}")
    key_invocation = Invocation.from_key(guild_id=GUILD_ID, surface=STATISTICS_ROUTE, at=NOW, in_scope=False)
    refusal = build_refusal(explain(key_invocation, POLICY), NAMES)
    lines.append(f"refusal, scope: {refusal.headline} | {refusal.remedy}")
    for name in ("rule about module, note", "channel list", "module off"):
        lines += [f"trace, {name}:", *format_trace(explain_refusal(name), NAMES)]
    lines += ["trace, help:", *format_trace(explain(build_invocation(HELP_COMMAND), POLICY), NAMES)]
    lines += [f"{step}: {title}" for step, title in texts.STEP_TITLES.items()]
    lines += [f"{detail}: {text}" for detail, text in texts.STEP_DETAILS.items()]
    lines += map(texts.format_discord_step, (None, *DiscordBlock))
    lines.append(format_local_time(datetime(2026, 12, 24, 18, tzinfo=UTC), UTC))
    assert "\n".join(lines) == snapshot


def test_catalog_texts(snapshot):
    specs = [*MODULES.values(), *FEATURES.values()]
    assert "\n".join(f"{spec.title}: {spec.description}" for spec in specs) == snapshot


def test_every_step_and_detail_has_a_text():
    assert texts.STEP_TITLES.keys() == set(Reason)
    assert texts.STEP_DETAILS.keys() == set(StepDetail)


def test_unknown_target_is_formatted_as_its_key():
    assert format_target(TargetKind.MODULE, "gone") == "the gone module"
    assert format_target(TargetKind.FEATURE, "gone.stats") == "gone.stats"


def test_refusal_by_a_rule_contains_its_note_and_its_end():
    assert NOTE in build_refusal(explain_refusal("rule about module, note"), NAMES).headline
    assert NAMES.format_time(NOW + 60) in build_refusal(explain_refusal("rule about feature, until"), NAMES).headline


def test_refusal_names_who_can_change_it():
    for name in SAMPLE_POLICIES.keys() - {"kill switch"}:
        assert build_refusal(explain_refusal(name), NAMES).remedy.startswith(MANAGERS)


def test_every_refusing_reason_has_texts():
    allowing_reasons = {Reason.ADMINISTRATOR, Reason.ESSENTIAL, Reason.PUBLIC}
    trace = explain_refusal("rule about module, note")

    for reason in set(Reason) - allowing_reasons:
        actual = build_refusal(replace(trace, verdict=replace(NO_POLICY, reason=reason)), NAMES)
        assert actual.headline
        assert actual.remedy


def test_trace_has_one_line_per_step_and_names_the_rule():
    trace = explain_refusal("rule about module, note")
    lines = format_trace(trace, NAMES)
    assert len(lines) == 8
    assert trace.rule is not None
    assert lines[4].endswith(format_rule(trace.rule, NAMES)[1:])
