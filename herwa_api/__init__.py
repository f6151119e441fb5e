"""The machine face: a guild's statistics for programs, over HTTP."""
