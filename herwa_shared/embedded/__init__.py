"""PostgreSQL and the ClickHouse engine started from wheels, in the data folder, for whoever holds a lease on them."""

from herwa_shared.embedded.lease import EngineLease, StoreUrls, lease_engines
from herwa_shared.embedded.states import EngineState, engine_states

__all__ = ["EngineLease", "EngineState", "StoreUrls", "engine_states", "lease_engines"]
