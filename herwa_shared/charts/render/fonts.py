"""Font fallback: Inter from its wheel, other installed font wheels, the system's fonts."""

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

FONT_INSTALL_COMMAND = "apt-get install fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji"

LATIN_FAMILY = "Inter"
WEIGHTS = (400, 600)

SCRIPT_SAMPLES = {
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
"""A sample text of each script in which names are likely to be written."""

PREFERRED_FAMILIES = ("Noto Sans Arabic", "Noto Sans Hebrew")
"""Tried before the system's own fallback, which picks typefaces that do not match Inter."""

_WEIGHT_AXIS = int.from_bytes(b"wght", "big")
_INVISIBLE_CODEPOINTS = frozenset(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff\u00ad\u034f"))


class FontRegistry:
    """The loaded typefaces, extended when a text needs a character that none of them has.

    Not thread-safe.
    """

    def __init__(self, *, system_fonts: bool = True) -> None:
        skia = load_skia()
        self._skia = skia
        with _silence_stderr():
            self._system = skia.FontMgr.RefDefault() if system_fonts else skia.FontMgr.New_Custom_Empty()
        self._provider = skia.textlayout.TypefaceFontProvider()
        self._typefaces: dict[str, Any] = {}
        self._checked_codepoints: set[int] = set()
        self._missing_codepoints: set[int] = set()
        for path in _list_bundled_fonts():
            self._add_file(path)
        self.collection = skia.textlayout.FontCollection()
        self.collection.setDefaultFontManager(self._provider, LATIN_FAMILY)

    def resolve_families(self, text: str) -> list[str]:
        """Return the font families to try for a text, in order, after loading missing ones."""
        for codepoint in {ord(character) for character in text} - self._checked_codepoints:
            self._checked_codepoints.add(codepoint)
            if not self._has_glyph(codepoint) and not self._add_system_typefaces(codepoint):
                self._missing_codepoints.add(codepoint)
        return list(self._typefaces)

    def is_missing(self, text: str) -> bool:
        """Return whether a character of the text would be drawn as an empty box."""
        self.resolve_families(text)
        return any(ord(character) in self._missing_codepoints for character in text)

    def _has_glyph(self, codepoint: int) -> bool:
        is_invisible = codepoint in _INVISIBLE_CODEPOINTS or chr(codepoint).isspace()
        return is_invisible or any(typeface.unicharToGlyph(codepoint) for typeface in self._typefaces.values())

    def _add_system_typefaces(self, codepoint: int) -> bool:
        """Load system typefaces with a glyph for a character, in all WEIGHTS; False if none."""
        is_added = False
        for weight in WEIGHTS:
            style = self._skia.FontStyle(weight, 5, self._skia.FontStyle.kUpright_Slant)
            preferred = (self._system.matchFamilyStyle(family, style) for family in PREFERRED_FAMILIES)
            fallback = self._system.matchFamilyStyleCharacter(LATIN_FAMILY, style, ["ja"], codepoint)
            typeface = next(
                (
                    typeface
                    for typeface in (*preferred, fallback)
                    if typeface is not None and typeface.unicharToGlyph(codepoint)
                ),
                None,
            )
            if typeface is not None:
                self._add_typeface(f"{typeface.getFamilyName()} of the system", typeface)
                is_added = True
        return is_added

    def _add_file(self, path: Path) -> None:
        typeface = self._skia.Typeface.MakeFromFile(str(path))
        if typeface is None:
            return
        if any(axis.tag == _WEIGHT_AXIS for axis in typeface.getVariationDesignParameters()):
            for weight in WEIGHTS:
                self._add_typeface(typeface.getFamilyName(), _clone_at_weight(self._skia, typeface, weight))
        else:
            self._add_typeface(typeface.getFamilyName(), typeface)

    def _add_typeface(self, family: str, typeface: Any) -> None:
        self._provider.registerTypeface(typeface, family)
        self._typefaces.setdefault(family, typeface)


@contextmanager
def _silence_stderr() -> Iterator[None]:
    """Redirect stderr to /dev/null.

    Skia bundles an old fontconfig, which prints warnings about elements of newer system configurations.
    """
    sys.stderr.flush()
    stderr_copy, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
        os.close(devnull)


@cache
def get_font_registry(*, system_fonts: bool = True) -> FontRegistry:
    """Return the registry of this process (cached).

    It must not be used by two threads at once; `render_png` holds a lock while it draws.
    """
    return FontRegistry(system_fonts=system_fonts)


def list_missing_scripts(*, system_fonts: bool = True) -> list[str]:
    """Return the scripts that would be drawn as empty boxes.

    FONT_INSTALL_COMMAND installs fonts for them. Raises RendererUnavailable if Skia cannot be loaded.
    """
    registry = get_font_registry(system_fonts=system_fonts)
    return [script for script, sample in SCRIPT_SAMPLES.items() if registry.is_missing(sample)]


def _list_bundled_fonts() -> Iterator[Path]:
    """Yield the upright font files of every installed font wheel (`fontpkg-…`), Inter first."""
    wheels = [module.name for module in iter_modules() if module.name.startswith("fontpkg_")]
    for wheel in sorted(wheels, key=lambda name: (name != "fontpkg_inter", name)):
        spec = find_spec(wheel)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            yield from sorted(path for path in Path(folder, "files").glob("*.[ot]tf") if "Italic" not in path.name)


def _clone_at_weight(skia: Any, typeface: Any, weight: int) -> Any:
    position = skia.FontArguments.VariationPosition
    coordinates = position.Coordinates([position.Coordinate(_WEIGHT_AXIS, weight)])
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(position(coordinates))
    return typeface.makeClone(arguments)
