"""Speaks to the local Discord's control API: what people do there, what goes wrong there, and how the bot is doing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

from herwa_shared.errors import BadRequest, Forbidden, HerwaError, NotFound, ServiceUnavailable, Unauthenticated
from herwa_sim.client.types import (
    DisplayedMessage,
    InteractionResult,
    JournalContents,
    SimSnapshot,
    parse_interaction_result,
    parse_message,
    parse_snapshot,
)

_ERRORS_BY_CODE: dict[str, type[HerwaError]] = {
    error.code: error for error in (BadRequest, Forbidden, NotFound, Unauthenticated, ServiceUnavailable)
}
_REQUEST_TIMEOUT_SECONDS = 120.0


class SimClient:
    """The control API as methods. Ids are numbers. Raises HerwaError with the local Discord's own sentence."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.base_url = base_url
        self._http = httpx.Client(
            base_url=f"{base_url}/_sim", headers=headers, timeout=_REQUEST_TIMEOUT_SECONDS, trust_env=False
        )

    def close(self) -> None:
        self._http.close()

    def call(self, name: str, /, **body: Any) -> dict[str, Any]:
        """Any action of the control API by its name, with the parts that are not None."""
        return self._request("POST", f"/{name}", {field: value for field, value in body.items() if value is not None})

    def get_snapshot(self) -> SimSnapshot:
        return parse_snapshot(self._request("GET", "/state", None))

    def get_guild(self, guild_id: int) -> dict[str, Any]:
        """A guild with `channels`, `threads` and `member_list`, ids as strings."""
        return self.call("guild", guild_id=str(guild_id))

    def create_guild(self, name: str, *, lively: bool = False, owner_id: int | None = None, bot: bool = True) -> int:
        """A server, with the bot in it or not yet; of one name there is one."""
        return _parse_id(self.call("guild/create", name=name, lively=lively, owner_id=_format_id(owner_id), bot=bot))

    def update_guild(self, guild_id: int, *, name: str | None = None, owner_id: int | None = None) -> None:
        """The server gets another name or another owner."""
        self.call("guild/update", guild_id=str(guild_id), name=name, owner_id=_format_id(owner_id))

    def add_bot(self, guild_id: int) -> None:
        """Somebody invites the bot."""
        self.call("bot/add", guild_id=str(guild_id))

    def remove_guild(self, guild_id: int) -> None:
        """The server throws the bot out."""
        self.call("guild/remove", guild_id=str(guild_id))

    def set_available(self, guild_id: int, available: bool) -> None:
        """An outage of the server ends, or begins."""
        self.call("guild/outage", guild_id=str(guild_id), available=available)

    def create_channel(self, guild_id: int, name: str, *, type_: int = 0, parent_id: int | None = None) -> int:
        """A channel; a category is type 4. Of one name in one category there is one."""
        response = self.call(
            "channel/create", guild_id=str(guild_id), name=name, type=type_, parent_id=_format_id(parent_id)
        )
        return _parse_id(response)

    def delete_channel(self, channel_id: int) -> None:
        self.call("channel/delete", channel_id=str(channel_id))

    def create_thread(
        self, channel_id: int, name: str, *, owner_id: int | None = None, message_id: int | None = None
    ) -> int:
        """A thread, at a message if one is named."""
        response = self.call(
            "thread/create",
            channel_id=str(channel_id),
            name=name,
            owner_id=_format_id(owner_id),
            message_id=_format_id(message_id),
        )
        return _parse_id(response)

    def create_post(self, forum_id: int, name: str, *, owner_id: int | None = None, content: str | None = None) -> int:
        """A post in a forum with its first message, which has the same id."""
        return _parse_id(
            self.call(
                "post/create", channel_id=str(forum_id), name=name, owner_id=_format_id(owner_id), content=content
            )
        )

    def join_thread(self, thread_id: int, user_id: int) -> None:
        self.call("thread/join", channel_id=str(thread_id), user_id=str(user_id))

    def leave_thread(self, thread_id: int, user_id: int) -> None:
        self.call("thread/leave", channel_id=str(thread_id), user_id=str(user_id))

    def set_archived(self, thread_id: int, archived: bool) -> None:
        """The thread goes to sleep, or wakes."""
        self.call("thread/archive", channel_id=str(thread_id), archived=archived)

    def join(self, guild_id: int, name: str, *, bot: bool = False) -> int:
        """Somebody of that name joins; the user's id."""
        return _parse_id(self.call("member/join", guild_id=str(guild_id), name=name, bot=bot))

    def leave(self, guild_id: int, user_id: int) -> None:
        self.call("member/leave", guild_id=str(guild_id), user_id=str(user_id))

    def ban(self, guild_id: int, user_id: int) -> None:
        self.call("member/ban", guild_id=str(guild_id), user_id=str(user_id))

    def set_nickname(self, guild_id: int, user_id: int, nick: str | None) -> None:
        """Give the member a nickname, or take it away."""
        self.call("member/nick", guild_id=str(guild_id), user_id=str(user_id), nick=nick)

    def set_status(self, user_id: int, status: str) -> None:
        """The user is `online`, `idle`, `dnd` or `offline`."""
        self.call("presence", user_id=str(user_id), status=status)

    def move_member(
        self,
        guild_id: int,
        user_id: int,
        channel_id: int | None,
        *,
        muted: bool = False,
        deafened: bool = False,
        streaming: bool = False,
        video: bool = False,
    ) -> None:
        """The member is in that voice channel, in exactly this state; None: in none."""
        self.call(
            "voice/move",
            guild_id=str(guild_id),
            user_id=str(user_id),
            channel_id=_format_id(channel_id),
            muted=muted,
            deafened=deafened,
            streaming=streaming,
            video=video,
        )

    def create_role(self, guild_id: int, name: str, *, permissions: int = 0) -> int:
        return _parse_id(self.call("role/create", guild_id=str(guild_id), name=name, permissions=permissions))

    def update_role(
        self, guild_id: int, role_id: int, *, name: str | None = None, permissions: int | None = None
    ) -> None:
        self.call("role/update", guild_id=str(guild_id), role_id=str(role_id), name=name, permissions=permissions)

    def delete_role(self, guild_id: int, role_id: int) -> None:
        self.call("role/delete", guild_id=str(guild_id), role_id=str(role_id))

    def set_roles(self, guild_id: int, user_id: int, roles: Iterable[int]) -> None:
        """Give the member exactly these roles."""
        self.call(
            "member/roles", guild_id=str(guild_id), user_id=str(user_id), roles=[str(role_id) for role_id in roles]
        )

    def send_message(
        self,
        channel_id: int,
        user_id: int | None = None,
        *,
        webhook: str | None = None,
        content: str | None = None,
        length: int | None = None,
        attachments: int = 0,
        reply_to: int | None = None,
    ) -> int:
        """A member, or a webhook of that name, says something in a channel or thread; the message's id."""
        response = self.call(
            "message/say",
            channel_id=str(channel_id),
            user_id=_format_id(user_id),
            webhook=webhook,
            content=content,
            length=length,
            attachments=attachments,
            reply_to=_format_id(reply_to),
        )
        return _parse_id(response)

    def open_direct_channel(self, user_id: int) -> int:
        """The user's conversation with the bot, a channel like others: to say something in, to click and to run in."""
        return int(self.call("direct", user_id=str(user_id))["channel_id"])

    def list_direct_messages(self, user_id: int) -> tuple[DisplayedMessage, ...]:
        """What the user and the bot have written to each other, oldest first."""
        return tuple(parse_message(message) for message in self.call("direct", user_id=str(user_id))["messages"])

    def set_reachable(self, user_id: int, on: bool) -> None:
        """The user takes direct messages, or takes none."""
        self.call("direct/reachable", user_id=str(user_id), on=on)

    def edit_message(
        self, channel_id: int, message_id: int, *, content: str | None = None, length: int | None = None
    ) -> None:
        """The author changes the text; with neither content nor length a link preview arrives instead."""
        self.call(
            "message/edit", channel_id=str(channel_id), message_id=str(message_id), content=content, length=length
        )

    def delete_messages(self, channel_id: int, *message_ids: int) -> None:
        """One message, or several in one event."""
        self.call(
            "message/delete", channel_id=str(channel_id), message_ids=[str(message_id) for message_id in message_ids]
        )

    def add_reaction(self, channel_id: int, message_id: int, user_id: int, emoji: str = "👍") -> None:
        """A member reacts, with a character or with `name:id`."""
        self.call(
            "reaction/add",
            channel_id=str(channel_id),
            message_id=str(message_id),
            user_id=str(user_id),
            emoji=emoji,
        )

    def remove_reaction(self, channel_id: int, message_id: int, user_id: int, emoji: str = "👍") -> None:
        """The member takes it back."""
        self.call(
            "reaction/remove",
            channel_id=str(channel_id),
            message_id=str(message_id),
            user_id=str(user_id),
            emoji=emoji,
        )

    def clear_reactions(self, channel_id: int, message_id: int, emoji: str | None = None) -> None:
        """A moderator removes all reactions, or those of one emoji."""
        self.call("reaction/clear", channel_id=str(channel_id), message_id=str(message_id), emoji=emoji)

    def run_command(
        self,
        channel_id: int,
        user_id: int,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        seconds: float = 15.0,
    ) -> InteractionResult:
        """A member runs `features list`, say, and waits for the answer. Users, channels and roles are ids as text."""
        return self._send_interaction("command", channel_id, user_id, command=command, options=options, seconds=seconds)

    def autocomplete(
        self, channel_id: int, user_id: int, command: str, options: Mapping[str, object], *, focused: str
    ) -> InteractionResult:
        """What the bot offers while the member types the option `focused`."""
        return self._send_interaction(
            "autocomplete", channel_id, user_id, command=command, options=options, focused=focused
        )

    def click(
        self, channel_id: int, user_id: int, message_id: int, custom_id: str, *, values: Sequence[str] | None = None
    ) -> InteractionResult:
        """A member presses a button or chooses `values` in a select."""
        return self._send_interaction(
            "click", channel_id, user_id, message_id=str(message_id), custom_id=custom_id, values=values
        )

    def submit(
        self, channel_id: int, user_id: int, interaction_id: int, values: Mapping[str, object]
    ) -> InteractionResult:
        """A member sends off the form that was the answer to `interaction_id`; texts and choices by `custom_id`."""
        return self._send_interaction("submit", channel_id, user_id, interaction_id=str(interaction_id), values=values)

    def fetch(self, url: str) -> bytes:
        """A file of the local Discord's CDN."""
        return self._http.get(url).raise_for_status().content

    def drop_sockets(self, *, shard: int | None = None, code: int | None = None) -> None:
        """Cut the gateway connections; with a code they are closed with it."""
        self.call("fault/drop", shard=shard, code=code)

    def request_reconnect(self, *, shard: int | None = None) -> None:
        """Op 7."""
        self.call("fault/reconnect", shard=shard)

    def invalidate_sessions(self, *, shard: int | None = None, resumable: bool = False) -> None:
        """Op 9."""
        self.call("fault/invalidate", shard=shard, resumable=resumable)

    def dispatch(self, name: str, data: object, *, guild_id: int | None = None) -> None:
        """Any gateway event, malformed ones included."""
        self.call("fault/dispatch", name=name, data=data, guild_id=_format_id(guild_id))

    def enable_faults(self, **faults: object) -> dict[str, dict[str, Any]]:
        """Switch faults on: a number is the share of the times that it strikes, a dict says more; see all of them.

        At the gateway double, malformed, drop, reconnect, invalidate; at REST limit, fail, slow.
        """
        return self._request("POST", "/chaos", faults)

    def disable_faults(self) -> dict[str, dict[str, Any]]:
        """Nothing goes wrong any more; how often each fault struck."""
        return self._request("POST", "/chaos/off", {})

    def request_heartbeat(self) -> None:
        """Op 1: the answer acknowledges what the bot has."""
        self.call("heartbeat")

    def set_application(
        self,
        *,
        privileged: Sequence[str] | None = None,
        shards: int | None = None,
        max_concurrency: int | None = None,
    ) -> None:
        """What the application is granted: of `members`, `presences`, `message_content`; and how it should connect."""
        self.call("application", privileged=privileged, shards=shards, max_concurrency=max_concurrency)

    def set_population(self, on: bool, *, speed: float | None = None) -> None:
        """Let the people of the lively servers live, or not; at speed 1 a message every few seconds."""
        self.call("population", on=on, speed=speed)

    def generate_load(
        self,
        channel_ids: Sequence[int],
        count: int,
        *,
        per_second: float | None = None,
        authors: int = 50,
        background: bool = False,
    ) -> list[tuple[int, float]]:
        """A flood; each message's id, and when it was sent in seconds of the epoch. Empty when in the background."""
        response = self.call(
            "blast",
            channel_ids=[str(channel_id) for channel_id in channel_ids],
            count=count,
            per_second=per_second,
            authors=authors,
            background=background,
        )
        return [(int(message_id), sent_at) for message_id, sent_at in response["shots"]]

    def read_journal(self, *, on: bool) -> JournalContents:
        """Switch the record of REST calls and gateway events on or off, and take what it held."""
        response = self.call("journal", on=on)
        return JournalContents(
            tuple(response["entries"]), {name: tuple(events) for name, events in response["events"].items()}
        )

    def begin_replay(self, guild: str, *, reconnect_timeout: float | None = None) -> tuple[str, int]:
        """A key for the rows that follow, and the guild's id. The bot may be away for `patience` seconds."""
        response = self.call("replay/begin", guild=guild, patience=reconnect_timeout)
        return response["replay"], int(response["guild_id"])

    def send_replay_rows(self, replay: str, rows: Sequence[Sequence[object]]) -> None:
        self.call("replay/rows", replay=replay, rows=rows)

    def finish_replay(self, replay: str) -> int:
        """Wait until the bot has acknowledged everything; the number of messages sent."""
        return int(self.call("replay/finish", replay=replay)["sent"])

    def _send_interaction(self, kind: str, channel_id: int, user_id: int, **body: Any) -> InteractionResult:
        return parse_interaction_result(
            self.call(f"interaction/{kind}", channel_id=str(channel_id), user_id=str(user_id), **body)
        )

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise ServiceUnavailable(
                f"The local Discord at {self.base_url} does not answer: is `herwa up` running?"
            ) from error
        payload: dict[str, Any] = response.json()
        if response.is_error:
            raise _ERRORS_BY_CODE.get(payload.get("code", ""), HerwaError)(payload.get("error"))
        return payload


def _format_id(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)


def _parse_id(payload: dict[str, Any]) -> int:
    return int(payload["id"])
