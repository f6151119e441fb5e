"""A loopback HTTP server around chDB.

It implements the part of ClickHouse's HTTP protocol that unmodified ClickHouse clients need.
"""
