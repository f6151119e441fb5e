"""Avatars and guild icons: generated, stable for each hash, and of the requested size."""

import io

import httpx
import pytest
from PIL import Image

from herwa_sim.avatars import compute_image_hash, draw_avatar, draw_guild_icon
from herwa_sim.world import PERSONAS


def get_size(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels; assert that the content is a PNG."""
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        return image.size


@pytest.mark.parametrize(
    ("requested", "pixels"), [("16", 16), ("64", 64), ("512", 512), ("4096", 512), ("1", 16), ("x", 128)]
)
def test_image_has_the_requested_size(sim, requested, pixels):
    for path in ("avatars/5/0a1b.png", "icons/7/0a1b.png", "embed/avatars/3.png"):
        response = httpx.get(f"{sim.url}/cdn/{path}", params={"size": requested})
        assert get_size(response.content) == (pixels, pixels)
        assert response.headers["Content-Type"] == "image/png"
        assert "immutable" in response.headers["Cache-Control"]


def test_each_hash_has_one_stable_image(sim):
    assert draw_avatar("0a1b", 64) == httpx.get(f"{sim.url}/cdn/avatars/5/0a1b.png?size=64").content
    assert len({draw_avatar(compute_image_hash(n), 32) for n in range(50)}) == 50
    assert len({draw_guild_icon(compute_image_hash(n), 32) for n in range(50)}) == 50


def test_personas_guilds_and_members_have_an_image(sim):
    guild = sim.client.create_guild("Pictured 週末")
    member = sim.client.join(guild, "Pictured member")
    headers = {"Authorization": f"Bot {sim.token}"}
    for path, kind, name in (
        (f"/guilds/{guild}", "icons", "icon"),
        (f"/users/{member}", "avatars", "avatar"),
        (f"/users/{PERSONAS['owner']}", "avatars", "avatar"),
    ):
        payload = httpx.get(f"{sim.url}/api/v10{path}", headers=headers).json()
        assert len(payload[name]) == 32
        assert get_size(httpx.get(f"{sim.url}/cdn/{kind}/{payload['id']}/{payload[name]}.png?size=32").content) == (
            32,
            32,
        )


def test_attachment_is_sandboxed(sim):
    response = httpx.get(f"{sim.url}/cdn/attachments/1/2/picture.png")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_unknown_image_is_404(sim):
    assert httpx.get(f"{sim.url}/cdn/avatars/5/..%2f..%2fx.png").status_code == 404
