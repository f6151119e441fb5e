"""PostgreSQL and the ClickHouse engine started from wheels, in the data folder, for whoever holds a lease on them."""

from herwa_shared.embedded.engine_manager import EngineLease, EngineStatus, StoreUrls, lease_engines, list_engines

__all__ = ["EngineLease", "EngineStatus", "StoreUrls", "lease_engines", "list_engines"]
