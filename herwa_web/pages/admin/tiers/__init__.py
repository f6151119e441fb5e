"""The editor of tiers in the operator's panel."""
