"""The data folder of one copy of Herwa: secrets, ports and locks.

Two copies on one machine differ only in their data folder and in `HERWA_PORT`.
"""

import fcntl
import json
import os
import secrets
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

# Below the ephemeral port range, from which an outgoing connection could take an engine's port.
PORT_RANGE = range(20_000, 32_000)


def is_port_free(port: int) -> bool:
    """Check that nothing listens on this loopback TCP port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class DataFolder:
    """All files of one copy, below `path`. Safe for concurrent use by several processes.

    Other users cannot read it. Under root its group may enter it, not list it: the embedded PostgreSQL runs as another
    user and reaches its cluster through the group.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run_dir = path / "run"
        self.logs_dir = path / "logs"
        self._secrets_path = path / "secrets.json"
        for folder in (path, self.run_dir, self.logs_dir):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _restrict(path, 0o710 if os.geteuid() == 0 else 0o700)
        _restrict(self.run_dir, 0o700)
        _restrict(self.logs_dir, 0o700)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold an exclusive file lock between the processes of this copy. Blocks until it is free.

        The system releases the lock when the holder dies.
        """
        with (self.run_dir / f"{name}.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def get_or_create_secret(self, name: str) -> str:
        """Get the secret of this name (43 characters). It is created at first use and never changes.

        Only the owner of the file can read it.
        """
        with self.lock("secrets"):
            known_secrets = read_json(self._secrets_path)
            if name not in known_secrets:
                known_secrets[name] = secrets.token_urlsafe(32)
                write_json(self._secrets_path, known_secrets)
        return str(known_secrets[name])

    def get_log_key(self) -> str:
        """Return the key with which ids of users become pseudonyms in logs."""
        return self.get_or_create_secret("log_key")

    def read_secrets(self) -> dict[str, str]:
        """Read all secrets by name."""
        return {name: str(value) for name, value in read_json(self._secrets_path).items()}

    def update_secrets(self, new_secrets: Mapping[str, str]) -> None:
        """Replace secrets, for a restore from a backup."""
        with self.lock("secrets"):
            write_json(self._secrets_path, {**read_json(self._secrets_path), **new_secrets})

    def get_or_create_port(self, name: str) -> int:
        """Get the loopback port of `name`. A free port is assigned at first use and stored."""
        with self.lock("ports"):
            known_ports = self.read_ports()
            if name not in known_ports:
                known_ports[name] = _pick_free_port(taken_ports=set(known_ports.values()))
                write_json(self.path / "ports.json", known_ports)
        return known_ports[name]

    def reassign_port(self, name: str) -> int:
        """Assign another free port to `name`, when a foreign program uses the old one."""
        with self.lock("ports"):
            known_ports = self.read_ports()
            known_ports[name] = _pick_free_port(taken_ports=set(known_ports.values()))
            write_json(self.path / "ports.json", known_ports)
        return known_ports[name]

    def read_ports(self) -> dict[str, int]:
        """Read all assigned ports by name."""
        return {name: int(str(port)) for name, port in read_json(self.path / "ports.json").items()}


def _restrict(folder: Path, mode: int) -> None:
    """Remove all permissions beyond `mode`. A folder of another user is left as it is."""
    current_mode = stat.S_IMODE(folder.stat().st_mode)
    if current_mode & ~mode:
        with suppress(PermissionError):
            folder.chmod(current_mode & mode)


def read_json(path: Path) -> dict[str, object]:
    """Read a file that `write_json` has written; empty if it does not exist."""
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}


def write_json(path: Path, content: object) -> None:
    """Write the file atomically, readable by its owner only.

    Readers never see a partial file, and a crash leaves none.
    """
    temp_path = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temp_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=1, sort_keys=True)
    temp_path.replace(path)


def _pick_free_port(*, taken_ports: set[int]) -> int:
    while True:
        port = PORT_RANGE.start + secrets.randbelow(len(PORT_RANGE))
        if port not in taken_ports and is_port_free(port):
            return port
