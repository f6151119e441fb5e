"""Every guild's policy in this process's memory, in force within a second of its change."""

from herwa_shared.policy_cache.cache import PolicyAway, PolicyCache

__all__ = ["PolicyAway", "PolicyCache"]
