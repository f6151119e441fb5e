"""Reflex configuration of the build.

It contains no real URL: pages use the origin from which they are loaded.
"""

import reflex as rx
from reflex.constants import StateManagerMode

from herwa_web.build.plugins import BUILD_ORIGIN, FontsPlugin, RelativeUrls

STATE_EXPIRY_SECONDS = 3600  # the state of a page without events for this long is dropped; the page then reloads

config = rx.Config(
    app_name="herwa_web",
    api_url=BUILD_ORIGIN,
    deploy_url=BUILD_ORIGIN,
    backend_path="/_rx",
    cors_allowed_origins=[BUILD_ORIGIN],
    state_manager_mode=StateManagerMode.MEMORY,
    redis_token_expiration=STATE_EXPIRY_SECONDS,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    plugins=[
        FontsPlugin(),
        RelativeUrls(),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
