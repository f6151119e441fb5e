"""How the front door speaks: one line a fact, with the name of who it is about."""

import sys

from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
COLOURS = {"herwa": "bold magenta", "bot": "cyan", "api": "green", "worker": "yellow", "sim": "blue"}


def say(line: str, *, who: str = "herwa") -> None:
    """Print one line. A terminal that went away is no reason to stop."""
    text = Text()
    text.append(f"{who:>7} ", style=COLOURS.get(who, "dim"))
    text.append("│ ", style="dim")
    text.append_text(Text.from_ansi(line))
    try:
        out.print(text)
    except BrokenPipeError:
        sys.stdout = None
