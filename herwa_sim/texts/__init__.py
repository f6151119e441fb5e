"""All texts of the local Discord that people read, one module per area. Logic modules contain none."""
