"""Handlers of gateway events."""
