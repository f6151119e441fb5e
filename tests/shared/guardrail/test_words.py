"""What people read: every refusal names what objected and who can change it."""

from dataclasses import replace

import pytest

from herwa_shared.catalog import Surface
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import AccessRule, ChannelList, GuildPolicy, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import refusal, rule_sentence, title_of, trace_lines
from herwa_shared.guardrail.verdict import NO_POLICY, Reason
from tests.shared.guardrail.stage import (
    ALLOW,
    GUILD,
    LOUNGE,
    MEMBER,
    NEWCOMER,
    NOW,
    POLICY,
    STAFF,
    STATISTICS,
    SUPPORT,
    TICKETS,
    VOICE,
    by_member,
    rule,
    ruled,
)

MANAGERS = "Members with Manage Server"
KILLED = replace(POLICY, offer=replace(POLICY.offer, kill_switches={"voice.stats": "It counts twice."}))
BLOCKED = ruled(rule(False, (SubjectKind.ROLE, NEWCOMER), (TargetKind.MODULE, "voice"), note="listen first"))


class Names:
    """As in a list of everything that has a name."""

    def role(self, role_id: int, /) -> str:
        return {SUPPORT: "@Support", NEWCOMER: "@New Members"}[role_id]

    def member(self, member_id: int, /) -> str:
        return {MEMBER: "Ada"}[member_id]

    def channel(self, channel_id: int, /) -> str:
        return {STAFF: "#staff"}[channel_id]

    def moment(self, seconds: float, /) -> str:
        return {NOW: "Friday"}[seconds]


NAMES = Names()
EVERYONE = (SubjectKind.EVERYONE, 0)


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (
            rule(
                True,
                (SubjectKind.ROLE, SUPPORT),
                (TargetKind.FEATURE, "ticket.stats"),
                place_kind=PlaceKind.CHANNEL,
                place_id=STAFF,
                until=NOW,
                note="on trial",
            ),
            "@Support may use Ticket stats in #staff until Friday: on trial",
        ),
        (
            rule(False, (SubjectKind.ROLE, NEWCOMER), (TargetKind.MODULE, "voice")),
            "@New Members may not use the Voice module",
        ),
        (rule(False, EVERYONE, (TargetKind.COMMAND, "top channels")), "nobody may use /top channels"),
        (rule(True, EVERYONE), "everyone may use everything"),
        (
            rule(False, (SubjectKind.MEMBER, MEMBER), (TargetKind.COMMAND, "Who is this")),
            "Ada may not use “Who is this”",
        ),
        (
            rule(True, (SubjectKind.PERMISSION, PERMISSIONS["manage_messages"])),
            "members with Manage Messages may use everything",
        ),
    ],
)
def test_a_rule_is_one_sentence(one: AccessRule, sentence: str):
    assert rule_sentence(one, NAMES) == sentence


def test_what_the_catalogue_no_longer_has_is_called_by_its_key():
    assert title_of(TargetKind.FEATURE, "gone.stats") == "gone.stats"
    assert title_of(TargetKind.MODULE, "gone") == "the gone module"


@pytest.mark.parametrize(
    ("surface", "policy", "headline", "who"),
    [
        (
            VOICE,
            KILLED,
            "Voice stats is switched off everywhere by Herwa's operator: It counts twice.",
            "Only the operator can switch it on again.",
        ),
        (
            TICKETS,
            POLICY,
            "Ticket stats is part of Premium; this server is on Free.",
            f"{MANAGERS} can get Premium for it; /premium says what it gives.",
        ),
        (
            VOICE,
            replace(POLICY, feature_toggles={"voice.stats": False}),
            "Voice stats is switched off in this server.",
            f"{MANAGERS} can switch it on with /features.",
        ),
        (
            VOICE,
            replace(POLICY, module_toggles={"voice": False}),
            "Voice stats is off: the Voice module is switched off in this server.",
            f"{MANAGERS} can switch it on with /features.",
        ),
        (
            VOICE,
            BLOCKED,
            "A rule of this server says: @New Members may not use the Voice module: listen first",
            f"{MANAGERS} can change it with /permissions.",
        ),
        (
            ALLOW,
            POLICY,
            "/permissions allow is for members with Manage Server, and no rule allows it to you.",
            f"{MANAGERS} can allow it with /permissions.",
        ),
        (
            VOICE,
            replace(POLICY, lists=(ChannelList(TargetKind.MODULE, "voice", frozenset({STAFF})),)),
            "This server keeps the Voice module to certain channels, and this is not one of them.",
            f"{MANAGERS} can change the list with /channels.",
        ),
    ],
)
def test_a_refusal_says_what_objected_and_who_can_change_it(
    surface: Surface, policy: GuildPolicy, headline: str, who: str
):
    told = refusal(explain(by_member(surface, roles=[NEWCOMER], channel=LOUNGE), policy), NAMES)

    assert (told.headline, told.who) == (headline, who)


def test_too_many_commands_are_refused_without_blame():
    told = refusal(explain(by_member(left=0), POLICY), NAMES)

    assert told.headline == "That was a lot of commands in one minute."


def test_a_key_without_the_scope_is_told_so():
    key = Invocation.by_key(guild_id=GUILD, surface=STATISTICS, at=NOW, in_scope=False)

    assert refusal(explain(key, POLICY), NAMES).headline == "This key does not have the scope for Statistics."


def test_every_reason_to_refuse_has_words():
    allowing = {Reason.ADMINISTRATOR, Reason.ESSENTIAL, Reason.PUBLIC}
    trace = explain(by_member(roles=[NEWCOMER]), BLOCKED)

    for reason in set(Reason) - allowing:
        told = refusal(replace(trace, verdict=replace(NO_POLICY, reason=reason)), NAMES)
        assert told.headline
        assert told.who


def test_a_trace_is_a_line_a_step_and_names_the_rule():
    lines = trace_lines(explain(by_member(roles=[NEWCOMER]), BLOCKED), NAMES)

    assert len(lines) == 8
    assert lines[0] == "1 · Kill switch: not switched off by Herwa's operator"
    assert lines[4] == "5 ✗ Access rule: @New Members may not use the Voice module: listen first"
    assert lines[7] == "8 - Cooldown: decided before"
