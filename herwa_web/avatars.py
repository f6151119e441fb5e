"""What stands for a server or a person who has no picture: a colour that stays with the id, and a letter."""


def get_hue(id_: int) -> int:
    """A hue, 0 to 359."""
    return (id_ >> 22) * 137 % 360


def get_initial(name: str) -> str:
    """The first letter of a name, in capitals."""
    return next((character.upper() for character in name if character.isalnum()), "#")
