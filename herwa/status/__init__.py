"""Collect and print the status of a copy."""
