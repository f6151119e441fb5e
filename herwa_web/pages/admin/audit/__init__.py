"""The operators' audit log."""
