"""Texts of the operators' audit log, and of the acts in the log of one server."""

from herwa_web.pages.audit import texts as audit_texts

LEAD = "Everything that operators have done, here, by API and at a shell."
NO_ENTRIES, NO_ENTRIES_HINT = "No entries yet", "Acts of operators are listed here."
OLDER = "Older"
SOURCES = {**audit_texts.SOURCES, "cli": "Shell"}
ACTS = {
    "announcement.publish": "published announcement",
    "announcement.end": "ended announcement",
    "feature.set": "switched the feature",
    "guild.delete": "deleted everything about server",
    "job.run": "started the job",
    "kill_switch.set": "switched the feature for all servers:",
    "module.set": "switched the module",
    "server.extend": "extended the tier of server",
    "server.feature": "granted a feature to server",
    "server.grant": "granted a tier to server",
    "server.limit": "granted a limit to server",
    "server.note": "added a note to server",
    "server.note_delete": "deleted a note of server",
    "server.override_restore": "restored an exception of server",
    "server.override_revoke": "withdrew an exception of server",
    "server.restore": "restored the tier of server",
    "server.revoke": "ended the tier of server",
    "server.view": "viewed the pages of server",
    "sessions.end": "ended the sessions of:",
    "tier.create": "created the tier",
    "tier.delete": "deleted the tier",
    "tier.feature": "changed a feature of a tier:",
    "tier.limit": "changed a limit of a tier:",
    "tier.lowest": "changed the lowest tier of the feature",
    "tier.parent": "changed the parent of the tier",
    "tier.sku": "changed the store product of the tier",
}
"""Verbs of sentences, by action, besides those of a server's own log."""


def format_act(action: str, target: str) -> str:
    """Say in a sentence what was done."""
    kind = action.partition(".")[0]
    verb = ACTS.get(action) or audit_texts.ACTIONS.get(action)
    if verb is None:
        sentence = audit_texts.format_other_action(action, target)
    else:
        name = audit_texts.format_export(target) if kind == "export" else target
        sentence = f"{verb} {audit_texts.FIXED_TARGETS.get(kind, name)}".strip()
    return f"{sentence[:1].upper()}{sentence[1:]}"
