"""Texts of the features in the operator's panel."""

LEAD = "Turn a feature off in all servers at once, and choose the lowest tier that includes it."
SWITCH_OFF, SWITCH_ON = "Turn off everywhere", "Turn on again"
OFF = "off everywhere"
WHY, WHY_HINT = "Why? People see this where they miss the feature.", "Voice statistics are being repaired."
LOWEST_TIER = "Lowest tier"
MOVE = "Change tier"
IN_NO_TIER = "in no tier"
SWITCHED_OFF, SWITCHED_ON, MOVED = "The feature is off.", "The feature is on again.", "Lowest tier saved."
ESSENTIAL = "always on"
SHOW_EFFECT, SAVE = "Show effect", "Save"
NO_EFFECT = "No server gains or loses anything."


def format_switch(reason: str, by: str, moment: str) -> str:
    """Describe an active kill switch."""
    return f"{reason} ({by}, {moment})"


def format_tier(title: str) -> str:
    """Name the lowest tier of a feature."""
    return f"from {title}"
