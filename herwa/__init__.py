"""The front door: one command for people, which starts the rooms by name and knows none of them from inside."""
