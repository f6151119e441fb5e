"""How a caller sees members: by id and name, or by pseudonyms.

An API key sees members under pseudonyms unless it has the scope for ids (`services/key_pseudonyms`).
"""

from dataclasses import dataclass
from typing import Any

from herwa_shared.auth.sessions import SessionUser
from herwa_shared.catalog import Scope
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.key_pseudonyms import format_key_pseudonym


@dataclass(frozen=True, slots=True)
class MemberIdentities:
    """Formats members for one caller. `secret` is the key of the pseudonyms; None: members are shown by id and name."""

    secret: bytes | None

    @property
    def is_hidden(self) -> bool:
        """Whether the caller sees pseudonyms."""
        return self.secret is not None

    def format_id(self, user_id: int | str) -> str:
        """Return the id of a member, or the pseudonym."""
        if self.secret is None:
            return str(user_id)
        return format_key_pseudonym(self.secret, user_id)

    def format_name(self, name: str | None) -> str | None:
        """Return the name of a member; None if the caller sees pseudonyms."""
        return name if self.secret is None else None

    def hide_in_ranking(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the body of a ranking of members as the caller sees it. Ties are sorted by the id that is shown."""
        if self.secret is None:
            return body
        items = [
            {**item, "id": self.format_id(item["id"]), "name": self.format_name(item["name"])} for item in body["items"]
        ]
        return {**body, "items": sorted(items, key=lambda item: (-item["value"], item["id"]))}


def get_member_identities(caller: Principal | SessionUser) -> MemberIdentities:
    """Return how the caller sees members. A user has been authorized to see them."""
    is_hidden = isinstance(caller, Principal) and Scope.MEMBER_IDS not in caller.scopes
    return MemberIdentities(caller.pseudonym_secret if isinstance(caller, Principal) and is_hidden else None)
