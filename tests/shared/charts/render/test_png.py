"""Rendered PNG images: size, colors, position of lines, gaps, names, and missing libraries."""

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

from herwa_shared.charts.render.plot_area import build_plot_area
from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.theme import DARK, LIGHT
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import any_compared, build_compared, build_timeseries

WIDTH, HEIGHT = 800, 420
SAMPLE_VALUES = [20 + (index * 7) % 13 for index in range(60)]


def build_figure(values, comparison_values=None, **options):
    comparison = None if comparison_values is None else build_timeseries(comparison_values)
    return build_timeseries_figure(build_compared(build_timeseries(values), comparison), **options)


def render_image(figure, **options) -> Image.Image:
    return Image.open(BytesIO(render_png(figure, **{"scale": 1, **options}))).convert("RGB")


def parse_rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[index : index + 2], 16) for index in (1, 3, 5))


def find_pixels(image: Image.Image, color: str, top: float = 0) -> list[tuple[int, int]]:
    """List the pixels with exactly this color at or below the row `top`."""
    width, pixels = image.width, image.load()
    return [(x, y) for y in range(int(top), image.height) for x in range(width) if pixels[x, y] == parse_rgb(color)]


def test_image_has_the_requested_size_and_is_scaled_twofold_by_default():
    figure = build_figure(SAMPLE_VALUES)

    assert Image.open(BytesIO(render_png(figure))).size == (2 * WIDTH, 2 * HEIGHT)
    assert render_image(figure, width=600, height=300, scale=1.5).size == (900, 450)


def test_image_is_smaller_than_100_kilobytes():
    assert len(render_png(build_figure(SAMPLE_VALUES, SAMPLE_VALUES[::-1]))) < 100_000


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_background_has_the_color_of_the_theme(theme):
    assert render_image(build_figure(SAMPLE_VALUES, theme=theme)).getpixel((3, 3)) == parse_rgb(theme.background)


@pytest.mark.parametrize("peak", [0, 17, 41, 59])
def test_line_peaks_at_the_largest_value(peak):
    values = [*SAMPLE_VALUES]
    values[peak] = 90
    figure = build_figure(values)
    plot_area = build_plot_area(figure["layout"], WIDTH, HEIGHT)

    x, y = min(find_pixels(render_image(figure), DARK.accent, plot_area.top), key=lambda pixel: pixel[1])
    assert x == pytest.approx(plot_area.to_x(figure["data"][0]["x"][peak]), abs=4)
    assert y == pytest.approx(plot_area.to_y(90), abs=5)


def test_line_is_not_drawn_over_a_gap():
    figure = build_figure([30] * 20 + [None] * 20 + [30] * 20)
    plot_area = build_plot_area(figure["layout"], WIDTH, HEIGHT)
    start, end = (plot_area.to_x(figure["layout"]["shapes"][0][edge]) for edge in ("x0", "x1"))

    line = find_pixels(render_image(figure), DARK.accent, plot_area.top)
    assert any(x < start for x, _ in line)
    assert any(x > end for x, _ in line)
    assert not any(start < x < end for x, _ in line)


def test_different_titles_are_drawn_differently():
    names = ["", "Tavern", "<b>Tavern</b>", "&lt;b&gt;Tavern&lt;/b&gt;", "Tavern" * 40]

    images = {render_image(build_figure(SAMPLE_VALUES, title=name or " ")).tobytes() for name in names}
    assert len(images) == len(names)


def test_long_title_does_not_cover_the_total():
    long_title_image, short_title_image = (
        render_image(build_figure(SAMPLE_VALUES, title=title)) for title in ("Tavern " * 60, "T")
    )
    corner = (680, 0, WIDTH, 80)

    difference = ImageChops.difference(long_title_image.crop(corner), short_title_image.crop(corner))
    assert max(max_difference for _, max_difference in difference.getextrema()) < 16


def test_concurrent_threads_render_the_same_image():
    figure = build_figure(SAMPLE_VALUES, title="日本語 🎉")
    with ThreadPoolExecutor(4) as pool:
        images = set(pool.map(lambda _: render_png(figure, scale=1), range(8)))

    assert len(images) == 1


@settings(no_deadline, max_examples=40)
@given(any_compared(), st.text(max_size=60), st.sampled_from([DARK, LIGHT]))
def test_any_series_with_any_title_is_drawn(compared, title, theme):
    assert render_image(build_timeseries_figure(compared, title=title, theme=theme)).size == (WIDTH, HEIGHT)


DRAW_SCRIPT = """
from herwa_shared.charts.render.png import render_png
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from tests.support.timeseries_factories import build_compared, build_timeseries
print(len(render_png(build_timeseries_figure(build_compared(build_timeseries([1, 2])), title="Tavern"))))
"""


def test_missing_graphics_libraries_are_reported_with_the_packages_to_install(tmp_path):
    (tmp_path / "libGL.so.1").write_text("not a library")
    environment = {"PYTHONPATH": str(Path.cwd()), "LD_LIBRARY_PATH": str(tmp_path)}

    stderr = run_script(DRAW_SCRIPT, environment, check=False).stderr.decode()
    assert "RendererUnavailable" in stderr
    assert "apt-get install libgl1 libegl1" in stderr


def test_skia_import_error_is_reported_with_the_packages_to_install(tmp_path):
    (tmp_path / "skia.py").write_text("raise ImportError('libexpat.so.1: cannot open shared object file')")
    environment = {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}

    stderr = run_script(DRAW_SCRIPT, environment, check=False).stderr.decode()
    assert "RendererUnavailable" in stderr
    assert "apt-get install libgl1 libegl1" in stderr
    assert "libexpat.so.1" in stderr


def run_script(script, environment, *, check=True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, timeout=180, check=check
    )
