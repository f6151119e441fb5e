"""Cache of the results of questions about a guild's statistics."""
