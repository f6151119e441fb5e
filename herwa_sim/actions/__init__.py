"""Actions: every change of the world, one noun per module.

Each action changes the world and publishes the events that Discord would send.
"""
