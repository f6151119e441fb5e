"""Work on large results in a thread, so that the other requests of the process go on meanwhile."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

LARGE_POINTS = 1_000
"""A thousand points take a few milliseconds."""


async def run_by_size(
    points: int, function: Callable[P, ResultT], *arguments: P.args, **named_arguments: P.kwargs
) -> ResultT:
    """Call a function that works on so many points, in a thread if they are many. Raises as the function does."""
    if points < LARGE_POINTS:
        return function(*arguments, **named_arguments)
    return await asyncio.to_thread(function, *arguments, **named_arguments)
