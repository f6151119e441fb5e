"""Embedded PostgreSQL, ClickHouse and Redis, started from wheels in the data folder.

A process that needs them holds a lease (`lease_engines`).
"""

from herwa_shared.embedded.engine_manager import (
    EngineLease,
    EngineStatus,
    StoreUrls,
    is_leased,
    lease_engines,
    list_engines,
    rotate_engine_logs,
)

__all__ = [
    "EngineLease",
    "EngineStatus",
    "StoreUrls",
    "is_leased",
    "lease_engines",
    "list_engines",
    "rotate_engine_logs",
]
