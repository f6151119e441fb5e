"""`herwa backup` and `herwa restore` on a running copy; `tests/journeys` restores one."""

import pytest

from herwa.texts import backup as texts
from herwa_shared.backup.archive import open_archive


@pytest.mark.slow
def test_running_copy_is_backed_up_to_a_new_file_in_the_data_folder(copy):
    output = copy.check_output("backup")
    (path,) = (copy.folder.path / "backups").glob("backup-*.zip")
    assert str(path) in output
    with open_archive(path) as (_, manifest):
        assert manifest.postgresql_tables["process"].rows > 0
    assert copy.get_status()["healthy"]


def test_backup_overwrites_no_file(copy, tmp_path):
    path = tmp_path / "existing.zip"
    path.write_text("keep me")
    result = copy.run_command("backup", str(path))
    assert (result.returncode, result.stderr.strip()) == (1, texts.format_file_exists(path))
    assert path.read_text() == "keep me"


@pytest.mark.slow
def test_running_copy_is_not_restored(copy, tmp_path):
    path = tmp_path / "backup.zip"
    copy.check_output("backup", str(path))
    result = copy.run_command("restore", str(path))
    assert (result.returncode, result.stderr.strip()) == (1, texts.COPY_RUNNING)
    assert copy.get_status()["healthy"]
