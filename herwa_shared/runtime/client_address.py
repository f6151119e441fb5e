"""Group client addresses for limits: an IPv4 address, or the /64 network of an IPv6 address."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

IPV6_PREFIX_LENGTH = 64
"""One customer gets at least such a network, with 2^64 addresses."""

UNKNOWN_GROUP = "unknown"


@lru_cache(maxsize=4096)
def get_address_group(address: str) -> str:
    """Return the text under which all limits count this address.

    Texts that are no address share one group, so that inventing them gains nothing.
    """
    try:
        parsed = ip_address(address.strip("[]").partition("%")[0])
    except ValueError:
        return UNKNOWN_GROUP
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Network((parsed, IPV6_PREFIX_LENGTH), strict=False))
    return str(parsed)
