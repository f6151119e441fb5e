"""pycasbin does the job: a policy line for each rule of a command, by priority, its matchers plain functions.

Each command has an enforcer of its own, which looks at no other's lines. (Its FastEnforcer keeps lines without their
order and so cannot do priorities.)
"""

import json
import logging
import sys
import time
import tracemalloc
from types import SimpleNamespace

import casbin

MODEL = """
[request_definition]
r = who

[policy_definition]
p = who, place, eft

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = about(r.who, p.who) && within(r.who, p.place)
"""
MANAGE_SERVER = 1 << 5


def main() -> None:
    logging.disable(logging.CRITICAL)
    job = json.load(sys.stdin)
    if job.get("memory"):
        print(json.dumps({"answers": [], "us": 0, "kib": kib_a_guild(job["guilds"])}))
        return
    asked = []
    for guild in job["guilds"]:
        enforcers = {name: enforcer(command) for name, command in guild["commands"].items()}
        asked += [(enforcers[one["command"]], who(one, guild["tier_ends"])) for one in guild["questions"]]
    answers = [enforcer_.enforce(asker) for enforcer_, asker in asked]
    best = float("inf")
    for _ in range(job["rounds"]):
        began = time.perf_counter()
        for enforcer_, asker in asked:
            enforcer_.enforce(asker)
        best = min(best, time.perf_counter() - began)
    print(json.dumps({"answers": answers, "us": best / len(asked) * 1e6}))


def kib_a_guild(guilds: list[dict]) -> float:
    """The rules alone, once each, as lines of one enforcer a guild's model would hold."""
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    tracemalloc.start()
    for number, guild in enumerate(guilds):
        for rule in guild["rules"]:
            line = [f"{number}", *(str(part) for part in rule)]
            model.add_policy("p", "p", [sys.intern(part) for part in line])
    return tracemalloc.get_traced_memory()[0] / len(guilds) / 1024


def enforcer(command: dict) -> casbin.Enforcer:
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    made = casbin.Enforcer(model, enable_log=False)
    made.add_function("about", lambda who, subject: subject in who.subjects)
    made.add_function("within", within)
    for line in lines(command):
        made.add_policy(*line)
    return made


def within(who: SimpleNamespace, place: str) -> bool:
    """`-` is everywhere, `!a b` outside of these, else the id of a channel or category."""
    if place == "-":
        return True
    if place.startswith("!"):
        return not who.places & frozenset(place[1:].split())
    return place in who.places


def lines(command: dict) -> list[tuple[str, str, str]]:
    """The first line that matches decides; where none does the answer is no."""
    if command["off"]:
        return [("everyone", "-", "deny")]
    found = [
        ("late", "-", "deny"),
        ("administrator", "-", "allow"),
        ("spent", "-", "deny"),
    ]
    if command["places"] is not None:
        found.append(("everyone", "!" + " ".join(command["places"]), "deny"))
    for allow, subject, subject_id, place, place_id in command["rules"]:
        about = "everyone" if subject == "everyone" else f"{subject}:{subject_id}"
        found.append((about, "-" if place == "everywhere" else place_id, "allow" if allow else "deny"))
    # A line of its own for the same words would be taken for the same line: the audience has a subject of its own.
    found.append(("anybody" if command["everyone"] else "manager", "-", "allow"))
    return found


def who(asked: dict, tier_ends: float) -> SimpleNamespace:
    """As a service would have it ready."""
    subjects = {"everyone", "anybody", f"member:{asked['member']}", *(f"role:{role}" for role in asked["roles"])}
    subjects |= {f"permission:{1 << bit}" for bit in range(64) if asked["permissions"] >> bit & 1}
    if asked["administrator"]:
        subjects.add("administrator")
    if asked["permissions"] & MANAGE_SERVER:
        subjects.add("manager")
    if asked["left"] <= 0:
        subjects.add("spent")
    if asked["at"] >= tier_ends:
        subjects.add("late")
    return SimpleNamespace(subjects=frozenset(subjects), places=frozenset({asked["channel"], asked["category"]}))


main()
