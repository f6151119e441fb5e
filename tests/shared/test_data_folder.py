"""The data folder: other users can read none of it."""

import os
import stat

import pytest

from herwa_shared.runtime.data_dir import DataFolder

OWN_MODE = 0o710 if os.geteuid() == 0 else 0o700


def get_mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode_before", [None, 0o755, 0o777])
def test_other_users_cannot_read_the_folders(tmp_path, mode_before):
    path = tmp_path / "data"
    if mode_before is not None:
        for folder in (path, path / "run", path / "logs"):
            folder.mkdir()
            folder.chmod(mode_before)
    data_folder = DataFolder(path)
    assert get_mode(path) in (OWN_MODE, 0o700)
    assert (get_mode(data_folder.run_dir), get_mode(data_folder.logs_dir)) == (0o700, 0o700)


def test_stricter_permissions_are_kept(tmp_path):
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    DataFolder(path)
    assert get_mode(path) == 0o700


def test_secrets_and_ports_are_readable_by_their_owner_only(tmp_path):
    umask_before = os.umask(0)
    try:
        folder = DataFolder(tmp_path / "data")
        folder.get_or_create_secret("any")
        folder.get_or_create_port("any")
    finally:
        os.umask(umask_before)
    assert {get_mode(folder.path / name) for name in ("secrets.json", "ports.json")} == {0o600}
