"""Messages of the services of the operator's panel."""

from herwa_shared.models.operations import MAX_ANNOUNCEMENT_LENGTH, MAX_NOTE_LENGTH
from herwa_shared.services.audit import MAX_REASON_LENGTH

UNKNOWN_SERVER = "The bot has never been in this server."
ALREADY_MANAGED = "You manage this server yourself. Open its pages instead."
ANNOUNCEMENT_ENDED = "This announcement has ended."
INVALID_ANNOUNCEMENT = f"An announcement has 1 to {MAX_ANNOUNCEMENT_LENGTH} characters."
INVALID_HOURS = "Give a number of hours from 1 to 2160 (90 days)."
NO_REASON = "Give a reason. It is kept in the audit log."
TOO_LONG_REASON = f"The reason can have at most {MAX_REASON_LENGTH} characters."
NO_TRIAL_END = "A trial needs a number of days."
NOTHING_TO_REVOKE = "This server has no tier that was granted to it."
NOT_EMPTY_NOTE = f"A note has 1 to {MAX_NOTE_LENGTH} characters."
