"""The catalogue and the surfaces as the rows that register them."""

from collections.abc import Iterable
from typing import Any

from herwa_shared.catalog import FEATURES, MODULES, Surface

Row = dict[str, Any]


def module_rows() -> list[Row]:
    return [
        {"key": str(one.key), "title": one.title, "sentence": one.sentence, "position": position}
        for position, one in enumerate(MODULES.values())
    ]


def feature_rows() -> list[Row]:
    return [
        {
            "key": str(one.key),
            "module_key": str(one.module),
            "title": one.title,
            "sentence": one.sentence,
            "lowest_tier": str(one.lowest_tier),
            "on_by_default": one.on_by_default,
            "essential": str(one.essential),
        }
        for one in FEATURES.values()
    ]


def surface_rows(surfaces: Iterable[Surface]) -> list[Row]:
    return [
        {
            "kind": str(one.kind),
            "key": one.key,
            "feature_key": str(one.feature),
            "title": one.title,
            "audience": str(one.audience),
        }
        for one in surfaces
    ]
