"""Widgets: their numbers, and how they are drawn as SVG, PNG, HTML and JSON."""
