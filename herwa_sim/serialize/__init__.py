"""Serialization of entities to the JSON of Discord's API v10.

No other package contains Discord's JSON.
"""
