"""Lists every handler that a browser can call, from Reflex's registry."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.web.reflex_client import HYDRATE, ReflexClient

REPOSITORY_ROOT = Path(__file__).parents[2]
LIST_TIMEOUT_SECONDS = 120
TABS = 5
LIST_SCRIPT = """
import inspect, json
from herwa_web.herwa_web import app
from reflex_base.registry import RegistrationContext
handlers = RegistrationContext.get().event_handlers
print(json.dumps([
    {"name": name, "module": registered.handler.fn.__module__,
     "background": registered.handler.is_background,
     "parameters": {key: str(parameter.annotation) for key, parameter in inspect.signature(registered.handler.fn).parameters.items() if key != "self"}}
    for name, registered in sorted(handlers.items())
]))
"""


@dataclass(frozen=True)
class RegisteredHandler:
    """One handler: its event name and the annotations of its parameters."""

    name: str
    module: str
    background: bool
    parameters: dict[str, str]

    @property
    def state(self) -> str:
        """The class of the state."""
        words = self.name.rpartition(".")[0].rpartition(".")[2].rpartition("____")[2].split("_")
        return "".join(word.capitalize() for word in words)

    @property
    def title(self) -> str:
        """The class of the state and the name of the handler, which a mixin may define."""
        return f"{self.state}.{self.name.rpartition('.')[2]}"

    @property
    def is_own(self) -> bool:
        return self.module.startswith("herwa")

    def build_payload(self, text: str) -> dict[str, Any]:
        """Build arguments of the annotated types, with `text` in every string."""
        return {name: _build_value(kind, text) for name, kind in self.parameters.items()}


def _build_value(annotation: str, text: str) -> Any:
    for type_name, value in (("list", [text]), ("dict", {"guild_id": text}), ("str", text), ("bool", True), ("int", 1)):
        if type_name in annotation:
            return value
    return text


@cache
def list_handlers() -> tuple[RegisteredHandler, ...]:
    """List all handlers, including those of Reflex.

    Runs a subprocess, so that this process does not import the app.
    """
    completed = subprocess.run(
        [sys.executable, "-c", LIST_SCRIPT],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIST_TIMEOUT_SECONDS,
    )
    assert completed.returncode == 0, completed.stderr
    return tuple(RegisteredHandler(**handler) for handler in json.loads(completed.stdout.splitlines()[-1]))


def list_own_handlers() -> list[RegisteredHandler]:
    return [handler for handler in list_handlers() if handler.is_own]


async def run_in_tabs(test_part: Callable[[Sequence[RegisteredHandler]], Awaitable[None]]) -> None:
    """Run a test of every handler of Herwa in several tabs at once, each with a part of the handlers.

    The server limits how many events one tab may send in a second.
    """
    handlers = list_own_handlers()
    await asyncio.gather(*(test_part(handlers[number::TABS]) for number in range(TABS)))


async def call_handlers(
    visitor: ReflexClient,
    guild_id: str,
    handlers: Iterable[RegisteredHandler],
    *,
    from_landing_page: bool = False,
) -> None:
    """Call handlers with the guild id in every string; then reload the state.

    They are called from the server's page, and from the landing page as well if that is requested.
    """
    for path in (f"/g/{guild_id}", "/") if from_landing_page else (f"/g/{guild_id}",):
        for handler in handlers:
            await visitor.send(handler.name, handler.build_payload(guild_id), path=path)
        await visitor.wait_until_idle()
    await asyncio.sleep(1)  # background handlers may still send something
    await visitor.send(HYDRATE, path=f"/g/{guild_id}")
    await visitor.wait_until_idle()
