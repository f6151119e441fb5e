"""The commands of the quick start in docs/api.md work as they are written."""

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.configurable_copy import ConfigurableCopy

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
SEPARATOR = "=== next block ==="


def read_commands() -> list[str]:
    quick_start = DOCUMENT.read_text().partition("## Quick start")[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", quick_start, re.MULTILINE | re.DOTALL)


def create_server(copy: ConfigurableCopy, name: str) -> str:
    """Create a server in the local Discord, and wait until the bot has saved it; return its id."""
    with closing(copy.open_sim_client()) as sim:
        guild_id = sim.create_guild(name)
    copy.wait_until(lambda: name in copy.list_known_servers(), "the bot to save the server")
    return str(guild_id)


@pytest.mark.slow
def test_quick_start_prints_what_it_says(copy: ConfigurableCopy):
    guild_id = create_server(copy, "Quick Start")
    commands = read_commands()
    assert len(commands) == 7
    script = f"\necho; echo '{SEPARATOR}'\n".join(commands)
    for name, value in (("HERWA", f"http://localhost:{copy.port}"), ("GUILD", guild_id)):
        script, count = re.subn(rf"^export {name}=.*$", f"export {name}={value}", script, flags=re.MULTILINE)
        assert count == 1
    environment = {**copy.environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    created, *outputs = (part.strip() for part in result.stdout.split(SEPARATOR))
    assert created == "", "the key is not printed"
    identity, stats, top, dry_run, features, audit = map(json.loads, outputs)
    assert identity["key"]["guild_id"] == guild_id
    assert [series["metric"] for series in stats["series"]] == ["messages", "joins"]
    assert len(top["items"]) <= 2
    assert dry_run["effects"]["stopped"]
    assert "voice.stats" in [item["key"] for item in features["items"] if not item["enabled"]]
    assert (audit["items"][0]["action"], audit["items"][0]["target"]) == ("feature.set", "voice.stats")
