"""The kinds of changes by which the audit log is filtered, and their actions."""

from collections.abc import Mapping
from types import MappingProxyType

ACTIONS_BY_KIND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "features": ("feature.set", "module.set"),
        "rules": ("rule.add", "rule.update", "rule.remove", "rule_test.add", "rule_test.remove"),
        "lists": ("list.set", "list.clear"),
        "requests": ("request.dismiss",),
        "tickets": ("tickets.mark", "tickets.unmark"),
        "settings": ("setting.set", "member.erase", "deletion.request", "deletion.cancel"),
        "history": ("history.import", "history.pause", "history.resume"),
        "keys": ("api_key.create", "api_key.rotate", "api_key.revoke"),
        "exports": (
            "export.create",
            "export.pause",
            "export.resume",
            "export.cancel",
            "export.download",
            "export.delete",
        ),
        "widgets": ("widget.create", "widget.set", "widget.revoke"),
        "tier": (
            "subscription.grant",
            "subscription.extend",
            "subscription.revoke",
            "subscription.expire",
            "subscription.buy",
            "subscription.change",
            "subscription.refund",
            "grant.add",
            "grant.revoke",
        ),
    }
)
