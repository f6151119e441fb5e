"""One server in the operator's panel."""
