"""How a benchmark speaks: remarks on standard error, the result as the last line of standard output."""

import json
import sys


def print_progress(line: str) -> None:
    """What is being done or was found on the way."""
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
    """The one line of JSON. `goal` is the least that will do, with `at_most` the most; `also` is what else must hold.

    `beside` goes along, the numbers behind `also` among it.
    """
    is_met = extra_condition and (value <= goal if is_upper_bound else value >= goal)
    rounded = {name: round(number, 3) for name, number in details.items()}
    print(json.dumps({"name": name, "value": round(value, 3), "goal": goal, "holds": is_met, **rounded}), flush=True)
