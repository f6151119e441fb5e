"""Detect whether a folder is on an encrypted volume or in an encrypted file system.

Linux only, and only what this machine can see. A provider that encrypts the disks of a virtual machine is invisible.
"""

import fcntl
import os
import re
import shutil
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ENCRYPTED_FILE_SYSTEMS = frozenset({"ecryptfs", "fuse.cryfs", "fuse.encfs", "fuse.gocryptfs", "fuse.securefs"})
_FS_IOC_GETFLAGS = 0x80086601  # Linux, include/uapi/linux/fs.h
_FS_ENCRYPT_FL = 0x00000800
_ZFS_TIMEOUT_SECONDS = 5
_CRYPT_PREFIX = "CRYPT-"  # of the UUID that dm-crypt gives its devices
_ESCAPE = re.compile(r"\\([0-7]{3})")


class DiskEncryption(StrEnum):
    """What could be found out about a folder."""

    ENCRYPTED = "encrypted"
    NOT_ENCRYPTED = "not_encrypted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system. `device_number` is `major:minor`."""

    device_number: str
    mount_point: Path
    file_system: str
    source: str


class EncryptionDetector:
    """Reads what the kernel says about mounts and block devices. The paths are those of Linux, except in tests."""

    def __init__(
        self,
        *,
        mount_info: Path = Path("/proc/self/mountinfo"),
        block_devices: Path = Path("/sys/dev/block"),
    ) -> None:
        self._mount_info = mount_info
        self._block_devices = block_devices

    def detect(self, folder: Path) -> DiskEncryption:
        """Detect whether the folder is encrypted. It exists."""
        path = folder.resolve()
        if _has_encryption_flag(path):
            return DiskEncryption.ENCRYPTED
        mount = self._find_mount(path)
        if mount is None:
            return DiskEncryption.UNKNOWN
        if mount.file_system in ENCRYPTED_FILE_SYSTEMS:
            return DiskEncryption.ENCRYPTED
        if mount.file_system == "zfs":
            return _detect_zfs(mount.source)
        device = self._find_device(mount)
        return DiskEncryption.UNKNOWN if device is None else self._detect_device(device)

    def _find_mount(self, path: Path) -> Mount | None:
        """Find the mount that contains the path: the one with the longest mount point, of equal ones the last."""
        try:
            lines = self._mount_info.read_text().splitlines()
        except OSError:
            return None
        mounts = [_parse_mount(line) for line in lines]
        candidates = [mount for mount in mounts if path.is_relative_to(mount.mount_point)]
        return max(reversed(candidates), key=lambda mount: len(mount.mount_point.parts), default=None)

    def _find_device(self, mount: Mount) -> Path | None:
        """Find the block device; None for file systems without one, such as overlays and network file systems."""
        number = mount.device_number
        if number.startswith("0:") and mount.source.startswith("/dev/"):  # for example btrfs
            with suppress(OSError):
                device_number = Path(mount.source).stat().st_rdev
                number = f"{os.major(device_number)}:{os.minor(device_number)}"
        device = self._block_devices / number
        return device if device.exists() else None

    def _detect_device(self, device: Path) -> DiskEncryption:
        """Detect whether the device, or everything that it consists of, is encrypted by dm-crypt."""
        if _read_line(device / "dm" / "uuid").startswith(_CRYPT_PREFIX):
            return DiskEncryption.ENCRYPTED
        if backing_file := _read_line(device / "loop" / "backing_file"):
            return self.detect(Path(backing_file)) if Path(backing_file).exists() else DiskEncryption.UNKNOWN
        if (device / "partition").exists():
            return self._detect_device(device.resolve().parent)
        slaves = device / "slaves"
        parts = [self._detect_device(slave) for slave in slaves.iterdir()] if slaves.is_dir() else []
        if not parts or DiskEncryption.NOT_ENCRYPTED in parts:
            return DiskEncryption.NOT_ENCRYPTED
        return DiskEncryption.UNKNOWN if DiskEncryption.UNKNOWN in parts else DiskEncryption.ENCRYPTED


def _parse_mount(line: str) -> Mount:
    """Parse a line of `mountinfo`: `36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw`."""
    fields, _, details = line.partition(" - ")
    _, _, device_number, _, mount_point, *_ = fields.split(" ")
    file_system, source, *_ = details.split(" ")
    return Mount(device_number, Path(_unescape(mount_point)), file_system, _unescape(source))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), text)


def _has_encryption_flag(path: Path) -> bool:
    """Check for fscrypt, the encryption of single directories by ext4, F2FS and UBIFS."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        flags = fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, struct.pack("l", 0))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return bool(struct.unpack("l", flags)[0] & _FS_ENCRYPT_FL)


def _detect_zfs(dataset: str) -> DiskEncryption:
    program = shutil.which("zfs")
    if program is None:
        return DiskEncryption.UNKNOWN
    try:
        result = subprocess.run(
            (program, "get", "-H", "-o", "value", "encryption", dataset),
            capture_output=True,
            text=True,
            timeout=_ZFS_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return DiskEncryption.UNKNOWN
    value = result.stdout.strip()
    if result.returncode != 0 or value in ("", "-"):
        return DiskEncryption.UNKNOWN
    return DiskEncryption.NOT_ENCRYPTED if value == "off" else DiskEncryption.ENCRYPTED


def _read_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
