"""Settings of widgets: hostile and wrong values are refused by name; what is stored is read back equally."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.errors import BadRequest
from herwa_shared.services.widget_settings import (
    ColorScheme,
    NumberFormat,
    WidgetMetric,
    WidgetSettings,
    WidgetSize,
    WidgetTemplate,
    is_allowed_origin,
    parse_site,
    parse_widget_settings,
    read_widget_settings,
)
from herwa_shared.widgets.numbers import PEOPLE_METRICS

HOSTILE_TEXTS = (
    "javascript:alert(1)",
    "https://a.com; script-src *",
    "https://a.com\r\nX: y",
    "'none'",
    "*",
    "https://",
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("name", "x" * 61),
        ("name", 7),
        ("is_on", "true"),
        ("template", "leaderboard"),
        ("metrics", []),
        ("metrics", ["messages", "messages"]),
        ("metrics", ["leaves"]),
        ("metrics", "messages"),
        ("channel_ids", ["1; DROP"]),
        ("channel_ids", [str(number) for number in range(11)]),
        ("days", 8),
        ("days", True),
        ("accent", "red"),
        ("accent", "#fff"),
        ("accent", "#ff0000;}"),
        ("accent", "transparent"),
        ("background", "url(https://a.com)"),
        ("radius", 33),
        ("radius", "12"),
        ("size", "huge"),
        ("number_format", "roman"),
        ("color_scheme", "sepia"),
        ("sites", "https://example.com"),
        *(("sites", [text]) for text in HOSTILE_TEXTS),
        ("sites", ["https://example.com"] * 21),
        ("invite", "https://example.com/abc"),
        ("invite", "../x"),
        ("owner", "me"),
    ],
)
def test_wrong_value_is_refused_with_its_name(field, value):
    with pytest.raises(BadRequest) as caught:
        parse_widget_settings({"name": "Blog", field: value})
    assert caught.value.field == field


def test_channel_list_without_channels_cannot_be_switched_on():
    value = {"name": "Blog", "template": "channels"}
    assert parse_widget_settings(value).template is WidgetTemplate.CHANNELS
    with pytest.raises(BadRequest):
        parse_widget_settings(value | {"is_on": True})


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("example.com", "https://example.com"),
        ("https://Example.com/shop?x#y", "https://example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://example.com:443", "https://example.com"),
        ("https://*.example.com", "https://*.example.com"),
        ("münchen.de", "https://xn--mnchen-3ya.de"),
    ],
)
def test_site_is_stored_as_its_origin(text, origin):
    assert parse_site(text) == origin


def test_only_listed_origins_and_subdomains_of_a_pattern_are_allowed():
    sites = ("https://a.com", "https://*.b.com")
    allowed = ("https://a.com", "https://x.b.com", "https://y.x.b.com")
    refused = ("http://a.com", "https://b.com", "https://evilb.com", "https://a.com.evil.com", "http://x.b.com", "null")
    assert [is_allowed_origin(sites, origin) for origin in (*allowed, *refused)] == [True] * 3 + [False] * 6
    assert is_allowed_origin((), "https://anything.example")


@pytest.mark.parametrize("text", ["abc123", "https://discord.gg/abc123", "discord.com/invite/abc123"])
def test_invite_is_stored_as_its_code(text):
    assert parse_widget_settings({"name": "Blog", "invite": text}).invite == "abc123"


SETTINGS = st.builds(
    WidgetSettings,
    name=st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60),
    template=st.sampled_from(WidgetTemplate),
    metrics=st.lists(st.sampled_from(WidgetMetric), min_size=1, max_size=4, unique=True).map(tuple),
    channel_ids=st.lists(st.integers(1, 1 << 62), max_size=10, unique=True).map(tuple),
    days=st.sampled_from((7, 30, 90)),
    accent=st.sampled_from(("", "#ff0000")),
    background=st.sampled_from(("", "transparent", "#00ff00")),
    radius=st.integers(0, 32),
    size=st.sampled_from(WidgetSize),
    number_format=st.sampled_from(NumberFormat),
    color_scheme=st.sampled_from(ColorScheme),
    sites=st.sampled_from(((), ("https://a.com", "https://*.b.com:8443"))),
    invite=st.sampled_from(("", "abc-123")),
)


@given(settings=SETTINGS)
def test_stored_settings_are_read_back_equally(settings):
    assert read_widget_settings(settings.to_value() | {"of a newer version": 1}) == settings


def test_every_metric_of_widgets_is_a_metric_with_known_people():
    assert {Metric(metric) for metric in WidgetMetric} <= set(Metric)
    assert PEOPLE_METRICS.keys() == set(WidgetMetric)
