"""Every handler that a browser can call, as Reflex has registered them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LIST = """
import inspect, json
from herwa_web.herwa_web import app
from reflex_base.registry import RegistrationContext
handlers = RegistrationContext.get().event_handlers
print(json.dumps([
    {"name": name, "module": one.handler.fn.__module__, "title": one.handler.fn.__qualname__,
     "background": one.handler.is_background,
     "parameters": {key: str(part.annotation) for key, part in inspect.signature(one.handler.fn).parameters.items() if key != "self"}}
    for name, one in sorted(handlers.items())
]))
"""


@dataclass(frozen=True)
class Endpoint:
    """One handler: its name on the wire, and what it takes."""

    name: str
    module: str
    title: str
    background: bool
    parameters: dict[str, str]

    @property
    def ours(self) -> bool:
        return self.module.startswith("herwa")

    def payload(self, text: str) -> dict[str, Any]:
        """Arguments of the right shape, with `text` wherever text goes."""
        return {name: _filled(kind, text) for name, kind in self.parameters.items()}


def _filled(kind: str, text: str) -> Any:
    for word, value in (("list", [text]), ("dict", {"guild_id": text}), ("str", text), ("bool", True), ("int", 1)):
        if word in kind:
            return value
    return text


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """All of them, Reflex's own included."""
    done = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(Endpoint(**one) for one in json.loads(done.stdout.splitlines()[-1]))
