"""Handlers of raw gateway events."""
