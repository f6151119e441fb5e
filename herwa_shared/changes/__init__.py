"""Versions of what processes keep in memory, and their notifications."""
