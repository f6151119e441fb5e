"""Render a figure as PNG with Skia."""
