"""Columns about members that an erasure treats otherwise than `member_columns.ERASED_COLUMNS`, with the reason."""

from collections.abc import Mapping

OTHER_COLUMNS: Mapping[tuple[str, str], str] = {
    ("access_request", "user_name"): "in a row that is deleted",
    ("access_rule", "subject_id"): "a setting of the server: a member could otherwise remove a rule against them",
    ("access_rule", "subject_kind"): "the kind of the subject",
    ("audit_entry", "personal"): "erased by a function of the owner, without breaking the chain",
    ("direct_message_mute", "user_id"): "a choice of the user for all servers, deleted when they are erased everywhere",
    ("entitlement_grant", "granted_by"): "the operator's name at a shell",
    ("erasure_request", "user_id"): "set to null when the erasure is finished",
    ("export_job", "created_by_key"): "the id of an API key",
    ("export_job", "with_members"): "what an export holds",
    ("guild", "owner_id"): "decides who may manage the server, as long as Discord names them as the owner",
    ("guild", "member_audience"): "a setting of the server, about roles and permissions",
    ("guild", "member_count"): "a number of members",
    ("subscription", "granted_by"): "the operator's name at a shell",
    ("ticket", "opener_id"): "replaced by a pseudonym of the ticket, so that their next message there is no response",
    ("user_account", "id"): "deleted when a user is erased everywhere",
    ("user_guild", "member_count"): "a number of members",
    ("user_guild", "owner"): "a right of the account, deleted with it",
    ("user_guild", "user_id"): "deleted with the account",
    ("user_token", "user_id"): "deleted with the account",
    ("web_session", "user_id"): "deleted with the account",
    ("guild_activity", "busiest_member_minute"): "a number of commands",
    ("operator_day", "members"): "a number",
    ("operator_view", "user_id"): "an operator, who acts for this copy and not as a member",
}
