"""Rules of the bot's code.

Commands never read channels from discord.py's cache, which holds none (docs/decisions/0010). One function sends direct
messages, so that a user who switched them off gets none (docs/decisions/0035).
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2] / "herwa_bot"
DIRECT_CHANNEL_METHODS = frozenset({"create_dm", "start_private_message"})
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


def test_one_function_sends_direct_messages():
    senders = {
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in DIRECT_CHANNEL_METHODS
    }
    assert senders == {"ui/direct_messages.py"}
