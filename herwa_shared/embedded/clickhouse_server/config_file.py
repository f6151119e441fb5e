"""The engine's own configuration: how much memory it may take. Given by name, so that it looks for no other."""

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
    """Write `<home>/config.xml` anew, fitted to this machine; its path."""
    memory = compute_memory_limit(_get_available_memory())
    path = home / "config.xml"
    path.write_text(_CONFIG_TEMPLATE.format(memory=memory, marks=memory // 16))
    return path


def compute_memory_limit(available: int) -> int:
    """The bytes that the engine may use of so many: two fifths, at most 4 GiB."""
    return min(int(available * _MEMORY_FRACTION), _MAX_MEMORY_BYTES)


def _get_available_memory() -> int:
    """The machine's memory, or the container's where that is less."""
    total = psutil.virtual_memory().total
    try:
        return min(total, int(_CGROUP_LIMIT_FILE.read_text()))
    except (OSError, ValueError):
        return total
