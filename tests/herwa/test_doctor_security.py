"""`herwa doctor`: encryption at rest, detected from the kernel's files, and the accounts of databases with a URL."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from herwa.doctor.check_result import Severity
from herwa.doctor.disk_encryption import DiskEncryption, EncryptionDetector
from herwa.doctor.security import check_accounts, check_encryption
from herwa.settings_loader import BadSettings, read_settings
from herwa.texts import doctor_security as texts
from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.embedded import lease_engines

ENCRYPTED, NOT_ENCRYPTED, UNKNOWN = DiskEncryption.ENCRYPTED, DiskEncryption.NOT_ENCRYPTED, DiskEncryption.UNKNOWN
DISK, PARTITION, CRYPT, LVM_ON_CRYPT, LVM, RAID, RAID_PARTITION, LOOP = (
    "8:0", "8:1", "253:0", "253:1", "253:2", "9:0", "259:0", "7:0",
)  # fmt: skip


class FakeKernel:
    """Files as in `/proc/self/mountinfo` and `/sys/dev/block`, in a folder of the test."""

    def __init__(self, path: Path) -> None:
        self.data = path / "data dir"
        self.data.mkdir()
        self._mount_info = path / "mountinfo"
        self._devices = path / "block"
        for number in (DISK, CRYPT, LVM_ON_CRYPT, LVM, RAID, LOOP):
            (self._devices / number / "slaves").mkdir(parents=True)
        (self._devices / DISK / "sda1").mkdir()
        (self._devices / DISK / "sda1" / "partition").write_text("1\n")
        (self._devices / PARTITION).symlink_to(self._devices / DISK / "sda1")
        (self._devices / RAID / "md0p1").mkdir()
        (self._devices / RAID / "md0p1" / "partition").write_text("1\n")
        (self._devices / RAID_PARTITION).symlink_to(self._devices / RAID / "md0p1")
        for number, uuid in ((CRYPT, "CRYPT-LUKS2-5f1c-data"), (LVM_ON_CRYPT, "LVM-abc"), (LVM, "LVM-def")):
            (self._devices / number / "dm").mkdir()
            (self._devices / number / "dm" / "uuid").write_text(f"{uuid}\n")
        for number, parts in (
            (CRYPT, [PARTITION]),
            (LVM_ON_CRYPT, [CRYPT]),
            (LVM, [CRYPT, PARTITION]),
            (RAID, [CRYPT]),
        ):
            for part in parts:
                (self._devices / number / "slaves" / part.replace(":", "-")).symlink_to(self._devices / part)

    def mount(self, number: str, *, file_system: str = "ext4", source: str = "/dev/x", at: Path | None = None) -> None:
        mount_point = str(at or self.data).replace(" ", "\\040")
        line = f"36 35 {number} / {mount_point} rw,noatime shared:1 - {file_system} {source} rw\n"
        with self._mount_info.open("a") as file:
            file.write(line)

    def back_loop_device(self, file: Path) -> None:
        (self._devices / LOOP / "loop").mkdir()
        (self._devices / LOOP / "loop" / "backing_file").write_text(f"{file}\n")

    def detect(self) -> DiskEncryption:
        return EncryptionDetector(mount_info=self._mount_info, block_devices=self._devices).detect(self.data)


@pytest.fixture
def kernel(tmp_path) -> FakeKernel:
    return FakeKernel(tmp_path)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (DISK, NOT_ENCRYPTED),
        (PARTITION, NOT_ENCRYPTED),
        (CRYPT, ENCRYPTED),
        (LVM_ON_CRYPT, ENCRYPTED),
        (LVM, NOT_ENCRYPTED),
        (RAID, ENCRYPTED),
        (RAID_PARTITION, ENCRYPTED),
        ("0:52", UNKNOWN),
    ],
)
def test_encryption_of_a_block_device_is_detected(kernel, number, expected):
    kernel.mount(DISK, at=Path("/"))
    kernel.mount(number)
    assert kernel.detect() is expected


@pytest.mark.parametrize(
    ("file_system", "expected"),
    [
        ("ecryptfs", ENCRYPTED),
        ("fuse.gocryptfs", ENCRYPTED),
        ("overlay", UNKNOWN),
        ("nfs4", UNKNOWN),
        ("9p", UNKNOWN),
    ],
)
def test_encryption_of_a_file_system_is_detected(kernel, file_system, expected):
    kernel.mount("0:40", file_system=file_system, source="elsewhere")
    assert kernel.detect() is expected


def test_innermost_mount_decides(kernel):
    kernel.mount(CRYPT, at=kernel.data.parent)
    kernel.mount(DISK)
    assert kernel.detect() is NOT_ENCRYPTED


def test_later_mount_on_the_same_folder_decides(kernel):
    kernel.mount(DISK)
    kernel.mount(CRYPT)
    assert kernel.detect() is ENCRYPTED


def test_loop_device_is_as_encrypted_as_its_file(kernel, tmp_path):
    backing_file = tmp_path / "disk.img"
    backing_file.touch()
    kernel.mount(CRYPT, at=tmp_path)
    kernel.mount(LOOP)
    kernel.back_loop_device(backing_file)
    assert kernel.detect() is ENCRYPTED


@pytest.mark.parametrize(
    ("value", "expected"), [("off", NOT_ENCRYPTED), ("aes-256-gcm", ENCRYPTED), ("-", UNKNOWN), (None, UNKNOWN)]
)
def test_encryption_of_zfs_is_what_zfs_reports(kernel, monkeypatch, value, expected):
    kernel.mount("0:40", file_system="zfs", source="tank/data")
    monkeypatch.setattr(shutil, "which", lambda _: value and "/sbin/zfs")
    result = subprocess.CompletedProcess((), 0, stdout=f"{value}\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: result)
    assert kernel.detect() is expected


def test_missing_kernel_files_mean_unknown(kernel):
    assert kernel.detect() is UNKNOWN


class FixedDetector(EncryptionDetector):
    """A detector with a given result."""

    def __init__(self, result: DiskEncryption) -> None:
        super().__init__()
        self._result = result

    def detect(self, folder: Path) -> DiskEncryption:
        assert folder.exists()
        return self._result


def build_settings(path: Path, *, token: str | None = "token", urls: dict | None = None, **values: object) -> Settings:
    urls = {"DATABASE_URL": None, "DATABASE_OWNER_URL": None, "CLICKHOUSE_URL": None, "CLICKHOUSE_WRITER_URL": None} | (
        urls or {}
    )
    return Settings(
        _env_file=None,
        HERWA_DATA_DIR=path / "data",
        discord=DiscordSettings(_env_file=None, DISCORD_TOKEN=token and SecretStr(token), HERWA_DISCORD_URL=None),
        stores=StoreSettings(_env_file=None, **urls),
        **values,
    )


@pytest.mark.parametrize(
    ("encryption", "severity"),
    [(ENCRYPTED, Severity.OK), (NOT_ENCRYPTED, Severity.ERROR), (UNKNOWN, Severity.WARNING)],
)
def test_data_outside_the_demo_must_be_encrypted(tmp_path, encryption, severity):
    (result,) = check_encryption(build_settings(tmp_path), FixedDetector(encryption))
    assert (result.subject, result.severity) == (texts.SUBJECT_ENCRYPTION, severity)
    assert ("HERWA_ENCRYPTED_AT_REST" in result.fix) is (severity is not Severity.OK)


def test_demo_and_confirmed_encryption_are_fine(tmp_path):
    detector = FixedDetector(NOT_ENCRYPTED)
    for settings in (
        build_settings(tmp_path, token=None),
        build_settings(tmp_path, HERWA_ENCRYPTED_AT_REST=True),
    ):
        assert [result.severity for result in check_encryption(settings, detector)] == [Severity.OK]


def test_databases_on_other_servers_must_be_confirmed(tmp_path):
    urls = {"DATABASE_URL": "postgresql://a@b/c", "CLICKHOUSE_URL": "http://a@b/c"}
    (result,) = check_encryption(build_settings(tmp_path, urls=urls), FixedDetector(ENCRYPTED))
    assert (result.severity, result.fix) == (Severity.WARNING, texts.CONFIRM_OTHER_SERVERS)


async def test_accounts_of_other_servers_must_be_separate_and_restricted(stores, settings, folder, tmp_path):
    with lease_engines(settings, folder) as lease:
        urls = lease.urls
    separate = {
        "DATABASE_URL": urls.database,
        "DATABASE_OWNER_URL": urls.database_owner,
        "CLICKHOUSE_URL": urls.clickhouse,
        "CLICKHOUSE_WRITER_URL": urls.clickhouse_writer,
    }
    single = separate | {"DATABASE_OWNER_URL": None, "CLICKHOUSE_WRITER_URL": None}
    powerful = separate | {"DATABASE_URL": urls.database_owner, "CLICKHOUSE_URL": urls.clickhouse_writer}
    for store_urls, severity in (
        (separate, Severity.OK),
        (single, Severity.WARNING),
        (powerful, Severity.ERROR),
    ):
        results = await check_accounts(build_settings(tmp_path, urls=store_urls))
        assert {result.subject: result.severity for result in results} == {
            texts.SUBJECT_POSTGRESQL_ACCOUNTS: severity,
            texts.SUBJECT_CLICKHOUSE_ACCOUNTS: severity,
        }


async def test_accounts_of_embedded_and_unreachable_databases_are_not_reported(tmp_path, free_tcp_port_url):
    assert await check_accounts(build_settings(tmp_path)) == []
    urls = dict.fromkeys(("DATABASE_URL", "DATABASE_OWNER_URL"), f"postgresql{free_tcp_port_url}")
    urls |= dict.fromkeys(("CLICKHOUSE_URL", "CLICKHOUSE_WRITER_URL"), f"http{free_tcp_port_url}")
    assert await check_accounts(build_settings(tmp_path, urls=urls)) == []


@pytest.fixture
def free_tcp_port_url() -> str:
    """The rest of a URL at which nothing listens."""
    return "://herwa:x@127.0.0.1:9/herwa"


@pytest.mark.parametrize(
    ("name", "first_name"), [("DATABASE_OWNER_URL", "DATABASE_URL"), ("CLICKHOUSE_WRITER_URL", "CLICKHOUSE_URL")]
)
def test_second_account_without_the_first_is_refused(tmp_path, monkeypatch, name, first_name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(first_name, raising=False)
    monkeypatch.setenv(name, "postgresql://owner:canary@db.example/herwa")
    with pytest.raises(BadSettings) as refusal:
        read_settings()
    assert (name in str(refusal.value), first_name in str(refusal.value)) == (True, True)
    assert "canary" not in str(refusal.value)
