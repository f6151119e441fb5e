"""Every handler that a browser can call, as Reflex has registered them."""

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.web.reflex_client import HYDRATE, ReflexClient

REPOSITORY_ROOT = Path(__file__).parents[2]
LIST_SCRIPT = """
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
class RegisteredHandler:
    """One handler: its name on the wire, and what it takes."""

    name: str
    module: str
    title: str
    background: bool
    parameters: dict[str, str]

    @property
    def is_own(self) -> bool:
        return self.module.startswith("herwa")

    def build_payload(self, text: str) -> dict[str, Any]:
        """Arguments of the right shape, with `text` wherever text goes."""
        return {name: _build_value(kind, text) for name, kind in self.parameters.items()}


def _build_value(annotation: str, text: str) -> Any:
    for type_name, value in (("list", [text]), ("dict", {"guild_id": text}), ("str", text), ("bool", True), ("int", 1)):
        if type_name in annotation:
            return value
    return text


@cache
def list_handlers() -> tuple[RegisteredHandler, ...]:
    """All of them, Reflex's own included."""
    completed = subprocess.run(
        [sys.executable, "-c", LIST_SCRIPT], cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stderr
    return tuple(RegisteredHandler(**handler) for handler in json.loads(completed.stdout.splitlines()[-1]))


def list_own_handlers() -> list[RegisteredHandler]:
    return [handler for handler in list_handlers() if handler.is_own]


async def call_every_handler(visitor: ReflexClient, guild_id: str) -> None:
    """Every handler of ours, with the server's id wherever an id could go, and after each the state anew."""
    for path in (f"/g/{guild_id}", "/"):
        for endpoint in list_own_handlers():
            await visitor.send(endpoint.name, endpoint.build_payload(guild_id), path=path)
        await visitor.wait_until_idle()
    await asyncio.sleep(1)  # those that work in the background may say something still
    await visitor.send(HYDRATE, path=f"/g/{guild_id}")
    await visitor.wait_until_idle()
