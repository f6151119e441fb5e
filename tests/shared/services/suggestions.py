"""The beginning of a message about an unknown name."""

from herwa_shared.services import texts


def expect_suggestion(kind: str, name: str, suggestion: str) -> str:
    """Return the beginning of the message for an unknown name whose first suggestion is `suggestion`."""
    return texts.format_unknown_name(kind, name, [suggestion]).removesuffix("?")
