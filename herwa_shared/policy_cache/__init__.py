"""In-memory cache of guild policies, updated in every process within a second of a change."""
