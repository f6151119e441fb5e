"""The job of the guardrail's benchmarks with GrowthBook's SDK.

Each command is a feature with its rules in order; the member of an invocation is described by attributes.
"""

import json
import logging
import sys
import time

from growthbook import GrowthBook

MANAGE_SERVER = 1 << 5
PERMISSION_NAMES = {1 << 13: "manage_messages", MANAGE_SERVER: "manage_server"}


def main() -> None:
    logging.disable(logging.CRITICAL)
    job = json.load(sys.stdin)
    evaluations = []
    for guild in job["guilds"]:
        book = GrowthBook(
            features={name: build_feature(command, guild["tier_ends"]) for name, command in guild["commands"].items()}
        )
        evaluations += [(book, question["command"], build_attributes(question)) for question in guild["questions"]]

    def evaluate_all() -> list[bool]:
        decisions = []
        for book, command, attributes_ in evaluations:
            book.set_attributes(attributes_)
            decisions.append(book.is_on(command))
        return decisions

    decisions = evaluate_all()
    best_seconds = float("inf")
    for _ in range(job["rounds"]):
        started_at = time.perf_counter()
        evaluate_all()
        best_seconds = min(best_seconds, time.perf_counter() - started_at)
    print(json.dumps({"answers": decisions, "us": best_seconds / len(evaluations) * 1e6}))


def build_feature(command: dict, tier_ends: float) -> dict:
    """Build a feature with all checks as rules; the first rule with a matching condition decides."""
    if command["off"]:
        return {"defaultValue": False}
    rules = [
        {"condition": {"at": {"$gte": tier_ends}}, "force": False},
        {"condition": {"administrator": True}, "force": True},
        {"condition": {"left": {"$lte": 0}}, "force": False},
    ]
    if command["places"] is not None:
        outside_condition = {"channel": {"$nin": command["places"]}, "category": {"$nin": command["places"]}}
        rules.append({"condition": outside_condition, "force": False})
    rules += [{"condition": build_condition(*arguments), "force": allow} for allow, *arguments in command["rules"]]
    if not command["everyone"]:
        rules.append({"condition": {"permissions": {"$in": ["manage_server"]}}, "force": True})
    return {"defaultValue": command["everyone"], "rules": rules}


def build_condition(subject: str, subject_id: str, place: str, place_id: str) -> dict:
    fields = {}
    if subject == "role":
        fields["roles"] = {"$in": [subject_id]}
    elif subject == "member":
        fields["member"] = subject_id
    elif subject == "permission":
        fields["permissions"] = {"$in": [PERMISSION_NAMES[int(subject_id)]]}
    if place != "everywhere":
        fields[place] = place_id
    return fields


def build_attributes(question: dict) -> dict:
    """Build the attributes before the measurement, as a service would have them ready."""
    names = [name for bit, name in PERMISSION_NAMES.items() if question["permissions"] & bit]
    return {**{key: value for key, value in question.items() if key != "command"}, "permissions": names}


main()
