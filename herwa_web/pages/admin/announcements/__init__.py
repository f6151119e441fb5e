"""Announcements in the operator's panel."""
