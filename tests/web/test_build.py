"""The build of the pages: cached by the hash of its sources and independent of the URL."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from herwa_web.build.__main__ import main as build_main
from herwa_web.build.builder import _restore_lock, build_if_stale, ensure_build
from herwa_web.build.cache import (
    LOCK_FILE,
    MAX_BUILDS,
    PROGRAMS,
    ROOT,
    find_build,
    hash_sources,
    list_sources,
    lock_build,
    prune_builds,
)
from herwa_web.build.imports import find_imported_files
from herwa_web.build.plugins import RelativeUrls, make_relative


def test_current_build_is_reused():
    output = []
    first_build = build_if_stale(output.append)
    output.clear()
    assert build_if_stale(output.append) == first_build == find_build()
    assert output == []


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return a small checkout, of which the build hash is computed."""
    files = {
        "rxconfig.py": "",
        "assets/page.css": "",
        "herwa_web/herwa_web.py": "from herwa_shared import labels",
        "herwa_web/build/builder.py": "",
        "herwa_shared/labels.py": "LABEL = 'a'",
        "herwa_bot/bot.py": "import herwa_shared.labels",
        "requirements.txt": "reflex==1\nother==1\n",
        LOCK_FILE: "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr("herwa_web.build.cache.ROOT", tmp_path)
    return tmp_path


def test_sources_are_the_assets_and_what_the_pages_import():
    sources = {path.relative_to(ROOT).as_posix() for path in list_sources()}
    assert sources >= {
        "rxconfig.py",
        "assets/herwa.js",
        "herwa_web/pages/guild/overview.py",
        "herwa_web/build/plugins.py",
        "herwa_shared/dashboard_query.py",
        "herwa_shared/analytics/__init__.py",
        "herwa_shared/analytics/date_ranges.py",
        "herwa_shared/charts/theme.py",
    }
    assert not [name for name in sources if name.startswith(("herwa_bot/", "tests/", "herwa_shared/pipeline/"))]
    assert not [name for name in sources if name.startswith(("herwa_shared/backup/", "herwa_shared/embedded/"))]
    assert not [name for name in sources if name.endswith((".md", ".pyc"))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rxconfig.py", "NAME = 'a'"),
        ("assets/page.css", "a {}"),
        ("assets/added.css", ""),
        ("herwa_web/build/builder.py", "NAME = 'a'"),
        ("herwa_shared/labels.py", "LABEL = 'b'"),
        ("herwa_shared/__init__.py", ""),
        ("requirements.txt", "reflex==2\nother==1\n"),
        (LOCK_FILE, '{"packages": {}}'),
    ],
)
def test_changed_source_changes_the_build_hash(checkout, name, text):
    digest = hash_sources()
    (checkout / name).write_text(text)
    assert hash_sources() != digest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("herwa_bot/bot.py", "import herwa_shared.other"),
        ("herwa_shared/other.py", ""),
        ("herwa_web/README.md", ""),
        ("requirements.txt", "reflex==1\nother==2\n"),
    ],
)
def test_change_of_another_file_keeps_the_build_hash(checkout, name, text):
    digest = hash_sources()
    (checkout / name).write_text(text)
    assert hash_sources() == digest


def test_new_import_changes_the_sources(checkout):
    (checkout / "herwa_shared" / "other.py").write_text("")
    assert checkout / "herwa_shared" / "other.py" not in list_sources()
    (checkout / "herwa_shared" / "labels.py").write_text("import herwa_shared.other")
    assert checkout / "herwa_shared" / "other.py" in list_sources()


def test_found_imports_are_the_modules_that_python_imports():
    """Compare the imports found in the sources with those of a Python that loads the pages."""
    code = (
        "import sys, herwa_web.herwa_web; print(*(m.__file__ for m in sys.modules.values() if hasattr(m, '__file__')))"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    expected = {file for file in loaded if file.startswith(f"{ROOT}/herwa_")}
    assert expected
    assert expected <= {str(path) for path in find_imported_files(ROOT, [ROOT / program for program in PROGRAMS])}


def test_every_program_of_the_build_exists():
    assert [name for name in PROGRAMS if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a.b.c", {"a/__init__.py", "a/b/__init__.py", "a/b/c.py"}),
        ("from a.b import c, NAME", {"a/__init__.py", "a/b/__init__.py", "a/b/c.py"}),
        ("from a.b.c import NAME", {"a/__init__.py", "a/b/__init__.py", "a/b/c.py"}),
        ("def load():\n    import a.d", {"a/__init__.py", "a/d.py", "a/e.py"}),
        ("import os, pytest", set()),
        ("this is no Python", set()),
    ],
)
def test_imports_are_followed(tmp_path, text, expected):
    (tmp_path / "a" / "b").mkdir(parents=True)
    contents = {"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": "import main", "a/d.py": "from . import e"}
    for name, content in {**contents, "a/e.py": "from .d import NAME", "main.py": text}.items():
        (tmp_path / name).write_text(content)
    files = find_imported_files(tmp_path, [tmp_path / "main.py"])
    assert {path.relative_to(tmp_path).as_posix() for path in files} == {"main.py", *expected}


