"""Built once for every address; built anew when a source has changed; whole or not at all."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from herwa_web.build.builder import _restore_lock, build_if_stale, pages_to_serve
from herwa_web.build.cache import KEPT_BUILDS, ROOT, SOURCES, built_pages, forget_old_builds, held, sources_digest
from herwa_web.build.plugins import AnyAddress, anywhere


def test_what_is_built_is_not_built_again():
    said = []
    first = build_if_stale(said.append)
    said.clear()
    assert build_if_stale(said.append) == first == built_pages()
    assert said == []


def test_every_source_counts():
    assert [name for name in SOURCES if not (ROOT / name).exists()] == []


def test_a_changed_source_is_another_build(tmp_path, monkeypatch):
    monkeypatch.setattr("herwa_web.build.cache.ROOT", tmp_path)
    (tmp_path / "assets").mkdir()
    (tmp_path / "requirements.txt").write_text("reflex==1\nother==1\n")
    seen = [sources_digest()]
    for file, text in (("assets/a.css", "a"), ("assets/a.css", "b"), ("assets/b.css", "a"), ("rxconfig.py", "")):
        (tmp_path / file).write_text(text)
        seen.append(sources_digest())
    (tmp_path / "requirements.txt").write_text("reflex==2\nother==1\n")
    seen.append(sources_digest())
    assert len(set(seen)) == len(seen)
    (tmp_path / "requirements.txt").write_text("reflex==2\nother==2\n")
    assert sources_digest() == seen[-1]


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_the_address_of_the_build_becomes_that_of_the_page(quote):
    script = f"var e={{A:{quote}http://herwa.invalid/_rx/ping{quote},B:{quote}ws://herwa.invalid/_rx/_event{quote}}};"
    assert anywhere(script) == (
        'var e={A:location.origin+"/_rx/ping",B:location.origin.replace(/^http/,"ws")+"/_rx/_event"};'
    )


def test_a_build_that_keeps_an_address_fails(tmp_path):
    (tmp_path / "assets").mkdir()
    with pytest.raises(RuntimeError, match="unknown place"):
        AnyAddress().post_build(static_dir=tmp_path)
    (tmp_path / "assets" / "reflex-env-1.js").write_text("`http://herwa.invalid/x`")
    (tmp_path / "index.html").write_text("http://herwa.invalid")
    with pytest.raises(RuntimeError, match=r"index\.html"):
        AnyAddress().post_build(static_dir=tmp_path)


def test_the_lock_names_packages_and_no_registry():
    lock = (ROOT / "reflex.lock" / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    assert "://" not in "".join(line for line in lock.splitlines() if "funding" not in line and '"url"' not in line)


def test_a_build_restores_the_tracked_lock_files_and_says_when_the_packages_differ(tmp_path, monkeypatch):
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


def test_the_build_of_these_pages_leaves_the_npm_lock_as_git_has_it():
    build_if_stale(print)
    changed = subprocess.run(
        ["git", "diff", "--stat", "--", "reflex.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""


def some_builds(folder: Path) -> list[Path]:
    """Three more than are kept, the oldest first."""
    builds = [folder / f"build-{number}" for number in range(KEPT_BUILDS + 3)]
    for age, build in enumerate(builds):
        (build / "client").mkdir(parents=True)
        os.utime(build, (1_000 + age, 1_000 + age))
    return builds


def test_the_newest_builds_are_kept_and_what_was_left_unfinished_is_not(tmp_path):
    builds = some_builds(tmp_path)
    (tmp_path / ".half").mkdir()
    forget_old_builds(tmp_path)
    assert sorted(tmp_path.iterdir()) == builds[-KEPT_BUILDS:]


def test_no_build_that_somebody_serves_is_forgotten_until_the_last_one_stops(tmp_path):
    builds = some_builds(tmp_path)
    with held(builds[0]) as first:
        with held(builds[0]) as second:
            assert first
            assert second
        forget_old_builds(tmp_path)
        assert (builds[0] / "client").is_dir()
        assert not builds[1].exists()
    forget_old_builds(tmp_path)
    assert not builds[0].exists()
    with held(builds[0]) as gone:
        assert not gone


async def test_a_site_that_runs_holds_its_build(web):
    with pages_to_serve(print) as build:
        descriptor = os.open(build, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
