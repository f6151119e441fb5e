"""Start, watch and restart the processes of one copy."""
