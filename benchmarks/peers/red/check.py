"""The job of the guardrail's benchmarks with Red's `Requires.verify`: one `Requires` per command, discord.py objects.

Red's own rules are used where they can express a rule: one decision for a member, role, channel, category or everyone.
Kill switch, tier, toggle, administrators, channel list and cooldown are checked by a permission hook, which is Red's
extension point for that. The stub of Red's bot has only what `verify` uses, and Red's database lookups are left out. A
question is decided as null and not timed when the deciding rule cannot be expressed in Red, such as a rule for a role
in one channel.
"""

import asyncio
import json
import logging
import sys
import time
from types import SimpleNamespace

import discord
from redbot.core.commands.requires import PermState, Requires

GUILD = 1_000_000_000_000_000_000


class RedBotStub:
    """The part of Red's bot that `verify` uses."""

    def __init__(self) -> None:
        self._permissions_hooks = [check_permissions]

    async def is_owner(self, _: discord.Member) -> bool:
        return False

    async def verify_permissions_hooks(self, context: SimpleNamespace) -> bool | None:
        """Run every hook; one False denies."""
        results = [
            await discord.utils.maybe_coroutine(permissions_hook, context)
            for permissions_hook in self._permissions_hooks
        ]
        decisions = [result for result in results if result is not None]
        return all(decisions) if decisions else None


def check_permissions(context: SimpleNamespace) -> bool | None:
    """Permission hook for the steps that are not rules in Red."""
    if context.off or context.at >= context.tier_ends:
        return False
    if context.administrator:
        return True
    places = context.places
    if places is not None and context.channel.id not in places and context.channel.category_id not in places:
        return False
    return None if context.left > 0 else False


async def main() -> None:
    logging.disable(logging.CRITICAL)
    job = json.load(sys.stdin)
    bot, evaluations = RedBotStub(), []
    for guild in job["guilds"]:
        evaluations += build_evaluations(bot, guild)
    expressible = [evaluation for evaluation in evaluations if evaluation is not None]
    decisions = [None if evaluation is None else await verify(*evaluation) for evaluation in evaluations]
    best_seconds = float("inf")
    for _ in range(job["rounds"]):
        started_at = time.perf_counter()
        for requirement, call_context in expressible:
            call_context.permission_state = PermState.NORMAL
            await requirement.verify(call_context)
        best_seconds = min(best_seconds, time.perf_counter() - started_at)
    print(json.dumps({"answers": decisions, "us": best_seconds / len(expressible) * 1e6}))


def build_evaluations(bot: RedBotStub, job: dict) -> list[tuple[Requires, SimpleNamespace] | None]:
    """Build the evaluation of each question of one guild; None where Red cannot express the deciding rule."""
    guild = build_guild(job)
    requirements = {name: build_requirement(command) for name, command in job["commands"].items()}
    evaluations = []
    for question in job["questions"]:
        command = job["commands"][question["command"]]
        call_context = build_context(bot, guild, question, command, job["tier_ends"])
        evaluations.append(
            (requirements[question["command"]], call_context) if is_expressible(question, command) else None
        )
    return evaluations


async def verify(requirement: Requires, call_context: SimpleNamespace) -> bool:
    call_context.permission_state = PermState.NORMAL
    return await requirement.verify(call_context)


def build_requirement(command: dict) -> Requires:
    """Build the `Requires` of a command; for each model the rule with the highest precedence is set last and wins."""
    requirement = Requires(None, {} if command["everyone"] else {"manage_guild": True}, {}, [])
    for allow, *arguments in reversed(command["rules"]):
        if (model := find_model(*arguments)) is not None:
            requirement.set_rule(model, PermState.ACTIVE_ALLOW if allow else PermState.ACTIVE_DENY, GUILD)
    requirement.ready_event.set()
    return requirement


def find_model(subject: str, subject_id: str, place: str, place_id: str) -> int | str | None:
    """Find the id that a rule applies to in Red; None when Red cannot express the rule."""
    if subject in ("member", "role") and place == "everywhere":
        return int(subject_id)
    if subject == "everyone":
        return Requires.DEFAULT if place == "everywhere" else int(place_id)
    return None


def is_expressible(question: dict, command: dict) -> bool:
    """True when Red's precedence gives the same decision: at most one rule matches, and Red can express it."""
    subject_ids = {"everyone": {"0"}, "member": {question["member"]}, "role": set(question["roles"])}
    matching_rules = [rule for rule in command["rules"] if is_applicable(rule, question, subject_ids)]
    return not matching_rules or (len(matching_rules) == 1 and find_model(*matching_rules[0][1:]) is not None)


def is_applicable(rule: list, question: dict, subject_ids: dict[str, set[str]]) -> bool:
    _, subject, subject_id, _, place_id = rule
    if place_id not in ("0", question["channel"], question["category"]):
        return False
    if subject == "permission":
        return bool(question["permissions"] & int(subject_id))
    return subject_id in subject_ids[subject]


def build_context(
    bot: RedBotStub, guild: discord.Guild, question: dict, command: dict, tier_ends: float
) -> SimpleNamespace:
    """Build a context like the one that Red builds from a message."""
    author = build_member(guild, question)
    return SimpleNamespace(
        bot=bot,
        cog=None,
        guild=guild,
        author=author,
        channel=guild.get_channel(int(question["channel"])),
        bot_permissions=discord.Permissions.all(),
        permissions=discord.Permissions(question["permissions"]),
        off=command["off"],
        places=None if command["places"] is None else frozenset(int(channel_id) for channel_id in command["places"]),
        tier_ends=tier_ends,
        **{key: question[key] for key in ("administrator", "left", "at")},
    )


def build_guild(job: dict) -> discord.Guild:
    """Build a guild with every role, channel and category of the questions."""
    questions = job["questions"]
    roles = sorted({role for question in questions for role in question["roles"]})
    categories = sorted({question["category"] for question in questions})
    channels = {question["channel"]: question["category"] for question in questions}
    state = SimpleNamespace(
        member_cache_flags=discord.MemberCacheFlags.none(),
        cache_guild_expressions=False,
        shard_count=1,
        self_id=1,
        application_id=1,
        http=None,
        store_user=lambda data, **_: discord.User(state=state, data=data),
        _get_guild=lambda _: None,
    )
    data = {
        "id": str(GUILD),
        "name": "Governed",
        "owner_id": "1",
        "roles": [build_role(str(GUILD), 0), *(build_role(id_, number) for number, id_ in enumerate(roles, 1))],
        "channels": [
            *(build_channel(id_, 4, None) for id_ in categories),
            *(build_channel(id_, 0, category) for id_, category in channels.items()),
        ],
    }
    return discord.Guild(state=state, data=data)


def build_role(id_: str, position: int) -> dict:
    return {"id": id_, "name": id_, "permissions": "0", "position": position, "color": 0, "flags": 0}


def build_channel(id_: str, kind: int, category: str | None) -> dict:
    return {"id": id_, "type": kind, "name": id_, "position": 0, "parent_id": category, "permission_overwrites": []}


def build_member(guild: discord.Guild, question: dict) -> discord.Member:
    user = {"id": question["member"], "username": "ada", "discriminator": "0", "avatar": None, "global_name": None}
    data = {"user": user, "roles": question["roles"], "joined_at": "2024-01-01T00:00:00+00:00", "flags": 0}
    return discord.Member(data=data, guild=guild, state=guild._state)  # noqa: SLF001 - discord.py itself does the same


asyncio.run(main())
