"""How a benchmark speaks: remarks on standard error, the result as the last line of standard output."""

import json
import sys


def remark(line: str) -> None:
    """What is being done or was found on the way."""
    print(line, file=sys.stderr, flush=True)


def result(name: str, *, value: float, goal: float, at_most: bool = False, also: bool = True, **beside: float) -> None:
    """The one line of JSON. `goal` is the least that will do, with `at_most` the most; `also` is what else must hold.

    `beside` goes along, the numbers behind `also` among it.
    """
    holds = also and (value <= goal if at_most else value >= goal)
    more = {name: round(number, 3) for name, number in beside.items()}
    print(json.dumps({"name": name, "value": round(value, 3), "goal": goal, "holds": holds, **more}), flush=True)
