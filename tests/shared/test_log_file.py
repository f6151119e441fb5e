"""Log files: each start continues the file, unless it is too large; the tail begins at the start."""

import os

from herwa_shared.runtime import log_file
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.log_file import open_log_file


def test_next_start_continues_the_file_and_reads_only_its_own_tail(tmp_path):
    folder = DataFolder(tmp_path)
    for number in (1, 2):
        with open_log_file(folder, "bot") as log:
            log.write(b"start %d\n" % number)
            assert log.read_tail() == f"start {number}"

    assert (folder.logs_dir / "bot.log").read_text() == "start 1\nstart 2\n"


def test_file_above_the_limit_is_renamed_at_the_next_start(tmp_path):
    folder = DataFolder(tmp_path)
    for number in (1, 2):
        os.truncate(_touch(folder), log_file.MAX_LOG_BYTES + number)
        with open_log_file(folder, "bot") as log:
            log.write(b"new\n")

        assert (folder.logs_dir / "bot.log").read_text() == "new\n"
        assert (folder.logs_dir / "bot.log.1").stat().st_size == log_file.MAX_LOG_BYTES + number


def _touch(folder: DataFolder) -> str:
    path = folder.logs_dir / "bot.log"
    path.touch()
    return str(path)
