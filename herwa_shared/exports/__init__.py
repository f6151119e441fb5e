"""Exports of a guild's history: one ZIP file, written part by part by the worker."""
