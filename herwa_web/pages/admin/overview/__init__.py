"""The overview of the operator's panel."""
