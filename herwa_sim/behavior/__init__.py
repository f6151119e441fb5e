"""People who live: what a server of theirs is like, when they are awake, what they did before, and what they do now."""
