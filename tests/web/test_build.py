"""The build of the pages: cached by the hash of its sources and independent of the URL."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from herwa_web.build.__main__ import main as build_main
from herwa_web.build.builder import _restore_lock, build_if_stale, ensure_build
from herwa_web.build.cache import MAX_BUILDS, ROOT, SOURCES, find_build, hash_sources, lock_build, prune_builds
from herwa_web.build.plugins import RelativeUrls, make_relative


def test_current_build_is_reused():
    output = []
    first_build = build_if_stale(output.append)
    output.clear()
    assert build_if_stale(output.append) == first_build == find_build()
    assert output == []


def test_every_listed_source_exists():
    assert [name for name in SOURCES if not (ROOT / name).exists()] == []


def test_changed_source_changes_the_build_hash(tmp_path, monkeypatch):
    monkeypatch.setattr("herwa_web.build.cache.ROOT", tmp_path)
    (tmp_path / "assets").mkdir()
    (tmp_path / "requirements.txt").write_text("reflex==1\nother==1\n")
    digests = [hash_sources()]
    for file, text in (("assets/a.css", "a"), ("assets/a.css", "b"), ("assets/b.css", "a"), ("rxconfig.py", "")):
        (tmp_path / file).write_text(text)
        digests.append(hash_sources())
    (tmp_path / "requirements.txt").write_text("reflex==2\nother==1\n")
    digests.append(hash_sources())
    assert len(set(digests)) == len(digests)
    (tmp_path / "requirements.txt").write_text("reflex==2\nother==2\n")
    assert hash_sources() == digests[-1]


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
