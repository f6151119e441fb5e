"""Log files: each start continues the file, a full one is rotated while it is written, only the owner reads them."""

import os
import stat

import pytest

from herwa_shared.runtime import log_file
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.log_file import open_log_file, rotate_open_file

LINE = b"x" * 9 + b"\n"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> DataFolder:
    monkeypatch.setattr(log_file, "MAX_LOG_BYTES", 10 * len(LINE))
    return DataFolder(tmp_path)


def list_sizes(folder: DataFolder) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.logs_dir.iterdir())}


def test_next_start_continues_the_file_and_reads_only_its_own_tail(folder):
    for number in (1, 2):
        with open_log_file(folder, "bot") as log:
            log.write(b"start %d\n" % number)
            assert log.read_tail() == f"start {number}"

    assert (folder.logs_dir / "bot.log").read_text() == "start 1\nstart 2\n"


def test_full_file_is_rotated_while_it_is_written_and_four_are_kept(folder):
    with open_log_file(folder, "bot") as log:
        for _ in range(100):
            log.write(LINE)
    full = 10 * len(LINE)
    assert list_sizes(folder) == {"bot.log": full, **{f"bot.log.{number}": full for number in range(1, 5)}}


def test_file_that_an_engine_writes_is_rotated_and_written_on(folder):
    with open_log_file(folder, "postgres") as log:
        for number in range(11):
            os.write(log.descriptor, b"%09d\n" % number)
        rotate_open_file(folder, "postgres")
        os.write(log.descriptor, b"continued\n")
        assert log.read_tail() == "continued"
        rotate_open_file(folder, "postgres")
    assert (folder.logs_dir / "postgres.log").read_text() == "continued\n"
    assert (folder.logs_dir / "postgres.log.1").read_text().splitlines()[-1] == "000000010"
    assert "postgres.log.2" not in list_sizes(folder)


def test_only_the_owner_can_read_log_files(folder):
    path = folder.logs_dir / "bot.log"
    path.write_bytes(LINE * 10)
    path.chmod(0o644)
    with open_log_file(folder, "bot") as log:
        log.write(LINE)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.logs_dir.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.logs_dir.stat().st_mode) == 0o700
