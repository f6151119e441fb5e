"""All texts of the API, with sample arguments, its error messages, and the descriptions of its schemas."""

import httpx

from herwa_api import texts, widget_texts
from herwa_shared import errors
from herwa_shared.auth.discord_oauth import INVALID_CLIENT_TEXT
from tests.support.text_snapshots import render_texts

SAMPLES = {
    "format_unexpected_error": ["4f1d…"],
    "format_wrong_method": ["POST"],
    "format_limit_reached": [("key", 100, 60), ("login", 1000, 3600)],
    "format_leak_revoked": [(1,), (2,)],
    "format_missing_scopes": [["members:read"]],
    "format_unknown_parameter": ["form", ["from", "to"]],
    "format_repeated_parameter": ["metric"],
    "format_rule_exists": [17],
    "format_key_actor": [7],
    "format_needs_tier": ["Premium"],
    "format_invalid_parameter": ["interval", "'hour' or 'day'"],
    "format_rejected_parameter": ["limit", "Input should be greater than or equal to 1"],
}


def test_texts(snapshot):
    assert render_texts(texts, SAMPLES) == snapshot


def test_texts_about_widgets(snapshot):
    assert render_texts(widget_texts, {}) == snapshot


def test_error_messages(snapshot):
    messages = [
        f"{name}: {value.message}"
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.HerwaError)
    ]
    assert "\n".join([*messages, f"INVALID_CLIENT_TEXT: {INVALID_CLIENT_TEXT}"]) == snapshot


async def test_schema_descriptions(client: httpx.AsyncClient, snapshot):
    schemas = (await client.get("/api/openapi.json")).json()["components"]["schemas"]
    assert "\n".join(f"{name}: {schema['description']}" for name, schema in sorted(schemas.items())) == snapshot
