"""Texts of the operators' audit log."""

LEAD = "Everything that operators have done, here, by API and at a shell."
NO_ENTRIES, NO_ENTRIES_HINT = "No entries yet", "Acts of operators are listed here."
OLDER = "Older"
