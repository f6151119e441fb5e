"""chDB's configuration file: memory limits, logs off.

The file is passed by path, so that chDB does not search for another one.
"""

from pathlib import Path

import psutil

_MEMORY_FRACTION = 0.4
_MAX_MEMORY_BYTES = 4 << 30
_CGROUP_LIMIT_FILE = Path("/sys/fs/cgroup/memory.max")
_CONFIG_TEMPLATE = """<clickhouse>
    <max_server_memory_usage>{memory}</max_server_memory_usage>
    <mark_cache_size>{marks}</mark_cache_size>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <logger><level>none</level></logger>
    <query_log remove="1"/>
    <query_thread_log remove="1"/>
    <part_log remove="1"/>
</clickhouse>
"""


def write_config_file(home: Path) -> Path:
    """Write `<home>/config.xml` with limits for this machine. Returns its path."""
    memory = compute_memory_limit(_get_available_memory())
    path = home / "config.xml"
    path.write_text(_CONFIG_TEMPLATE.format(memory=memory, marks=memory // 16))
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
