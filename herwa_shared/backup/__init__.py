"""Backups of both databases: one file per backup, independent of the versions of the databases."""
