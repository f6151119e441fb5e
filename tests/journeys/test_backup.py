"""Backup and restore of a complete copy with a real community's history: every number comes back."""

import shutil

import pytest

from tests.support.expected_numbers import HISTORY_FILE, assert_matches, load_windows
from tests.support.running_copy import SCOPE_OPTIONS, GuildApiClient, open_running_copy

WINDOWS = (("2021-05-01", "2021-08-01"), ("2024-02-29", "2024-04-16"))


@pytest.mark.slow
def test_restored_copy_returns_every_number_of_the_backup(tmp_path):
    backup_path = tmp_path / "backup.zip"
    with open_running_copy() as copy:
        copy.start_all()
        for window in WINDOWS:
            guild_id = copy.replay(HISTORY_FILE, "Ethereum R&D", *window)["guild_id"]
        copy.drain()
        copy.check_output("grant", guild_id, "premium", "--reason", "before the backup")
        key = copy.check_output("keys", "create", "--guild", guild_id, "--name", "test", *SCOPE_OPTIONS)
        copy.check_output("backup", str(backup_path))
        copy.replay(HISTORY_FILE, "After the backup", *WINDOWS[1])
        copy.drain()
        assert copy.run_command("restore", str(backup_path)).returncode == 1, "a running copy is not restored"
        copy.stop_all()

        for name in ("postgres", "clickhouse"):
            shutil.rmtree(copy.folder.path / name)
        assert copy.run_command("migrate").returncode == 1, "a start without the databases is refused"
        copy.check_output("restore", str(backup_path))
        copy.start_all()
        api = GuildApiClient(copy.base_url, guild_id, key)
        for window in load_windows():
            assert_matches(api, window)
        assert copy.run_command("audit", "--verify").returncode == 0
        assert "before the backup" in copy.check_output("audit", "--guild", guild_id)
        copy.stop_all()
