"""Rules of the public port: its hosts, its clients' addresses, and which requests may have a body."""

from urllib.parse import urlsplit

from herwa_shared.config import Settings
from herwa_shared.runtime.connection_bounds import ServerRules
from herwa_shared.runtime.request_bounds import normalize_host
from herwa_web.serving.api_proxy import is_api_path
from herwa_web.serving.client_address import parse_client_info

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
BODY_PREFIX = "/api/"
"""Nothing else takes a body: pages are only read, and a log-in or log-out has none."""


def build_server_rules(settings: Settings) -> ServerRules:
    """Build the rules from the settings. Behind trusted proxies clients are known by `X-Forwarded-For` alone."""
    trusted = settings.trusted_proxies
    return ServerRules(
        origin=settings.origin,
        hosts=frozenset(normalize_host(urlsplit(origin).netloc) for origin in settings.origins),
        get_address=lambda scope: parse_client_info(scope, trusted_proxies=trusted).address,
        get_host=lambda scope: parse_client_info(scope, trusted_proxies=trusted).host,
        accepts_body=lambda method, path: method in BODY_METHODS and path.startswith(BODY_PREFIX),
        may_cancel=lambda _: True,
        has_own_pool=is_api_path,
        is_proxy=lambda _: trusted > 0,
    )
