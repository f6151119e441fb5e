"""Output of benchmarks: progress on standard error, the result as one line of JSON on standard output."""

import json
import sys


def print_progress(line: str) -> None:
    """Print a line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


def print_result(
    name: str,
    *,
    value: float,
    goal: float,
    is_upper_bound: bool = False,
    extra_condition: bool = True,
    **details: float,
) -> None:
    """Print the result as one line of JSON.

    `goal` is the lower bound of `value`, or its upper bound with `is_upper_bound`. The goal is met only if
    `extra_condition` is true, too. `details` are further numbers of the line, among them those of `extra_condition`.
    """
    is_met = extra_condition and (value <= goal if is_upper_bound else value >= goal)
    rounded = {name: round(number, 3) for name, number in details.items()}
    print(json.dumps({"name": name, "value": round(value, 3), "goal": goal, "holds": is_met, **rounded}), flush=True)
