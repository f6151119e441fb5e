"""Pictures of the documentation: `make pictures` takes every page, and every picture that is linked was taken."""

import re
from pathlib import Path

from herwa_web.navigation import PAGES, RULES_ITEM
from herwa_web.pages.rules.texts import TABS
from scripts.take_pictures import CHART_NAME, PICTURES, REFUSAL_NAME, list_views

ROOT = Path(__file__).parents[2]
PICTURE_LINK = re.compile(r"docs/pictures/([\w-]+\.png)|\(pictures/([\w-]+\.png)")


def test_every_page_and_every_tab_of_the_access_rules_has_a_picture():
    assert set(list_views().values()) == {
        *(item.path for item in PAGES),
        *(f"{RULES_ITEM.path}?tab={tab}" for tab in TABS if tab != "rules"),
    }


def test_taken_pictures_are_those_of_the_script():
    views = {f"{name}{suffix}.png" for name in list_views() for suffix in ("", "-phone")}
    assert {path.name for path in PICTURES.iterdir()} == views | {f"{CHART_NAME}.png", f"{REFUSAL_NAME}.png"}


def test_linked_pictures_exist():
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = {"".join(link) for path in documents for link in PICTURE_LINK.findall(path.read_text())}
    assert links
    assert [link for link in sorted(links) if not (PICTURES / link).exists()] == []
