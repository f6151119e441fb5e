"""Package structure: README files name all modules, and the import contracts hold."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("herwa_shared", "herwa_bot", "herwa_api", "herwa_worker", "herwa_sim", "herwa_web", "herwa")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_readme_names_every_module(package):
    text = (ROOT / package / "README.md").read_text()
    missing = [
        path.name
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" and path.name != "__init__.py"
        if f"`{path.name}`" not in text and f"`{path.stem}`" not in text
    ]
    assert not missing, f"{package}/README.md does not name these modules"


def test_import_contracts_hold():
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_analytics_queries_filter_by_guild_first():
    for path in (ROOT / "herwa_shared" / "analytics").glob("*.py"):
        for clause in path.read_text().split("WHERE")[1:]:
            assert clause.split()[0] == "guild_id", f"{path.name}: WHERE {clause[:60]}"
