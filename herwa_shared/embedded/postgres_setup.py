"""Creation of the embedded PostgreSQL's cluster, and its accounts.

Two accounts can log in, with passwords and from this machine only: the owner, who migrates, and the account for daily
work, whose privileges are granted by `database_privileges`. The superuser can connect in single-user mode only.

Creation happens in a temporary directory that is renamed when complete. A kill in between leaves only temporary files,
which the next attempt removes.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from herwa_shared.embedded.engine import LaunchSpec, SystemAccount
from herwa_shared.embedded.postgres_installation import PostgresInstallation
from herwa_shared.errors import EngineFailure

OWNER_ROLE = "herwa_owner"
APP_ROLE = "herwa"
DATABASE = "herwa"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

_PG_HBA = "".join(f"host all {role} 127.0.0.1/32 scram-sha-256\n" for role in (APP_ROLE, OWNER_ROLE))
# In single-user mode a line is a statement.
_CREATE_SQL = f"""
CREATE ROLE {OWNER_ROLE};
CREATE ROLE {APP_ROLE};
CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE};
"""
# Clusters of older versions have one role for everything. It becomes the owner, and keeps what it owns.
_SPLIT_ROLE_SQL = f"""
DO $$ BEGIN \
IF to_regrole('{OWNER_ROLE}') IS NULL THEN ALTER ROLE {APP_ROLE} RENAME TO {OWNER_ROLE}; END IF; \
IF to_regrole('{APP_ROLE}') IS NULL THEN CREATE ROLE {APP_ROLE}; END IF; \
END $$;
"""
_SET_PASSWORDS_SQL = f"""
SET password_encryption = 'scram-sha-256';
ALTER ROLE {OWNER_ROLE} LOGIN CREATEDB PASSWORD '{{owner}}';
ALTER ROLE {APP_ROLE} LOGIN NOCREATEDB PASSWORD '{{app}}';
"""


@dataclass(frozen=True, slots=True)
class RolePasswords:
    """The passwords of the two accounts."""

    owner: str = field(repr=False)
    app: str = field(repr=False)


def create_cluster(installation: PostgresInstallation, passwords: RolePasswords) -> None:
    """Create the cluster. Raises EngineFailure with the output of PostgreSQL's programs."""
    _remove_leftovers(installation)
    temp_cluster = installation.base / f"cluster.new.{os.getpid()}"
    temp_cluster.mkdir(mode=0o700)
    if installation.account:
        os.chown(temp_cluster, installation.account.uid, installation.account.gid)
    _run_program(
        installation,
        "initdb",
        *("-D", str(temp_cluster), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"),
    )
    (temp_cluster / "pg_hba.conf").write_text(_PG_HBA)
    _run_as_superuser(installation, temp_cluster, _CREATE_SQL + _format_passwords(passwords))
    temp_cluster.rename(installation.cluster)
    _fsync_dir(installation.base)
    # A second time, because an initdb whose parent process was killed may have continued to write for a moment.
    _remove_leftovers(installation)


def update_cluster(installation: PostgresInstallation, passwords: RolePasswords) -> None:
    """Give a cluster of an older version its accounts, and its files to the current system user.

    The server must not be running. Idempotent: `pg_hba.conf` is written last, and marks an updated cluster.
    """
    if installation.account:
        _change_owner(installation.cluster, installation.account)
    hba_path = installation.cluster / "pg_hba.conf"
    if hba_path.read_text() == _PG_HBA:
        return
    _run_as_superuser(installation, installation.cluster, _SPLIT_ROLE_SQL + _format_passwords(passwords))
    temp_path = hba_path.with_name("pg_hba.conf.new")
    temp_path.write_text(_PG_HBA)
    if installation.account:
        os.chown(temp_path, installation.account.uid, installation.account.gid)
    temp_path.replace(hba_path)
    _fsync_dir(installation.cluster)


def _format_passwords(passwords: RolePasswords) -> str:
    return _SET_PASSWORDS_SQL.format(owner=passwords.owner, app=passwords.app)


def _run_as_superuser(installation: PostgresInstallation, cluster: Path, statements: str) -> None:
    _run_program(
        installation, "postgres", "--single", "-D", str(cluster), "-c", "exit_on_error=on", "postgres", stdin=statements
    )


def _run_program(installation: PostgresInstallation, program: str, *arguments: str, stdin: str = "") -> None:
    launch = LaunchSpec(
        (str(installation.binaries / program), *arguments), Path("/"), ENVIRONMENT, installation.account
    )
    process = launch.start(output=subprocess.PIPE, new_session=False, stdin=subprocess.PIPE)
    output, _ = process.communicate(stdin.encode())
    if process.returncode != 0:
        raise EngineFailure(f"PostgreSQL couldn't create its database:\n{output.decode(errors='replace')[-2000:]}")


def _change_owner(cluster: Path, account: SystemAccount) -> None:
    """Give all files of a cluster to a system user. The directory itself is last: it marks a complete change."""
    if cluster.stat().st_uid == account.uid:
        return
    for path in (*cluster.rglob("*"), cluster):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _remove_leftovers(installation: PostgresInstallation) -> None:
    for leftover in installation.base.glob("cluster.new.*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _fsync_dir(folder: Path) -> None:
    """Flush a directory to disk, so that a rename in it survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
