"""All texts of the command line that people read, one module per area. Logic modules contain none."""
