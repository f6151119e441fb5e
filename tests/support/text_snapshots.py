"""Renders a texts module as one readable text, for the snapshot that holds a surface's words."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

TEXT_FUNCTION_PREFIXES = ("format_", "build_", "describe_")


class Keywords(dict[str, Any]):
    """The keyword arguments of a sample call."""


def render_texts(module: ModuleType, samples: Mapping[str, Sequence[Any]]) -> str:
    """Render every text of the module: `NAME: text`, and for each function its result with sample arguments.

    Each function of `samples` has one list of arguments, or several as tuples, each with its own line. Keyword
    arguments are a `Keywords` at the end. Raises AssertionError if a function of the module has no sample.
    """
    lines = [line for name, value in vars(module).items() if name.isupper() for line in _render_constant(name, value)]
    functions = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name.startswith(TEXT_FUNCTION_PREFIXES)
    }
    assert functions.keys() == samples.keys(), functions.keys() ^ samples.keys()
    for name, function in functions.items():
        calls = samples[name] if samples[name] and isinstance(samples[name][0], tuple) else [samples[name]]
        lines += [_render_call(name, function, call) for call in calls]
    return "\n".join(lines)


def _render_call(name: str, function: Callable[..., str], call: Sequence[Any]) -> str:
    keywords = call[-1] if call and isinstance(call[-1], Keywords) else Keywords()
    positional = call[:-1] if keywords else call
    arguments = [*map(repr, positional), *(f"{key}={value!r}" for key, value in keywords.items())]
    return f"{name}({', '.join(arguments)}): {function(*positional, **keywords)}"


def _render_constant(name: str, value: Any) -> list[str]:
    if isinstance(value, str):
        return [f"{name}: {value}"]
    if isinstance(value, Mapping):
        return [line for key, child in value.items() for line in _render_constant(f"{name}[{key}]", child)]
    if isinstance(value, Sequence):
        return [line for index, child in enumerate(value) for line in _render_constant(f"{name}[{index}]", child)]
    return []
