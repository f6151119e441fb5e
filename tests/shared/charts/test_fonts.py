"""Names in every script are drawn, or said to be missing."""

import pytest
import skia

from herwa_shared.charts.render.fonts import SCRIPTS, font_book, missing_scripts
from herwa_shared.charts.render.text import ELLIPSIS, Font, Typesetter

FONT = Font(24, "#ffffff")
TOFU = "\U0010fffd"


def ink(text: str, *, system_fonts: bool) -> bytes:
    """What this text leaves on a black ground."""
    surface = skia.Surface(400, 60)
    Typesetter(surface.getCanvas(), font_book(system_fonts=system_fonts)).draw(text, FONT, 4, 4)
    return surface.makeImageSnapshot().tobytes()


@pytest.mark.parametrize("system_fonts", [True, False])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_drawn_or_said_to_be_missing(script, system_fonts):
    sample = SCRIPTS[script]
    boxes = ink(TOFU * len(sample), system_fonts=system_fonts)

    assert any(boxes)
    if script not in missing_scripts(system_fonts=system_fonts):
        assert ink(sample, system_fonts=system_fonts) not in {boxes, ink("", system_fonts=system_fonts)}


def test_latin_cyrillic_and_greek_come_along_and_the_rest_is_named_without_system_fonts():
    missing = missing_scripts(system_fonts=False)

    assert not {"Latin", "Cyrillic", "Greek"} & set(missing)
    assert {"Japanese", "Arabic", "emoji"} <= set(missing)


def test_two_letters_of_a_drawn_script_look_different():
    drawable = set(SCRIPTS) - set(missing_scripts())
    words = [SCRIPTS[script] for script in drawable]

    assert len({ink(word, system_fonts=True) for word in words}) == len(words)


@pytest.mark.parametrize("text", ["Tavern " * 30, "日本語" * 40, "👩‍👩‍👧" * 40, "مجتمع " * 40])
def test_a_text_is_cut_to_its_room(text):
    surface = skia.Surface(400, 60)
    typesetter = Typesetter(surface.getCanvas(), font_book())
    typesetter.draw(text, FONT, 0, 0, room=120)

    pixels = surface.makeImageSnapshot().toarray()
    assert pixels[:, 124:].max() == 0
    assert pixels[:, :120].max() > 0


def test_a_text_that_fits_is_whole():
    surface = skia.Surface(400, 60)
    typesetter = Typesetter(surface.getCanvas(), font_book())

    assert typesetter.width("Tavern", FONT) < typesetter.width("Tavern" + ELLIPSIS, FONT)
