"""The house stays as it is drawn: each room says its job, and the arrows hold."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("herwa_shared", "herwa_bot", "herwa_api", "herwa_worker", "herwa_sim", "herwa_web", "herwa")


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_says_its_job_and_names_its_files(room):
    text = (ROOT / room / "README.md").read_text()
    unnamed = [
        path.name
        for path in (ROOT / room).iterdir()
        if path.suffix == ".py" and path.name != "__init__.py"
        if f"`{path.name}`" not in text and f"`{path.stem}`" not in text
    ]
    assert not unnamed, f"{room}/README.md does not name them"


def test_the_arrows_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_query_of_analytics_asks_for_its_guild_first():
    for path in (ROOT / "herwa_shared" / "analytics").glob("*.py"):
        for where in path.read_text().split("WHERE")[1:]:
            assert where.split()[0] == "guild_id", f"{path.name}: WHERE {where[:60]}"
