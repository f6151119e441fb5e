"""Pure functions that turn gateway payloads into activity events."""
