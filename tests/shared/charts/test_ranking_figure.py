"""The figure of a ranked list: lengths of bars, names of any script, and its alt text."""

from io import BytesIO

from PIL import Image

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.ranking_figure import (
    RankingBar,
    build_ranking_alt_text,
    build_ranking_figure,
    compute_ranking_height,
)
from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.theme import DARK, LIGHT
from tests.shared.charts.render.test_png import find_pixels, parse_rgb

NAMES = ["W" * 200, "محمد عبد الرحمن", "東京カフェの店長さんです、よろしくお願いします", "🎉👋🏽", "<b>& $x$"]


def draw(bars, theme=DARK) -> Image.Image:
    figure = build_ranking_figure(bars, Metric.MESSAGES, title="Garden", subtitle="Top members", theme=theme)
    png = render_png(figure, scale=1, height=compute_ranking_height(len(bars)))
    return Image.open(BytesIO(png)).convert("RGB")


def measure_bars(image: Image.Image, theme) -> list[int]:
    """The lengths of the bars from top to bottom, in pixels."""
    rows: dict[int, int] = {}
    for _, y in find_pixels(image, theme.accent):
        rows[y] = rows.get(y, 0) + 1
    groups: list[list[int]] = []
    for y in sorted(rows):
        if not groups or y - 1 not in rows:
            groups.append([])
        groups[-1].append(rows[y])
    return [max(group) for group in groups]


def test_bars_are_proportional_and_the_smallest_is_visible_in_both_themes():
    for theme in (DARK, LIGHT):
        lengths = measure_bars(draw([RankingBar("a", 1_000), RankingBar("b", 500), RankingBar("c", 1)], theme), theme)
        assert len(lengths) == 3
        assert abs(lengths[0] - 2 * lengths[1]) <= 4
        assert lengths[2] >= 1


def test_long_names_do_not_reach_the_bars_and_any_script_is_drawn():
    bars = [RankingBar(name, 10) for name in NAMES]
    image = draw(bars)
    assert measure_bars(image, DARK) == [max(measure_bars(image, DARK))] * len(NAMES)
    figure = build_ranking_figure(bars, Metric.MESSAGES, title="<i>", subtitle="s")
    assert "<b>" not in str(figure)
    assert image.getpixel((3, 3)) == parse_rgb(DARK.background)


def test_alt_text_has_every_entry():
    bars = [RankingBar("Mei", 1), RankingBar("Ada & Bob", 2_000)]
    text = build_ranking_alt_text(bars, Metric.MESSAGES, subtitle="Top members")
    assert text == "Bar chart: Top members. 1. Mei, 1 message; 2. Ada & Bob, 2,000 messages."
