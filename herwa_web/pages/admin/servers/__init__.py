"""The list of servers in the operator's panel."""
