"""Commands never read channels from discord.py's cache, which holds none (docs/decisions/0010)."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2] / "herwa_bot"
CACHE_READERS = frozenset({"get_channel", "get_thread", "text_channels", "voice_channels", "forums", "categories"})


def test_no_command_reads_channels_from_the_cache_of_discord_py():
    readers = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in CACHE_READERS:
                text = ast.unparse(node)
                if text != "self.http.get_channel":  # a REST call
                    readers.append(f"{path.relative_to(ROOT)}:{node.lineno} {text}")
    assert readers == []
