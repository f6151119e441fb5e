"""The local Discord, held to what discord.py and Discord's own document expect of it."""
