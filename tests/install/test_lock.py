"""The lock files: complete, with hashes, and installable on each supported version of Python."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
RUN_UV = (sys.executable, ROOT / "scripts" / "run_uv.py")
PYTHON_VERSIONS = ("3.11", "3.12", "3.13", "3.14")
LOCK_FILES = ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt")
EXCLUDED_PACKAGES = {"pandas", "pyarrow"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read_lock(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirement and the hashes of each package by its name."""
    lines = (ROOT / name).read_text().replace("\\\n", "").splitlines()
    pinned = [line.split("--hash=") for line in lines if line and not line.lstrip().startswith("#")]
    requirements = [(Requirement(text.strip()), [value.strip() for value in hashes]) for text, *hashes in pinned]
    return {requirement.name: (requirement, hashes) for requirement, hashes in requirements}


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_package_is_pinned_with_hashes(name):
    packages = read_lock(name)
    assert packages
    for requirement, hashes in packages.values():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="]
        assert hashes
        assert all(value.startswith("sha256:") for value in hashes)


@pytest.mark.parametrize("name", LOCK_FILES)
def test_lock_names_no_index(name):
    assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize(
    ("name", "dependencies"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-dev.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_every_dependency_is_locked_in_an_allowed_version(name, dependencies):
    packages = read_lock(name)
    for dependency in map(Requirement, dependencies):
        requirement, _ = packages[dependency.name.replace(".", "-")]
        assert dependency.specifier.contains(next(iter(requirement.specifier)).version)


def test_test_dependencies_change_no_version_of_the_others():
    packages = read_lock("requirements-dev.txt")
    assert {name: str(requirement) for name, (requirement, _) in read_lock("requirements.txt").items()} == {
        name: str(packages[name][0]) for name in read_lock("requirements.txt")
    }


def test_packages_for_data_frames_are_for_tests_only():
    assert not EXCLUDED_PACKAGES & read_lock("requirements.txt").keys()


def test_engine_works_without_the_packages_for_data_frames():
    hide = "".join(f"sys.modules[{name!r}] = None; " for name in sorted(EXCLUDED_PACKAGES))
    code = f"import sys; {hide}import chdb; print(chdb.query('SELECT 40 + 2', 'CSV').bytes().decode())"
    result = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "42"


@pytest.mark.parametrize(("version", "expected"), [("3.11", False), ("3.12", False), ("3.13", True), ("3.14", True)])
def test_replacement_of_audioop_is_locked_for_pythons_without_it(version, expected):
    requirement, _ = read_lock("requirements.txt")["audioop-lts"]
    assert requirement.marker.evaluate({"python_full_version": f"{version}.0"}) is expected


def test_project_allows_the_versions_that_the_lock_is_for():
    allowed = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert [minor for minor in range(30) if f"3.{minor}.9" in allowed] == [11, 12, 13, 14]


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHON_VERSIONS)
def test_lock_installs_from_wheels_on_each_python(tmp_path, version):
    command = [*RUN_UV, "pip", "install", "--quiet", "--target", tmp_path, "--python-version", version]
    command += ["--only-binary", ":all:", "--no-deps", "--require-hashes", "-r", ROOT / "requirements.txt"]
    subprocess.run(command, check=True, cwd=ROOT)
    assert (tmp_path / "audioop").is_dir() == (version in {"3.13", "3.14"})
    assert (tmp_path / "discord").is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_lock_is_what_the_project_resolves_to(tmp_path, name):
    lock = tmp_path / name
    lock.write_text((ROOT / name).read_text())
    command = [*RUN_UV, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--output-file", lock, ROOT / "pyproject.toml"]
    if name == "requirements-dev.txt":
        command += ["--extra=dev", "--constraint", ROOT / "requirements.txt"]
    subprocess.run(command, check=True, cwd=ROOT)
    packages = [line for line in lock.read_text().splitlines() if "==" in line]
    assert packages == [line for line in (ROOT / name).read_text().splitlines() if "==" in line]
