"""Exports page."""
