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
        print(json.dumps({"answers": [], "us": 0, "kib": measure_kib_per_guild(job["guilds"])}))
        return
    evaluations = []
    for guild in job["guilds"]:
        enforcers = {name: build_enforcer(command) for name, command in guild["commands"].items()}
        evaluations += [
            (enforcers[question["command"]], build_requester(question, guild["tier_ends"]))
            for question in guild["questions"]
        ]
    decisions = [policy_enforcer.enforce(requester) for policy_enforcer, requester in evaluations]
    best_seconds = float("inf")
    for _ in range(job["rounds"]):
        started_at = time.perf_counter()
        for policy_enforcer, requester in evaluations:
            policy_enforcer.enforce(requester)
        best_seconds = min(best_seconds, time.perf_counter() - started_at)
    print(json.dumps({"answers": decisions, "us": best_seconds / len(evaluations) * 1e6}))


def measure_kib_per_guild(guilds: list[dict]) -> float:
    """The rules alone, once each, as lines of one enforcer a guild's model would hold."""
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    tracemalloc.start()
    for number, guild in enumerate(guilds):
        for rule in guild["rules"]:
            line = [f"{number}", *(str(value) for value in rule)]
            model.add_policy("p", "p", [sys.intern(value) for value in line])
    return tracemalloc.get_traced_memory()[0] / len(guilds) / 1024


def build_enforcer(command: dict) -> casbin.Enforcer:
    model = casbin.Model()
    model.load_model_from_text(MODEL)
    policy_enforcer = casbin.Enforcer(model, enable_log=False)
    policy_enforcer.add_function("about", lambda requester, subject: subject in requester.subjects)
    policy_enforcer.add_function("within", is_within)
    for line in build_lines(command):
        policy_enforcer.add_policy(*line)
    return policy_enforcer


def is_within(requester: SimpleNamespace, place: str) -> bool:
    """`-` is everywhere, `!a b` outside of these, else the id of a channel or category."""
    if place == "-":
        return True
    if place.startswith("!"):
        return not requester.places & frozenset(place[1:].split())
    return place in requester.places


def build_lines(command: dict) -> list[tuple[str, str, str]]:
    """The first line that matches decides; where none does the answer is no."""
    if command["off"]:
        return [("everyone", "-", "deny")]
    policy_lines = [
        ("late", "-", "deny"),
        ("administrator", "-", "allow"),
        ("spent", "-", "deny"),
    ]
    if command["places"] is not None:
        policy_lines.append(("everyone", "!" + " ".join(command["places"]), "deny"))
    for allow, subject, subject_id, place, place_id in command["rules"]:
        policy_subject = "everyone" if subject == "everyone" else f"{subject}:{subject_id}"
        policy_lines.append((policy_subject, "-" if place == "everywhere" else place_id, "allow" if allow else "deny"))
    # A line of its own for the same words would be taken for the same line: the audience has a subject of its own.
    policy_lines.append(("anybody" if command["everyone"] else "manager", "-", "allow"))
    return policy_lines


def build_requester(question: dict, tier_ends: float) -> SimpleNamespace:
    """As a service would have it ready."""
    subjects = {"everyone", "anybody", f"member:{question['member']}", *(f"role:{role}" for role in question["roles"])}
    subjects |= {f"permission:{1 << bit}" for bit in range(64) if question["permissions"] >> bit & 1}
    if question["administrator"]:
        subjects.add("administrator")
    if question["permissions"] & MANAGE_SERVER:
        subjects.add("manager")
    if question["left"] <= 0:
        subjects.add("spent")
    if question["at"] >= tier_ends:
        subjects.add("late")
    return SimpleNamespace(subjects=frozenset(subjects), places=frozenset({question["channel"], question["category"]}))


main()
