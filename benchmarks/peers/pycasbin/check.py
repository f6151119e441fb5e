"""The job of the guardrail's benchmarks with pycasbin.

Each rule of a command is a policy line, in order of priority; the matchers are plain Python functions. Each command has
its own enforcer, so that an enforcer checks no lines of other commands. pycasbin's FastEnforcer is not used: it does
not keep the order of lines and so does not support priorities.
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
    """KiB per guild of the rules alone, each stored once as a policy line of one model."""
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
    """True when the invocation is in a place: `-` is everywhere, `!a b` is outside a and b, else it is an id."""
    if place == "-":
        return True
    if place.startswith("!"):
        return not requester.places & frozenset(place[1:].split())
    return place in requester.places


def build_lines(command: dict) -> list[tuple[str, str, str]]:
    """Build the policy lines of a command: the first matching line decides; without a match it is denied."""
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
    # pycasbin drops duplicate lines, so the audience needs its own subject: a rule may have the same line.
    policy_lines.append(("audience" if command["everyone"] else "manager", "-", "allow"))
    return policy_lines


def build_requester(question: dict, tier_ends: float) -> SimpleNamespace:
    """Build the member before the measurement, as a service would have it ready."""
    subjects = {"everyone", "audience", f"member:{question['member']}", *(f"role:{role}" for role in question["roles"])}
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
