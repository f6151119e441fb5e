"""The system user that PostgreSQL runs as when Herwa runs as root: PostgreSQL refuses to run as root.

It is a user of its own, created at the first start. Where no user can be created, for example on a read-only file
system, it is `nobody`, whose other processes could then read the cluster.
"""

import fcntl
import pwd
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from herwa_shared.embedded.engine import SystemAccount

ACCOUNT_NAME = "herwa-postgres"
FALLBACK_NAME = "nobody"
_CREATE_ARGUMENTS = ("--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin")
_TIMEOUT_SECONDS = 10


def find_account() -> SystemAccount:
    """Find the user that PostgreSQL runs as."""
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        entry = pwd.getpwnam(FALLBACK_NAME)
    return SystemAccount(entry.pw_uid, entry.pw_gid)


def create_account() -> None:
    """Create the user if it is missing and the system allows it. Needs root.

    One process at a time: `useradd` checks the name before it locks the user database, so of several that run at once
    each replaces the user of the one before by a user with another id.
    """
    program = shutil.which("useradd")
    if program is None or _exists():
        return
    with Path(program).open("rb") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)  # released when the file is closed
        if _exists():
            return
        command = (program, *_CREATE_ARGUMENTS, ACCOUNT_NAME)
        with suppress(subprocess.TimeoutExpired):  # a failure is no error: FALLBACK_NAME is used
            subprocess.run(command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)


def _exists() -> bool:
    try:
        pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return False
    return True
