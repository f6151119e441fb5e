"""What stands for a server or a person who has no picture: a colour that stays with the id, and a letter."""


def hue_of(id_: int) -> int:
    """A hue, 0 to 359."""
    return (id_ >> 22) * 137 % 360


def initial_of(name: str) -> str:
    """The first letter of a name, in capitals."""
    return next((mark.upper() for mark in name if mark.isalnum()), "#")
