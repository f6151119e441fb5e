"""Collector: gateway events → activity events → event buffer. No event handler awaits I/O."""
