"""Texts of the guardrail: rules as sentences, and refusals with a reason and who can change it."""

from dataclasses import replace

import pytest

from herwa_shared.catalog import Surface
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import AccessRule, ChannelList, GuildPolicy, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import build_refusal, format_rule, format_target, format_trace
from herwa_shared.guardrail.verdict import NO_POLICY, Reason
from tests.shared.guardrail.policy_factories import (
    ALLOW_COMMAND,
    GUILD_ID,
    LOUNGE_CHANNEL,
    MEMBER_ID,
    NEWCOMER_ROLE,
    NOW,
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

MANAGERS_TEXT = "Members with Manage Server"
KILL_SWITCH_POLICY = replace(
    POLICY, global_policy=replace(POLICY.global_policy, kill_switches={"voice.stats": "It counts twice."})
)
BLOCKING_POLICY = build_policy(
    build_rule(False, (SubjectKind.ROLE, NEWCOMER_ROLE), (TargetKind.MODULE, "voice"), note="listen first")
)


class FixedNameFormatter:
    """Formats known ids as fixed names."""

    def format_role(self, role_id: int, /) -> str:
        return {SUPPORT_ROLE: "@Support", NEWCOMER_ROLE: "@New Members"}[role_id]

    def format_member(self, member_id: int, /) -> str:
        return {MEMBER_ID: "Ada"}[member_id]

    def format_channel(self, channel_id: int, /) -> str:
        return {STAFF_CHANNEL: "#staff"}[channel_id]

    def format_time(self, seconds: float, /) -> str:
        return {NOW: "Friday"}[seconds]


NAME_FORMATTER = FixedNameFormatter()
EVERYONE_SUBJECT = (SubjectKind.EVERYONE, 0)


@pytest.mark.parametrize(
    ("access_rule", "sentence"),
    [
        (
            build_rule(
                True,
                (SubjectKind.ROLE, SUPPORT_ROLE),
                (TargetKind.FEATURE, "ticket.stats"),
                place_kind=PlaceKind.CHANNEL,
                place_id=STAFF_CHANNEL,
                until=NOW,
                note="on trial",
            ),
            "@Support may use Ticket stats in #staff until Friday: on trial",
        ),
        (
            build_rule(False, (SubjectKind.ROLE, NEWCOMER_ROLE), (TargetKind.MODULE, "voice")),
            "@New Members may not use the Voice module",
        ),
        (build_rule(False, EVERYONE_SUBJECT, (TargetKind.COMMAND, "top channels")), "nobody may use /top channels"),
        (build_rule(True, EVERYONE_SUBJECT), "everyone may use everything"),
        (
            build_rule(False, (SubjectKind.MEMBER, MEMBER_ID), (TargetKind.COMMAND, "Who is this")),
            "Ada may not use “Who is this”",
        ),
        (
            build_rule(True, (SubjectKind.PERMISSION, PERMISSIONS["manage_messages"])),
            "members with Manage Messages may use everything",
        ),
    ],
)
def test_rule_is_formatted_as_one_sentence(access_rule: AccessRule, sentence: str):
    assert format_rule(access_rule, NAME_FORMATTER) == sentence


def test_target_missing_from_the_catalog_is_shown_by_its_key():
    assert format_target(TargetKind.FEATURE, "gone.stats") == "gone.stats"
    assert format_target(TargetKind.MODULE, "gone") == "the gone module"


@pytest.mark.parametrize(
    ("surface", "policy", "headline", "remedy"),
    [
        (
            VOICE_COMMAND,
            KILL_SWITCH_POLICY,
            "Voice stats is switched off everywhere by Herwa's operator: It counts twice.",
            "Only the operator can switch it on again.",
        ),
        (
            TICKETS_COMMAND,
            POLICY,
            "Ticket stats is part of Premium; this server is on Free.",
            f"{MANAGERS_TEXT} can get Premium for it; /premium says what it gives.",
        ),
        (
            VOICE_COMMAND,
            replace(POLICY, feature_toggles={"voice.stats": False}),
            "Voice stats is switched off in this server.",
            f"{MANAGERS_TEXT} can switch it on with /features.",
        ),
        (
            VOICE_COMMAND,
            replace(POLICY, module_toggles={"voice": False}),
            "Voice stats is off: the Voice module is switched off in this server.",
            f"{MANAGERS_TEXT} can switch it on with /features.",
        ),
        (
            VOICE_COMMAND,
            BLOCKING_POLICY,
            "A rule of this server says: @New Members may not use the Voice module: listen first",
            f"{MANAGERS_TEXT} can change it with /permissions.",
        ),
        (
            ALLOW_COMMAND,
            POLICY,
            "/permissions allow is for members with Manage Server, and no rule allows it to you.",
            f"{MANAGERS_TEXT} can allow it with /permissions.",
        ),
        (
            VOICE_COMMAND,
            replace(POLICY, channel_lists=(ChannelList(TargetKind.MODULE, "voice", frozenset({STAFF_CHANNEL})),)),
            "This server keeps the Voice module to certain channels, and this is not one of them.",
            f"{MANAGERS_TEXT} can change the list with /channels.",
        ),
    ],
)
def test_refusal_names_the_reason_and_who_can_change_it(
    surface: Surface, policy: GuildPolicy, headline: str, remedy: str
):
    actual = build_refusal(
        explain(build_invocation(surface, role_ids=[NEWCOMER_ROLE], channel_id=LOUNGE_CHANNEL), policy), NAME_FORMATTER
    )

    assert (actual.headline, actual.remedy) == (headline, remedy)


def test_cooldown_has_a_neutral_text():
    actual = build_refusal(explain(build_invocation(remaining=0), POLICY), NAME_FORMATTER)

    assert actual.headline == "That was a lot of commands in one minute."


def test_refusal_of_a_key_names_the_missing_scope():
    invocation = Invocation.from_key(guild_id=GUILD_ID, surface=STATISTICS_ROUTE, at=NOW, in_scope=False)

    assert (
        build_refusal(explain(invocation, POLICY), NAME_FORMATTER).headline
        == "This key does not have the scope for Statistics."
    )


def test_every_refusing_reason_has_texts():
    allowing_reasons = {Reason.ADMINISTRATOR, Reason.ESSENTIAL, Reason.PUBLIC}
    trace = explain(build_invocation(role_ids=[NEWCOMER_ROLE]), BLOCKING_POLICY)

    for reason in set(Reason) - allowing_reasons:
        actual = build_refusal(replace(trace, verdict=replace(NO_POLICY, reason=reason)), NAME_FORMATTER)
        assert actual.headline
        assert actual.remedy


def test_trace_has_one_line_per_step_and_names_the_rule():
    lines = format_trace(explain(build_invocation(role_ids=[NEWCOMER_ROLE]), BLOCKING_POLICY), NAME_FORMATTER)

    assert len(lines) == 8
    assert lines[0] == "1 · Kill switch: not switched off by Herwa's operator"
    assert lines[4] == "5 ✗ Access rule: @New Members may not use the Voice module: listen first"
    assert lines[7] == "8 - Cooldown: decided before"
