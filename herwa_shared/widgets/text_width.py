"""Estimated widths of texts, which are drawn with fonts of the visitor; texts without control characters."""

import unicodedata

ELLIPSIS = "…"
NARROW, MEDIUM, BROAD = frozenset("iljtfrI.,:;'|!()[] "), 0.57, frozenset("mwMW@%")
NARROW_WIDTH, BROAD_WIDTH, UPPER_WIDTH, WIDE_WIDTH = 0.33, 0.88, 0.68, 1.06
BOLD_FACTOR = 1.06
_REMOVED_CATEGORIES = frozenset(("Cc", "Cs", "Cn", "Co"))
# Marks that change the direction of everything after them.
_DIRECTION_MARKS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)))
_JOINERS = "\u200d\ufe0f\ufe0e"


def clean_text(text: str) -> str:
    """Remove what cannot be drawn or is not allowed in XML: control characters, surrogates, marks of direction."""
    return "".join(
        character
        for character in text
        if unicodedata.category(character) not in _REMOVED_CATEGORIES and character not in _DIRECTION_MARKS
    ).strip()


def estimate_width(text: str, size: float, *, weight: int = 400) -> float:
    """Estimate the width of a line in pixels: a little more than in most fonts."""
    factor = size * (BOLD_FACTOR if weight >= 600 else 1)
    return factor * sum(map(_estimate_character, text))


def fit_text(text: str, size: float, max_width: float, *, weight: int = 400) -> str:
    """Return a text that fits, shortened with an ellipsis if it is too long."""
    text = clean_text(text)
    if estimate_width(text, size, weight=weight) <= max_width:
        return text
    while text and estimate_width(text + ELLIPSIS, size, weight=weight) > max_width:
        text = text[:-1]
    return text.rstrip(_JOINERS).rstrip() + ELLIPSIS


def _estimate_character(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if character in NARROW:
        return NARROW_WIDTH
    if character in BROAD:
        return BROAD_WIDTH
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return WIDE_WIDTH
    return UPPER_WIDTH if character.isupper() or character.isdigit() else MEDIUM
