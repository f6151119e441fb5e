"""Tests of the local Discord against discord.py and Discord's own API documents."""
