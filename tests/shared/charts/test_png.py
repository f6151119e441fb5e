"""What is seen in the picture."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from herwa_shared.analytics.results import Cell, Ranked
from herwa_shared.charts.heatmap_figure import heatmap
from herwa_shared.charts.ranking_figure import ranking_bars
from herwa_shared.charts.render.plot_area import plane
from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.theme import DARK, LIGHT
from herwa_shared.charts.timeseries_figure import messages_over_time
from tests.shared.charts.made import any_series, patient, series

WIDTH, HEIGHT = 800, 420
HILLS = [20 + (index * 7) % 13 for index in range(60)]


def drawn(figure, **options) -> Image.Image:
    return Image.open(BytesIO(render_png(figure, **{"scale": 1, **options}))).convert("RGB")


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def spots(image: Image.Image, colour: str, top: float = 0) -> list[tuple[int, int]]:
    """Where this very colour is, below `top`."""
    width, pixels = image.width, image.load()
    return [(x, y) for y in range(int(top), image.height) for x in range(width) if pixels[x, y] == rgb(colour)]


def test_a_picture_has_the_size_that_was_asked_for_and_is_sharp_by_default():
    data = render_png(messages_over_time(series(HILLS)))

    assert Image.open(BytesIO(data)).size == (2 * WIDTH, 2 * HEIGHT)
    assert drawn(messages_over_time(series(HILLS)), width=600, height=300, scale=1.5).size == (900, 450)


def test_a_picture_is_small_enough_to_send_with_every_reply():
    assert len(render_png(messages_over_time(series(HILLS), compare=series(HILLS[::-1])))) < 100_000


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_ground_is_exactly_the_themes(theme):
    assert drawn(messages_over_time(series(HILLS), theme=theme)).getpixel((3, 3)) == rgb(theme.background)


@pytest.mark.parametrize("peak", [0, 17, 41, 59])
def test_the_line_is_highest_where_the_data_is(peak):
    values = [*HILLS]
    values[peak] = 90
    figure = messages_over_time(series(values))
    area = plane(figure["layout"], WIDTH, HEIGHT)

    x, y = min(spots(drawn(figure), DARK.accent, area.top), key=lambda spot: spot[1])
    assert x == pytest.approx(area.x(figure["data"][0]["x"][peak]), abs=4)
    assert y == pytest.approx(area.y(90), abs=5)


def test_nothing_of_the_line_is_drawn_over_a_gap():
    figure = messages_over_time(series([30] * 20 + [None] * 20 + [30] * 20))
    area = plane(figure["layout"], WIDTH, HEIGHT)
    start, end = (area.x(figure["layout"]["shapes"][0][edge]) for edge in ("x0", "x1"))

    line = spots(drawn(figure), DARK.accent, area.top)
    assert any(x < start for x, _ in line)
    assert any(x > end for x, _ in line)
    assert not any(start < x < end for x, _ in line)


def test_names_that_differ_in_anything_are_drawn_differently():
    names = ["", "Tavern", "<b>Tavern</b>", "&lt;b&gt;Tavern&lt;/b&gt;", "Tavern" * 40]

    pictures = {drawn(messages_over_time(series(HILLS), title=name or " ")).tobytes() for name in names}
    assert len(pictures) == len(names)


def test_a_long_name_leaves_the_total_readable():
    long, short = (drawn(messages_over_time(series(HILLS), title=title)) for title in ("Tavern " * 60, "T"))
    corner = (680, 0, WIDTH, 80)

    unlike = ImageChops.difference(long.crop(corner), short.crop(corner))
    assert max(most for _, most in unlike.getextrema()) < 16


def test_threads_may_draw_at_the_same_time():
    figure = messages_over_time(series(HILLS), title="日本語 🎉")
    with ThreadPoolExecutor(4) as pool:
        pictures = set(pool.map(lambda _: render_png(figure, scale=1), range(8)))

    assert len(pictures) == 1


@pytest.mark.parametrize(
    "figure",
    [
        heatmap([Cell(1, 9, 4), Cell(7, 23, 8)], title="When people talk"),
        heatmap([], title="When people talk"),
        ranking_bars([Ranked(1, "#general", 9), Ranked(2, None, 4)], title="Top channels"),
        ranking_bars([], title="Top channels"),
    ],
)
def test_other_figures_are_drawn(figure):
    assert len(drawn(figure).getcolors(WIDTH * HEIGHT)) > 20


@settings(patient, max_examples=40)
@given(any_series(), st.none() | any_series(), st.text(max_size=60), st.sampled_from([DARK, LIGHT]), st.booleans())
def test_any_series_under_any_name_is_drawn(shown, compare, title, theme, running):
    now = shown.start + (shown.end - shown.start) / 2 if running else None

    assert drawn(messages_over_time(shown, title=title, compare=compare, theme=theme, now=now)).size == (WIDTH, HEIGHT)


DRAW = """
from herwa_shared.charts.heatmap_figure import heatmap
from herwa_shared.charts.render.png import render_png
print(len(render_png(heatmap([], title="Tavern"))))
"""


def test_a_machine_without_graphics_libraries_is_told_which_to_install(tmp_path):
    (tmp_path / "libGL.so.1").write_text("not a library")
    bare = {"PYTHONPATH": str(Path.cwd()), "LD_LIBRARY_PATH": str(tmp_path)}

    told = run(DRAW, bare, check=False).stderr.decode()
    assert "RendererMissing" in told
    assert "apt-get install libgl1 libegl1" in told


def test_a_machine_without_the_engine_is_told_how_to_mend_it(tmp_path):
    (tmp_path / "skia.py").write_text("raise ImportError('libexpat.so.1: cannot open shared object file')")
    bare = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}

    told = run(DRAW, bare, check=False).stderr.decode()
    assert "RendererMissing" in told
    assert "apt-get install libgl1 libegl1" in told
    assert "libexpat.so.1" in told


def run(script, environment, *, check=True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=check)
