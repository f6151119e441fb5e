"""Package structure: README files name all modules, and the import contracts hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("herwa_shared", "herwa_bot", "herwa_api", "herwa_worker", "herwa_sim", "herwa_web", "herwa")


def find_readme(path: Path) -> Path:
    """Find the README that has to list a module: the nearest one above it."""
    return next(folder / "README.md" for folder in path.parents if (folder / "README.md").exists())


@pytest.mark.parametrize("package", PACKAGES)
def test_package_readmes_list_every_module(package):
    missing = []
    for path in sorted((ROOT / package).rglob("*.py")):
        readme = find_readme(path)
        name = path.relative_to(readme.parent).as_posix()
        if path.name != "__init__.py" and f"`{name}`" not in readme.read_text():
            missing.append(f"{readme.relative_to(ROOT)} does not list {name}")
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_package_readmes_list_no_missing_module(package):
    for readme in (ROOT / package).rglob("README.md"):
        listed = re.findall(r"^\| `([\w/]+\.py)`", readme.read_text(), re.MULTILINE)
        assert [name for name in listed if not (readme.parent / name).exists()] == []


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


def test_distinct_members_exclude_events_without_a_member():
    for path in (ROOT / "herwa_shared" / "analytics").glob("*.py"):
        for call in re.findall(r"uniq\w*\([^)\n]*", path.read_text()):
            # The last 24 hours of many guilds contain no pseudonyms.
            column = "user_id" if path.name == "sparklines.py" else "person_id"
            assert call.startswith(f"uniqExactIf({column}, {column} != 0"), f"{path.name}: {call}"
