"""The domain: what every process of Herwa shares. It knows none of the rooms that use it."""
