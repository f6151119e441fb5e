"""All texts of the HTTP server, with sample arguments."""

from herwa_shared.runtime import http_texts
from tests.support.text_snapshots import render_texts

SAMPLES = {
    "format_head_too_large": [100, 32_768],
    "format_body_too_large": [65_536],
    "format_unknown_host": ["https://herwa.example"],
}


def test_texts(snapshot):
    assert render_texts(http_texts, SAMPLES) == snapshot
