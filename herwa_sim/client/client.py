"""HTTP client of the control API: act as members, inject faults, read the bot's state."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
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
    """Synchronous client with one method per control action. Ids are integers.

    Raises HerwaError with the error message of the local Discord.
    """

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.base_url = base_url
        self._http = httpx.Client(
            base_url=f"{base_url}/_sim", headers=headers, timeout=_REQUEST_TIMEOUT_SECONDS, trust_env=False
        )

    def close(self) -> None:
        """Close the HTTP connections."""
        self._http.close()

    def call(self, name: str, /, **body: Any) -> dict[str, Any]:
        """Call any control action by name; parameters that are None are omitted."""
        return self._request("POST", f"/{name}", {field: value for field, value in body.items() if value is not None})

    def get_snapshot(self) -> SimSnapshot:
        """Return the current state: guilds, sessions, personas, population."""
        return parse_snapshot(self._request("GET", "/state", None))

    def get_guild(self, guild_id: int) -> dict[str, Any]:
        """Return a guild with `channels`, `threads`, `voice` and `member_list`; ids are strings."""
        return self.call("guild", guild_id=str(guild_id))

    def create_guild(self, name: str, *, lively: bool = False, owner_id: int | None = None, bot: bool = True) -> int:
        """Create a guild with or without the bot (idempotent by name); return its id."""
        return _parse_id(self.call("guild/create", name=name, lively=lively, owner_id=_format_id(owner_id), bot=bot))

    def update_guild(
        self,
        guild_id: int,
        *,
        name: str | None = None,
        owner_id: int | None = None,
        afk_channel_id: int | None = None,
        system_channel_id: int | None = None,
        system_channel_flags: int | None = None,
    ) -> None:
        """Change the guild's name, owner, AFK channel, system channel, or which system messages are switched off."""
        self.call(
            "guild/update",
            guild_id=str(guild_id),
            name=name,
            owner_id=_format_id(owner_id),
            afk_channel_id=_format_id(afk_channel_id),
            system_channel_id=_format_id(system_channel_id),
            system_channel_flags=system_channel_flags,
        )

    def add_bot(self, guild_id: int) -> None:
        """Add the bot to the guild."""
        self.call("bot/add", guild_id=str(guild_id))

    def remove_guild(self, guild_id: int) -> None:
        """Remove the bot from the guild."""
        self.call("guild/remove", guild_id=str(guild_id))

    def set_available(self, guild_id: int, available: bool) -> None:
        """End or start an outage of the guild."""
        self.call("guild/outage", guild_id=str(guild_id), available=available)

    def create_channel(self, guild_id: int, name: str, *, type_: int = 0, parent_id: int | None = None) -> int:
        """Create a channel (idempotent by name, type and category); return its id.

        `type_` is Discord's channel type, for example 4 for a category.
        """
        response = self.call(
            "channel/create", guild_id=str(guild_id), name=name, type=type_, parent_id=_format_id(parent_id)
        )
        return _parse_id(response)

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel or thread."""
        self.call("channel/delete", channel_id=str(channel_id))

    def create_thread(
        self,
        channel_id: int,
        name: str,
        *,
        owner_id: int | None = None,
        message_id: int | None = None,
        private: bool = False,
    ) -> int:
        """Open a thread, from a message if `message_id` is given; return its id."""
        response = self.call(
            "thread/create",
            channel_id=str(channel_id),
            name=name,
            owner_id=_format_id(owner_id),
            message_id=_format_id(message_id),
            private=private,
        )
        return _parse_id(response)

    def create_post(self, forum_id: int, name: str, *, owner_id: int | None = None, content: str | None = None) -> int:
        """Open a forum post; return its id, which is also the id of its first message."""
        return _parse_id(
            self.call(
                "post/create", channel_id=str(forum_id), name=name, owner_id=_format_id(owner_id), content=content
            )
        )

    def join_thread(self, thread_id: int, user_id: int) -> None:
        """Add the user to the thread."""
        self.call("thread/join", channel_id=str(thread_id), user_id=str(user_id))

    def leave_thread(self, thread_id: int, user_id: int) -> None:
        """Remove the user from the thread."""
        self.call("thread/leave", channel_id=str(thread_id), user_id=str(user_id))

    def set_archived(self, thread_id: int, archived: bool) -> None:
        """Archive or unarchive the thread."""
        self.call("thread/archive", channel_id=str(thread_id), archived=archived)

    def join(self, guild_id: int, name: str, *, bot: bool = False, at: datetime | None = None) -> int:
        """Add a user with this name to the guild, as of `at` or now; return the user's id."""
        time = at.isoformat() if at else None
        return _parse_id(self.call("member/join", guild_id=str(guild_id), name=name, bot=bot, at=time))

    def leave(self, guild_id: int, user_id: int) -> None:
        """Remove the user from the guild."""
        self.call("member/leave", guild_id=str(guild_id), user_id=str(user_id))

    def ban(self, guild_id: int, user_id: int) -> None:
        """Ban the member."""
        self.call("member/ban", guild_id=str(guild_id), user_id=str(user_id))

    def set_nickname(self, guild_id: int, user_id: int, nick: str | None) -> None:
        """Set the member's nickname; None removes it."""
        self.call("member/nick", guild_id=str(guild_id), user_id=str(user_id), nick=nick)

    def set_status(self, user_id: int, status: str) -> None:
        """Set the user's status: `online`, `idle`, `dnd` or `offline`."""
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
        suppressed: bool = False,
    ) -> None:
        """Set the member's voice channel and state; channel None disconnects.

        A `suppressed` member of a stage channel is in the audience.
        """
        self.call(
            "voice/move",
            guild_id=str(guild_id),
            user_id=str(user_id),
            channel_id=_format_id(channel_id),
            muted=muted,
            deafened=deafened,
            streaming=streaming,
            video=video,
            suppressed=suppressed,
        )

    def create_role(self, guild_id: int, name: str, *, permissions: int = 0) -> int:
        """Create a role; return its id."""
        return _parse_id(self.call("role/create", guild_id=str(guild_id), name=name, permissions=permissions))

    def update_role(
        self, guild_id: int, role_id: int, *, name: str | None = None, permissions: int | None = None
    ) -> None:
        """Change the role's name or permissions."""
        self.call("role/update", guild_id=str(guild_id), role_id=str(role_id), name=name, permissions=permissions)

    def delete_role(self, guild_id: int, role_id: int) -> None:
        """Delete the role."""
        self.call("role/delete", guild_id=str(guild_id), role_id=str(role_id))

    def set_roles(self, guild_id: int, user_id: int, roles: Iterable[int]) -> None:
        """Replace the member's roles."""
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
        """Send a message as a user, or as the webhook with this name; return its id."""
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

    def boost(self, channel_id: int, user_id: int, *, level: int = 0) -> int:
        """Boost the server: Discord posts a message in the channel; return its id. `level` is that which is reached."""
        return _parse_id(self.call("message/boost", channel_id=str(channel_id), user_id=str(user_id), level=level))

    def create_scheduled_event(self, guild_id: int, channel_id: int, user_id: int, name: str) -> int:
        """Create a scheduled event in a voice or stage channel; return its id."""
        return _parse_id(
            self.call(
                "scheduled-event/create",
                guild_id=str(guild_id),
                channel_id=str(channel_id),
                user_id=str(user_id),
                name=name,
            )
        )

    def update_scheduled_event(
        self, guild_id: int, event_id: int, *, status: int | None = None, name: str | None = None
    ) -> None:
        """Change the status (Discord's number) or the name of a scheduled event."""
        self.call("scheduled-event/update", guild_id=str(guild_id), event_id=str(event_id), status=status, name=name)

    def delete_scheduled_event(self, guild_id: int, event_id: int) -> None:
        """Delete a scheduled event."""
        self.call("scheduled-event/delete", guild_id=str(guild_id), event_id=str(event_id))

    def open_direct_channel(self, user_id: int) -> int:
        """Return the id of the user's direct message channel; it is created if it is missing.

        It can be used like any other channel: to send messages, to click and to run commands.
        """
        return int(self.call("direct", user_id=str(user_id))["channel_id"])

    def list_direct_messages(self, user_id: int) -> tuple[DisplayedMessage, ...]:
        """List the messages between the user and the bot, oldest first."""
        return tuple(parse_message(message) for message in self.call("direct", user_id=str(user_id))["messages"])

    def list_messages(self, channel_id: int, *, user_id: int | None = None) -> tuple[DisplayedMessage, ...]:
        """List the messages of a channel, oldest first, then those that only this user sees."""
        payload = self.call("message/list", channel_id=str(channel_id), user_id=_format_id(user_id))
        return tuple(parse_message(message) for message in payload["messages"])

    def set_reachable(self, user_id: int, on: bool) -> None:
        """Set whether the user accepts direct messages."""
        self.call("direct/reachable", user_id=str(user_id), on=on)

    def edit_message(
        self, channel_id: int, message_id: int, *, content: str | None = None, length: int | None = None
    ) -> None:
        """Edit the message; with neither content nor length a link preview is added instead."""
        self.call(
            "message/edit", channel_id=str(channel_id), message_id=str(message_id), content=content, length=length
        )

    def delete_messages(self, channel_id: int, *message_ids: int) -> None:
        """Delete one message, or several in one event."""
        self.call(
            "message/delete", channel_id=str(channel_id), message_ids=[str(message_id) for message_id in message_ids]
        )

    def add_reaction(self, channel_id: int, message_id: int, user_id: int, emoji: str = "👍") -> None:
        """Add the member's reaction; the emoji is a character or `name:id`."""
        self.call(
            "reaction/add",
            channel_id=str(channel_id),
            message_id=str(message_id),
            user_id=str(user_id),
            emoji=emoji,
        )

    def remove_reaction(self, channel_id: int, message_id: int, user_id: int, emoji: str = "👍") -> None:
        """Remove the member's reaction."""
        self.call(
            "reaction/remove",
            channel_id=str(channel_id),
            message_id=str(message_id),
            user_id=str(user_id),
            emoji=emoji,
        )

    def clear_reactions(self, channel_id: int, message_id: int, emoji: str | None = None) -> None:
        """Remove all reactions of the message, or those of one emoji."""
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
        """Run a command as a member, for example `features list`, and wait for the response.

        User, channel and role options are ids as strings. `seconds` is the response timeout.
        """
        return self._send_interaction("command", channel_id, user_id, command=command, options=options, seconds=seconds)

    def autocomplete(
        self, channel_id: int, user_id: int, command: str, options: Mapping[str, object], *, focused: str
    ) -> InteractionResult:
        """Return the bot's suggestions while the member types the option `focused`."""
        return self._send_interaction(
            "autocomplete", channel_id, user_id, command=command, options=options, focused=focused
        )

    def click(
        self, channel_id: int, user_id: int, message_id: int, custom_id: str, *, values: Sequence[str] | None = None
    ) -> InteractionResult:
        """Click a button, or choose `values` in a select, as a member."""
        return self._send_interaction(
            "click", channel_id, user_id, message_id=str(message_id), custom_id=custom_id, values=values
        )

    def submit(
        self, channel_id: int, user_id: int, interaction_id: int, values: Mapping[str, object]
    ) -> InteractionResult:
        """Submit the modal that was the response to `interaction_id`; values by `custom_id`."""
        return self._send_interaction("submit", channel_id, user_id, interaction_id=str(interaction_id), values=values)

    def fetch(self, url: str) -> bytes:
        """Download a file from the local Discord's CDN."""
        return self._http.get(url).raise_for_status().content

    def drop_sockets(self, *, shard: int | None = None, code: int | None = None) -> None:
        """Abort gateway connections, or close them with a code."""
        self.call("fault/drop", shard=shard, code=code)

    def request_reconnect(self, *, shard: int | None = None) -> None:
        """Send op 7: the bot reconnects and resumes."""
        self.call("fault/reconnect", shard=shard)

    def invalidate_sessions(self, *, shard: int | None = None, resumable: bool = False) -> None:
        """Send op 9: the bot must identify again or, if `resumable`, may resume."""
        self.call("fault/invalidate", shard=shard, resumable=resumable)

    def dispatch(self, name: str, data: object, *, guild_id: int | None = None) -> None:
        """Dispatch any gateway event, malformed ones included."""
        self.call("fault/dispatch", name=name, data=data, guild_id=_format_id(guild_id))

    def enable_faults(self, **faults: object) -> dict[str, dict[str, Any]]:
        """Configure faults; return all faults with their counters.

        A number is the share of events or calls that are affected, a dict sets single fields. Gateway faults: double,
        malformed, drop, reconnect, invalidate. REST faults: limit, fail, wrong_body, slow.
        """
        return self._request("POST", "/chaos", faults)

    def disable_faults(self) -> dict[str, dict[str, Any]]:
        """Turn off all faults; return them with their counters."""
        return self._request("POST", "/chaos/off", {})

    def request_heartbeat(self) -> None:
        """Send op 1: the bot's heartbeat acknowledges the events that it has received."""
        self.call("heartbeat")

    def set_application(
        self,
        *,
        privileged: Sequence[str] | None = None,
        shards: int | None = None,
        max_concurrency: int | None = None,
    ) -> None:
        """Set the privileged intents, the recommended number of shards and the concurrency.

        `privileged` contains some of `members`, `presences` and `message_content`.
        """
        self.call("application", privileged=privileged, shards=shards, max_concurrency=max_concurrency)

    def set_population(self, on: bool, *, speed: float | None = None) -> None:
        """Start or stop the simulated population; at speed 1 it sends a message every few seconds."""
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
        """Send many messages; return their ids and send times in Unix seconds.

        In the background the list is empty.
        """
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
        """Switch the journal on or off; return and clear its contents."""
        response = self.call("journal", on=on)
        return JournalContents(
            tuple(response["entries"]), {name: tuple(events) for name, events in response["events"].items()}
        )

    def begin_replay(self, guild: str, *, reconnect_timeout: float | None = None) -> tuple[str, int]:
        """Start a replay; return its key and the guild's id.

        The bot may be disconnected for `reconnect_timeout` seconds before the replay fails.
        """
        response = self.call("replay/begin", guild=guild, patience=reconnect_timeout)
        return response["replay"], int(response["guild_id"])

    def send_replay_rows(self, replay: str, rows: Sequence[Sequence[object]]) -> None:
        """Send rows of the replay; returns when the bot has acknowledged enough to continue."""
        self.call("replay/rows", replay=replay, rows=rows)

    def finish_replay(self, replay: str) -> int:
        """Wait until the bot has acknowledged everything; return the number of messages sent."""
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
                f"The local Discord at {self.base_url} doesn't respond. Start it with `herwa up`."
            ) from error
        payload: dict[str, Any] = response.json()
        if response.is_error:
            raise _ERRORS_BY_CODE.get(payload.get("code", ""), HerwaError)(payload.get("error"))
        return payload


def _format_id(id_: int | None) -> str | None:
    return None if id_ is None else str(id_)


def _parse_id(payload: dict[str, Any]) -> int:
    return int(payload["id"])
