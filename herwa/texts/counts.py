"""Numbers with their noun."""


def format_count(count: int, noun: str, plural: str | None = None) -> str:
    """Format a number with its noun, in the singular or plural."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
