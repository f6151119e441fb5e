"""PostgreSQL and the ClickHouse engine started from wheels, in the data folder, for whoever holds a lease on them."""

from herwa_shared.embedded.engine_manager import EngineLease, EngineState, StoreUrls, engine_states, lease_engines

__all__ = ["EngineLease", "EngineState", "StoreUrls", "engine_states", "lease_engines"]
