"""Figures that look the same in the browser and in a PNG, and sentences about them."""
