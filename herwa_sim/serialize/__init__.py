"""The one place that knows Discord's JSON: entities in, dicts as Discord v10 sends them out."""
