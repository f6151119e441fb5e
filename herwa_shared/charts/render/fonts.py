"""Which fonts draw which marks: Inter from its wheel first, then other font wheels, then the fonts of the system."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from herwa_shared.charts.render.skia_loader import load_skia

MEND = "apt-get install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"

LATIN = "Inter"
WEIGHTS = (400, 600)

SCRIPTS = {
    "Latin": "Ag",
    "Cyrillic": "Жд",
    "Greek": "Ωλ",
    "Arabic": "سلام",
    "Hebrew": "שלום",
    "Hindi": "हिन्दी",
    "Bengali": "বাংলা",
    "Tamil": "தமிழ்",
    "Thai": "ไทย",
    "Japanese": "日本語ひらカナ",
    "Chinese": "汉语漢語",
    "Korean": "한국어",
    "emoji": "🎉👋🏽",
}
"""A sample of each script that names are likely to be written in."""

PREFERRED = ("Noto Sans Arabic", "Noto Sans Hebrew")
"""Asked before the system chooses: it would take a face that looks out of place beside Inter."""

_WEIGHT_AXIS = int.from_bytes(b"wght", "big")
_INVISIBLE = frozenset(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u00ad\u034f"))


class FontBook:
    """The typefaces known so far. It looks for another one whenever a text has a mark that none of them has."""

    def __init__(self, *, system_fonts: bool = True) -> None:
        skia = load_skia()
        self._skia = skia
        with _unheard():
            self._system = skia.FontMgr.RefDefault() if system_fonts else skia.FontMgr.New_Custom_Empty()
        self._provider = skia.textlayout.TypefaceFontProvider()
        self._faces: dict[str, Any] = {}
        self._seen: set[int] = set()
        self._missing: set[int] = set()
        for path in _bundled():
            self._add_file(path)
        self.collection = skia.textlayout.FontCollection()
        self.collection.setDefaultFontManager(self._provider, LATIN)

    def families(self, text: str) -> list[str]:
        """The families to try for this text, in order. New ones are looked up first."""
        for mark in {ord(mark) for mark in text} - self._seen:
            self._seen.add(mark)
            if not self._covers(mark) and not self._find(mark):
                self._missing.add(mark)
        return list(self._faces)

    def lacks(self, text: str) -> bool:
        """Whether a mark of this text would be drawn as an empty box."""
        self.families(text)
        return any(ord(mark) in self._missing for mark in text)

    def _covers(self, mark: int) -> bool:
        blank = mark in _INVISIBLE or chr(mark).isspace()
        return blank or any(face.unicharToGlyph(mark) for face in self._faces.values())

    def _find(self, mark: int) -> bool:
        """Ask the system for this mark, in every weight that we write in."""
        found = False
        for weight in WEIGHTS:
            style = self._skia.FontStyle(weight, 5, self._skia.FontStyle.kUpright_Slant)
            liked = (self._system.matchFamilyStyle(family, style) for family in PREFERRED)
            chosen = self._system.matchFamilyStyleCharacter(LATIN, style, ["ja"], mark)
            face = next((face for face in (*liked, chosen) if face is not None and face.unicharToGlyph(mark)), None)
            if face is not None:
                self._add(f"{face.getFamilyName()} of the system", face)
                found = True
        return found

    def _add_file(self, path: Path) -> None:
        face = self._skia.Typeface.MakeFromFile(str(path))
        if face is None:
            return
        if any(axis.tag == _WEIGHT_AXIS for axis in face.getVariationDesignParameters()):
            for weight in WEIGHTS:
                self._add(face.getFamilyName(), _at_weight(self._skia, face, weight))
        else:
            self._add(face.getFamilyName(), face)

    def _add(self, family: str, face: Any) -> None:
        self._provider.registerTypeface(face, family)
        self._faces.setdefault(family, face)


@contextmanager
def _unheard() -> Iterator[None]:
    """Skia's own fontconfig is older than many a system's settings, and complains of words that it does not know."""
    sys.stderr.flush()
    heard, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        os.close(nowhere)


@cache
def font_book(*, system_fonts: bool = True) -> FontBook:
    """The book of this process. It is not safe to use from two threads at once: the painter takes turns."""
    return FontBook(system_fonts=system_fonts)


def missing_scripts(*, system_fonts: bool = True) -> list[str]:
    """The scripts whose names would be drawn as empty boxes; `MEND` says what to install. Raises RendererMissing."""
    book = font_book(system_fonts=system_fonts)
    return [script for script, sample in SCRIPTS.items() if book.lacks(sample)]


def _bundled() -> Iterator[Path]:
    """Upright font files of every installed font wheel (`fontpkg-…`), Inter's first."""
    wheels = [module.name for module in iter_modules() if module.name.startswith("fontpkg_")]
    for wheel in sorted(wheels, key=lambda name: (name != "fontpkg_inter", name)):
        spec = find_spec(wheel)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            yield from sorted(path for path in Path(folder, "files").glob("*.[ot]tf") if "Italic" not in path.name)


def _at_weight(skia: Any, face: Any, weight: int) -> Any:
    position = skia.FontArguments.VariationPosition
    coordinates = position.Coordinates([position.Coordinate(_WEIGHT_AXIS, weight)])
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(position(coordinates))
    return face.makeClone(arguments)
