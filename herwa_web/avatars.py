"""Fallback for servers and users without a picture: a color derived from the id, an initial."""


def get_hue(id_: int) -> int:
    """Return a hue, 0 to 359 degrees, that is always the same for the same snowflake.

    The shift drops the low 22 bits of the snowflake (worker and increment) and keeps its time.
    """
    return (id_ >> 22) * 137 % 360


def get_initial(name: str) -> str:
    """Return the first letter or digit of a name, uppercase; `#` if it has none."""
    return next((character.upper() for character in name if character.isalnum()), "#")