def test_excluded_packages_and_what_only_they_import_are_left_out(tmp_path):
    for name, content in {"a/b.py": "import c", "c.py": "", "d.py": "", "main.py": "import a.b, d"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    files = find_imported_files(tmp_path, [tmp_path / "main.py"], excluded=["a"])
    assert {path.name for path in files} == {"main.py", "d.py"}


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_build_url_becomes_the_page_origin(quote):
    script = f"var e={{A:{quote}http://herwa.invalid/_rx/ping{quote},B:{quote}ws://herwa.invalid/_rx/_event{quote}}};"
    assert make_relative(script) == (
        'var e={A:location.origin+"/_rx/ping",B:location.origin.replace(/^http/,"ws")+"/_rx/_event"};'
    )


def test_build_with_an_absolute_url_fails(tmp_path):
    (tmp_path / "assets").mkdir()
    with pytest.raises(RuntimeError, match="unknown place"):
        RelativeUrls().post_build(static_dir=tmp_path)
    (tmp_path / "assets" / "reflex-env-1.js").write_text("`http://herwa.invalid/x`")
    (tmp_path / "index.html").write_text("http://herwa.invalid")
    with pytest.raises(RuntimeError, match=r"index\.html"):
        RelativeUrls().post_build(static_dir=tmp_path)


def test_npm_lock_contains_no_registry_url():
    lock = (ROOT / "reflex.lock" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    assert "://" not in "".join(line for line in lock.splitlines() if "funding" not in line and '"url"' not in line)


def test_build_restores_the_lock_files_and_reports_changed_packages(tmp_path, monkeypatch):
    monkeypatch.setattr("herwa_web.build.builder.ROOT", tmp_path)
    lock = tmp_path / "package.json"
    lock.write_text('{"a": 1, "b": 2}')
    messages = []
    for written, expected_messages in (('{"b": 2, "a": 1}', 0), ('{"a": 1, "b": 3}', 1)):
        lock_files = {lock: lock.read_bytes()}
        lock.write_text(written)
        _restore_lock(lock_files, messages.append)
        assert lock.read_text() == '{"a": 1, "b": 2}'
        assert len(messages) == expected_messages
    assert "make lock" in messages[0]


def test_check_builds_nothing_and_reports_whether_the_pages_are_built(monkeypatch, capsys):
    build_if_stale(print)
    monkeypatch.setattr("sys.argv", ["herwa_web.build", "--check"])
    capsys.readouterr()
    assert build_main() == 0
    monkeypatch.setattr("herwa_web.build.__main__.find_build", lambda: None)
    assert build_main() == 1
    assert capsys.readouterr().out == ""


def test_build_leaves_the_npm_lock_unchanged():
    build_if_stale(print)
    changed = subprocess.run(
        ["git", "diff", "--stat", "--", "reflex.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""


def create_builds(folder: Path) -> list[Path]:
    """Create three builds more than are kept, the oldest first."""
    builds = [folder / f"build-{number}" for number in range(MAX_BUILDS + 3)]
    for age, build in enumerate(builds):
        (build / "client").mkdir(parents=True)
        os.utime(build, (1_000 + age, 1_000 + age))
    return builds


def test_newest_builds_are_kept_and_unfinished_ones_are_removed(tmp_path):
    builds = create_builds(tmp_path)
    (tmp_path / ".half").mkdir()
    prune_builds(tmp_path)
    assert sorted(tmp_path.iterdir()) == builds[-MAX_BUILDS:]


def test_served_build_is_not_pruned_until_its_last_server_stops(tmp_path):
    builds = create_builds(tmp_path)
    with lock_build(builds[0]) as first_lock:
        with lock_build(builds[0]) as second_lock:
            assert first_lock
            assert second_lock
        prune_builds(tmp_path)
        assert (builds[0] / "client").is_dir()
        assert not builds[1].exists()
    prune_builds(tmp_path)
    assert not builds[0].exists()
    with lock_build(builds[0]) as lock:
        assert not lock


async def test_running_server_locks_its_build(web):
    with ensure_build(print) as build:
        descriptor = os.open(build, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
