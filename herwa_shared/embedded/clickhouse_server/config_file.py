"""chDB's configuration files: memory limits, logs off, and the privileges of its only user.

The files are passed by path, so that chDB does not search for others.
"""

from pathlib import Path
from xml.sax.saxutils import escape

import psutil

_MEMORY_FRACTION = 0.4
_MAX_MEMORY_BYTES = 4 << 30
_CGROUP_LIMIT_FILE = Path("/sys/fs/cgroup/memory.max")
_CONFIG_TEMPLATE = """<clickhouse>
    <max_server_memory_usage>{memory}</max_server_memory_usage>
    <mark_cache_size>{marks}</mark_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <logger><level>none</level></logger>
    <users_config>{users}</users_config>
</clickhouse>
"""
# What queries, inserts and migrations need. No privilege on sources (READ, WRITE ON FILE, URL, S3, REMOTE, …), backups,
# users or functions.
_PRIVILEGES = (
    "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE, OPTIMIZE ON *.*",
    "KILL QUERY ON *.*",
    *(f"TABLE ENGINE ON {engine}" for engine in ("MergeTree", "AggregatingMergeTree", "SummingMergeTree")),
)
_USERS_TEMPLATE = """<clickhouse>
    <profiles><default><log_queries>0</log_queries></default></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password/>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants>{grants}</grants>
        </default>
    </users>
</clickhouse>
"""


def write_config_file(home: Path) -> Path:
    """Write `<home>/config.xml` with limits for this machine, and `users.xml` beside it. Returns the former's path."""
    memory = compute_memory_limit(_get_available_memory())
    users_path = home / "users.xml"
    grants = "".join(f"<query>GRANT {privilege}</query>" for privilege in _PRIVILEGES)
    users_path.write_text(_USERS_TEMPLATE.format(grants=grants))
    path = home / "config.xml"
    path.write_text(_CONFIG_TEMPLATE.format(memory=memory, marks=memory // 16, users=escape(str(users_path))))
    return path


def compute_memory_limit(available: int) -> int:
    """Compute the engine's memory limit in bytes: 40 % of the available memory, at most 4 GiB."""
    return min(int(available * _MEMORY_FRACTION), _MAX_MEMORY_BYTES)


def _get_available_memory() -> int:
    """Get the memory of the machine in bytes, or the limit of its container if that is lower."""
    total = psutil.virtual_memory().total
    try:
        return min(total, int(_CGROUP_LIMIT_FILE.read_text()))
    except (OSError, ValueError):
        return total
