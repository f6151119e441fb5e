"""The choice of Python for .venv, with stub interpreters on a PATH of their own."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "create-venv"

# Answers the four calls of the script: version, modules, `-m venv`, and `-m pip`.
STUB = """#!/bin/sh
case "$*" in
    *version_info*) echo {version} ;;
    *ensurepip*) exit {missing_module} ;;
    "-m venv --clear .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; touch .venv/{version} ;;
    "-m pip "*) ;;
    *) exit 99 ;;
esac
"""
BROKEN_STUB = "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n"


@pytest.fixture
def path(tmp_path):
    """Return a folder for PATH that holds only the programs that the script needs."""
    folder = tmp_path / "path"
    folder.mkdir()
    for program in ("cp", "id", "mkdir", "sh", "touch"):
        folder.joinpath(program).symlink_to(Path("/bin", program) if Path("/bin", program).exists() else program)
    return folder


@pytest.fixture
def copy(tmp_path):
    """Return the folder of a checkout in which nothing is installed."""
    folder = tmp_path / "copy"
    folder.mkdir()
    return folder


def add_program(path: Path, name: str, text: str) -> Path:
    program = path / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)
    return program


def add_python(path: Path, name: str, version: str, *, missing_module: bool = False) -> Path:
    return add_program(path, name, STUB.format(version=version, missing_module=int(missing_module)))


def add_apt(path: Path, *packages: str) -> None:
    add_program(path, "apt-get", "#!/bin/sh\n")
    add_program(path, "apt-cache", f'#!/bin/sh\ncase " {" ".join(packages)} " in *" $2 "*) ;; *) exit 100 ;; esac\n')


def create_venv(copy: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", SCRIPT, *arguments]
    return subprocess.run(command, cwd=copy, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def get_created_version(copy: Path) -> str:
    return next(file.name for file in (copy / ".venv").iterdir() if file.is_file())


def get_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """Return the single line that a failed call printed."""
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    return result.stderr


def get_apt_command(package: str) -> str:
    return f"`{'' if os.getuid() == 0 else 'sudo '}apt-get install {package}`"


def test_newest_supported_python_is_chosen(copy, path):
    for version in ("3.10", "3.11", "3.12", "3.14", "3.15"):
        add_python(path, f"python{version}", version)
    add_python(path, "python3", "3.10")
    assert create_venv(copy, path).returncode == 0
    assert get_created_version(copy) == "3.14"


def test_plain_python3_is_chosen_if_no_other_exists(copy, path):
    add_python(path, "python3", "3.12")
    assert create_venv(copy, path).returncode == 0
    assert get_created_version(copy) == "3.12"


def test_python_that_does_not_run_or_lacks_a_module_is_passed_over(copy, path):
    add_program(path, "python3.14", BROKEN_STUB)
    add_python(path, "python3.13", "3.13", missing_module=True)
    add_python(path, "python3.11", "3.11")
    assert create_venv(copy, path).returncode == 0
    assert get_created_version(copy) == "3.11"


def test_given_python_is_chosen(copy, path):
    add_python(path, "python3.14", "3.14")
    chosen = add_python(path, "other/python", "3.12")
    assert create_venv(copy, path, str(chosen)).returncode == 0
    assert get_created_version(copy) == "3.12"


def test_given_python_that_is_too_old_is_refused(copy, path):
    add_python(path, "python3.14", "3.14")
    add_apt(path, "python3.11-venv")
    chosen = add_python(path, "other/python", "3.9")
    sentence = get_sentence(create_venv(copy, path, str(chosen)))
    assert f"{chosen} is version 3.9" in sentence
    assert get_apt_command("python3.11-venv") in sentence
    assert list(copy.iterdir()) == []


@pytest.mark.parametrize("version", ["3.9", "3.15"])
def test_unsupported_python_is_one_sentence_with_the_newest_package(copy, path, version):
    add_python(path, "python3", version)
    add_apt(path, "python3.11-venv", "python3.13-venv")
    sentence = get_sentence(create_venv(copy, path))
    assert f"python3 is version {version}" in sentence
    assert get_apt_command("python3.13-venv") in sentence


def test_missing_python_is_one_sentence(copy, path):
    add_apt(path, "python3.12-venv")
    assert get_apt_command("python3.12-venv") in get_sentence(create_venv(copy, path))


def test_missing_module_is_one_sentence_with_the_package_of_that_version(copy, path):
    add_python(path, "python3", "3.12", missing_module=True)
    add_apt(path, "python3.12-venv", "python3.13-venv")
    assert get_apt_command("python3.12-venv") in get_sentence(create_venv(copy, path))


def test_sentence_without_apt_names_the_option_of_make(copy, path):
    add_python(path, "python3", "3.9")
    assert "`make up PYTHON=" in get_sentence(create_venv(copy, path))


def test_existing_environment_is_kept(copy, path):
    add_python(copy, ".venv/bin/python", "3.12")
    add_python(path, "python3.14", "3.14")
    assert create_venv(copy, path).returncode == 0
    assert not (copy / ".venv" / "3.14").exists()


@pytest.mark.parametrize("stub", [BROKEN_STUB, STUB.format(version="3.10", missing_module=0)])
def test_unusable_environment_is_created_again(copy, path, stub):
    add_program(copy, ".venv/bin/python", stub)
    add_python(path, "python3.13", "3.13")
    assert create_venv(copy, path).returncode == 0
    assert get_created_version(copy) == "3.13"


def test_makefile_stops_with_the_sentence(copy, path):
    """`make` starts the script before it installs anything."""
    root = SCRIPT.parents[1]
    for name in ("Makefile", "scripts", "requirements.txt", "requirements-uv.txt", "pyproject.toml"):
        copy.joinpath(name).symlink_to(root / name)
    chosen = add_python(path, "other/python", "3.9")
    result = subprocess.run(["make", "up", f"PYTHON={chosen}"], cwd=copy, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert f"{chosen} is version 3.9" in result.stderr.splitlines()[0]
    assert "Traceback" not in result.stderr
    assert not (copy / ".venv").exists()
