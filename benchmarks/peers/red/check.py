"""Red's `Requires.verify` does the job, with discord.py's own objects: one `Requires` a command.

What Red's rules can say is said by them: one answer for a member, role, channel, category or everyone. Kill switch,
tier, toggle, administrators, channel list and cooldown are a permission hook, which is Red's door for such things. Of
Red's bot, only what `verify` asks for is there, and its look-ups in a database are left out. A question that a rule
decides which Red cannot express, as one for a role in a channel, is answered null and not timed.
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


class Bot:
    """As much of Red's bot as `verify` asks for."""

    def __init__(self) -> None:
        self._permissions_hooks = [hook]

    async def is_owner(self, _: discord.Member) -> bool:
        return False

    async def verify_permissions_hooks(self, context: SimpleNamespace) -> bool | None:
        """Every hook is asked; one "no" is enough."""
        said = [await discord.utils.maybe_coroutine(one, context) for one in self._permissions_hooks]
        answers = [one for one in said if one is not None]
        return all(answers) if answers else None


def hook(context: SimpleNamespace) -> bool | None:
    """The steps that are no rules of Red's."""
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
    bot, asked = Bot(), []
    for guild in job["guilds"]:
        asked += questions(bot, guild)
    sayable = [one for one in asked if one is not None]
    answers = [None if one is None else await answer(*one) for one in asked]
    best = float("inf")
    for _ in range(job["rounds"]):
        began = time.perf_counter()
        for required, asking in sayable:
            asking.permission_state = PermState.NORMAL
            await required.verify(asking)
        best = min(best, time.perf_counter() - began)
    print(json.dumps({"answers": answers, "us": best / len(sayable) * 1e6}))


def questions(bot: Bot, job: dict) -> list[tuple[Requires, SimpleNamespace] | None]:
    """Each question of one guild; None where Red cannot express what decides."""
    guild = made_guild(job)
    requirements = {name: requires(command) for name, command in job["commands"].items()}
    asked = []
    for question in job["questions"]:
        command = job["commands"][question["command"]]
        asking = context(bot, guild, question, command, job["tier_ends"])
        asked.append((requirements[question["command"]], asking) if can_be_said(question, command) else None)
    return asked


async def answer(required: Requires, asking: SimpleNamespace) -> bool:
    asking.permission_state = PermState.NORMAL
    return await required.verify(asking)


def requires(command: dict) -> Requires:
    """The command's rules, the strongest one for each model."""
    made = Requires(None, {} if command["everyone"] else {"manage_guild": True}, {}, [])
    for allow, *words in reversed(command["rules"]):
        if (model := model_of(*words)) is not None:
            made.set_rule(model, PermState.ACTIVE_ALLOW if allow else PermState.ACTIVE_DENY, GUILD)
    made.ready_event.set()
    return made


def model_of(subject: str, subject_id: str, place: str, place_id: str) -> int | str | None:
    """Whom or what a rule of Red's is about; None where Red has no such rule."""
    if subject in ("member", "role") and place == "everywhere":
        return int(subject_id)
    if subject == "everyone":
        return Requires.DEFAULT if place == "everywhere" else int(place_id)
    return None


def can_be_said(question: dict, command: dict) -> bool:
    """Whether Red's own order comes to the same: one rule at most concerns the asker, and Red has it."""
    about = {"everyone": {"0"}, "member": {question["member"]}, "role": set(question["roles"])}
    held = [one for one in command["rules"] if concerns(one, question, about)]
    return not held or (len(held) == 1 and model_of(*held[0][1:]) is not None)


def concerns(rule: list, question: dict, about: dict[str, set[str]]) -> bool:
    _, subject, subject_id, _, place_id = rule
    if place_id not in ("0", question["channel"], question["category"]):
        return False
    if subject == "permission":
        return bool(question["permissions"] & int(subject_id))
    return subject_id in about[subject]


def context(bot: Bot, guild: discord.Guild, question: dict, command: dict, tier_ends: float) -> SimpleNamespace:
    """As Red makes one of a message."""
    author = member(guild, question)
    return SimpleNamespace(
        bot=bot,
        cog=None,
        guild=guild,
        author=author,
        channel=guild.get_channel(int(question["channel"])),
        bot_permissions=discord.Permissions.all(),
        permissions=discord.Permissions(question["permissions"]),
        off=command["off"],
        places=None if command["places"] is None else frozenset(int(one) for one in command["places"]),
        tier_ends=tier_ends,
        **{part: question[part] for part in ("administrator", "left", "at")},
    )


def made_guild(job: dict) -> discord.Guild:
    """With every role, channel and category of which a question speaks."""
    questions = job["questions"]
    roles = sorted({role for one in questions for role in one["roles"]})
    categories = sorted({one["category"] for one in questions})
    channels = {one["channel"]: one["category"] for one in questions}
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
        "roles": [role(str(GUILD), 0), *(role(id_, number) for number, id_ in enumerate(roles, 1))],
        "channels": [
            *(channel(id_, 4, None) for id_ in categories),
            *(channel(id_, 0, category) for id_, category in channels.items()),
        ],
    }
    return discord.Guild(state=state, data=data)


def role(id_: str, position: int) -> dict:
    return {"id": id_, "name": id_, "permissions": "0", "position": position, "color": 0, "flags": 0}


def channel(id_: str, kind: int, category: str | None) -> dict:
    return {"id": id_, "type": kind, "name": id_, "position": 0, "parent_id": category, "permission_overwrites": []}


def member(guild: discord.Guild, question: dict) -> discord.Member:
    user = {"id": question["member"], "username": "ada", "discriminator": "0", "avatar": None, "global_name": None}
    data = {"user": user, "roles": question["roles"], "joined_at": "2024-01-01T00:00:00+00:00", "flags": 0}
    return discord.Member(data=data, guild=guild, state=guild._state)  # noqa: SLF001 - as discord.py itself makes one


asyncio.run(main())
