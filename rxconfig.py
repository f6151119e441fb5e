"""How Reflex builds the pages. No address is in it: which one people use is known when they come."""

import reflex as rx
from reflex.constants import StateManagerMode

from herwa_web.build.plugins import BUILT_FOR, AnyAddress, Fonts

STATE_SECONDS = 3600  # a page that nobody has touched for so long loads anew

config = rx.Config(
    app_name="herwa_web",
    api_url=BUILT_FOR,
    deploy_url=BUILT_FOR,
    backend_path="/_rx",
    cors_allowed_origins=[BUILT_FOR],
    state_manager_mode=StateManagerMode.MEMORY,
    redis_token_expiration=STATE_SECONDS,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    default_color_mode="system",
    plugins=[
        Fonts(),
        AnyAddress(),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
