"""Features in the operator's panel: kill switches and lowest tiers."""
