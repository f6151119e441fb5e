"""The policy of every guild in the memory of a process, updated within a second of a change."""
