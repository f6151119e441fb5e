"""The database cluster, made once: `initdb`, Herwa's role and database, and one door with a password.

All of it happens in a folder that is renamed when it is whole; a kill on the way leaves nothing but rubbish, which the
next attempt removes.
"""

import os
import shutil
import subprocess
from pathlib import Path

from herwa_shared.embedded.engine import Launch
from herwa_shared.embedded.postgres_place import PostgresPlace
from herwa_shared.errors import EngineFailed

ROLE = "herwa"
DATABASE = "herwa"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

# Nothing but Herwa's role, with its password, from this machine. The superuser has no way in but single-user mode.
_PG_HBA = f"host all {ROLE} 127.0.0.1/32 scram-sha-256\n"
_ROLE_AND_DATABASE = """
SET password_encryption = 'scram-sha-256';
CREATE ROLE {role} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {database} OWNER {role};
"""


def create_cluster(place: PostgresPlace, *, password: str) -> None:
    """Make `place.cluster`. Raises EngineFailed with what the programs said."""
    _sweep(place)
    unfinished = place.base / f"cluster.new.{os.getpid()}"
    unfinished.mkdir(mode=0o700)
    if place.account:
        os.chown(unfinished, place.account.uid, place.account.gid)
    at = str(unfinished)
    _run(place, "initdb", "-D", at, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale")
    (unfinished / "pg_hba.conf").write_text(_PG_HBA)
    statements = _ROLE_AND_DATABASE.format(role=ROLE, database=DATABASE, password=password)
    _run(place, "postgres", "--single", "-D", at, "-c", "exit_on_error=on", "postgres", stdin=statements)
    unfinished.rename(place.cluster)
    _flush(place.base)
    _sweep(place)  # once more: an initdb whose starter was killed may have gone on writing for a moment


def _sweep(place: PostgresPlace) -> None:
    for rubbish in place.base.glob("cluster.new.*"):
        shutil.rmtree(rubbish, ignore_errors=True)


def _run(place: PostgresPlace, program: str, *arguments: str, stdin: str = "") -> None:
    launch = Launch((str(place.binaries / program), *arguments), Path("/"), ENVIRONMENT, place.account)
    child = launch.start(output=subprocess.PIPE, own_session=False, stdin=subprocess.PIPE)
    said, _ = child.communicate(stdin.encode())
    if child.returncode != 0:
        raise EngineFailed(f"PostgreSQL could not make its database:\n{said.decode(errors='replace')[-2000:]}")


def _flush(folder: Path) -> None:
    """Let the renaming outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
