"""The health page of the operator's panel."""
