"""State of the API keys page: create, rotate, revoke. The secret of a new key is shown once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta, tzinfo
from typing import Any

import reflex as rx

from herwa_shared.auth.guild_access import UserGuildInfo
from herwa_shared.catalog import Scope, Surface
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.guardrail.member_data import can_see_members
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_allowance import load_key_allowance
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.api_key_usage import list_last_requests, load_usage
from herwa_shared.services.api_keys import KeyStatus, NewKey, create_key, list_keys, revoke_key, rotate_key
from herwa_shared.services.audit import Actor
from herwa_shared.services.guild_settings import load_guild_settings
from herwa_shared.services.write_transaction import open_write_transaction
from herwa_web import app_context, auth
from herwa_web.error_messages import describe_error
from herwa_web.page_names import load_page_names
from herwa_web.pages.guild_page_state import ACCESS_ERRORS, GuildPageState, parse_guild_id
from herwa_web.pages.keys import texts
from herwa_web.pages.keys.key_form import KeyForm, parse_key_form, parse_overlap
from herwa_web.pages.keys.usage_views import (
    EndpointRow,
    LoggedRequestRow,
    build_curl_command,
    build_endpoint_rows,
    build_request_rows,
)
from herwa_web.pages.keys.view_models import USAGE_DAYS, KeyRow, KeysData, build_key_rows
from herwa_web.saving.state import build_actor
from herwa_web.surfaces import KEYS
from herwa_web.turns import new_turn

MAX_KEYS_WITH_USAGE = 25
ACTIONS = ("rotate", "revoke")
MEMBER_SCOPES = frozenset((Scope.MEMBERS, Scope.MEMBER_IDS))

Change = Callable[[Any, UserGuildInfo, Actor], Awaitable[NewKey | KeyStatus]]
"""A change of the keys in a transaction of the database."""


class KeysState(GuildPageState, rx.State):
    """State of the API keys page.

    `secret` is the key that was just created, until it is closed. `action` is `rotate:ID` or `revoke:ID` while the user
    is asked to confirm it. `usage_key` is the key whose requests are shown.
    """

    valid_keys: list[KeyRow] = rx.field(default_factory=list)
    ended_keys: list[KeyRow] = rx.field(default_factory=list)
    allowance: str = ""
    test_allowance: str = ""
    limit_hint: str = ""
    has_free_live_key: bool = True
    has_free_test_key: bool = True
    creating: bool = False
    serial: str = ""
    form_error: str = ""
    secret: str = ""
    secret_title: str = ""
    curl_command: str = ""
    action: str = ""
    usage_key: str = ""
    endpoints: list[EndpointRow] = rx.field(default_factory=list)
    last_requests: list[LoggedRequestRow] = rx.field(default_factory=list)
    working: bool = False
    _zone: tzinfo = UTC

    @rx.event(background=True, temporal=True)
    async def open_form(self) -> Any:
        """Open the form of a new key."""
        return await self._edit(self._open_form)

    @rx.event(background=True, temporal=True)
    async def close_form(self) -> Any:
        """Close the form without a new key."""
        return await self._edit(self._close_form)

    @rx.event(background=True, temporal=True)
    async def create_key(self, form: dict[str, Any]) -> Any:
        """Create a key and show its secret once."""
        try:
            parsed = parse_key_form(form if isinstance(form, dict) else {}, utc_now())
        except BadRequest as error:
            text = str(error)
            return await self._edit(lambda: self._refuse_form(text))

        async def change(session: Any, guild: UserGuildInfo, actor: Actor) -> NewKey:
            await _require_member_data(session, guild, parsed)
            return await create_key(
                session,
                guild_id=guild.id,
                name=parsed.name,
                scopes=parsed.scopes,
                pepper=_load_pepper(),
                actor=actor,
                expires_at=parsed.expires_at,
                networks=parsed.networks,
                is_test=parsed.is_test,
            )

        return await self._change_keys(change)

    @rx.event(background=True, temporal=True)
    async def start_action(self, action: str, key: str) -> Any:
        """Ask whether a key should be rotated or revoked."""
        return await self._edit(lambda: self._start_action(str(action), str(key)))

    @rx.event(background=True, temporal=True)
    async def cancel_action(self) -> Any:
        """Leave the key as it is."""
        return await self._edit(self._cancel_action)

    @rx.event(background=True, temporal=True)
    async def rotate_key(self, form: dict[str, Any]) -> Any:
        """Replace the key that the user was asked about; the old one keeps working for the chosen time."""
        overlap = parse_overlap(form) if isinstance(form, dict) else timedelta(0)
        key_id = await self._take_action("rotate")

        async def change(session: Any, guild: UserGuildInfo, actor: Actor) -> NewKey:
            return await rotate_key(
                session, guild_id=guild.id, key_id=key_id, pepper=_load_pepper(), actor=actor, overlap=overlap
            )

        return await self._change_keys(change) if key_id else None

    @rx.event(background=True, temporal=True)
    async def revoke_key(self) -> Any:
        """Revoke the key that the user was asked about."""
        key_id = await self._take_action("revoke")

        async def change(session: Any, guild: UserGuildInfo, actor: Actor) -> KeyStatus:
            return await revoke_key(session, guild_id=guild.id, key_id=key_id, actor=actor)

        return await self._change_keys(change) if key_id else None

    @rx.event(background=True, temporal=True)
    async def toggle_usage(self, key: str) -> Any:
        """Show the requests of a key: by endpoint, and the last ones. Hide them if they are shown."""
        async with self._get_order_lock():
            return await self._toggle_usage(str(key))

    async def _toggle_usage(self, key: str) -> Any:
        async with self:
            url, turn, is_open = self.router.url, self._turn, self.usage_key == key
            is_known = any(row.key == key for row in (*self.valid_keys, *self.ended_keys))
            if is_open or not is_known:
                self.usage_key, self.endpoints, self.last_requests = "", [], []
                return None
        try:
            guild = await auth.authorize(await auth.load_visitor(self), parse_guild_id(url.path), KEYS)
            async with app_context.get_stores().database.transaction() as session:
                usage = await load_usage(session, guild_id=guild.id, key_id=int(key), days=USAGE_DAYS)
                requests = await list_last_requests(session, guild_id=guild.id, key_id=int(key))
        except Exception as error:  # noqa: BLE001 - `_show_failure` logs it and shows it
            return await self._show_failure(error, url, turn)
        async with self:
            if self._is_at(url):
                self.usage_key, self.endpoints = key, build_endpoint_rows(usage.endpoints)
                self.last_requests = build_request_rows(requests, self._zone)
        return None

    @rx.event(background=True, temporal=True)
    async def close_secret(self) -> Any:
        """Forget the secret of the new key."""
        return await self._edit(self._forget_secret)

    def _get_surface(self) -> Surface:
        return KEYS

    async def _fetch(self, _visitor: auth.Visitor, guild: UserGuildInfo, _url: Any) -> KeysData:
        names, now = await load_page_names(guild.id), utc_now()
        async with app_context.get_stores().database.transaction() as session:
            keys = await list_keys(session, guild_id=guild.id)
            valid_ids = [key.id for key in keys if key.is_valid(now)][:MAX_KEYS_WITH_USAGE]
            return KeysData(
                keys,
                {
                    key_id: await load_usage(session, guild_id=guild.id, key_id=key_id, days=USAGE_DAYS)
                    for key_id in valid_ids
                },
                await load_key_allowance(session, guild_id=guild.id, now=now),
                await load_key_allowance(session, guild_id=guild.id, now=now, is_test=True),
                names,
                now,
            )

    def _present(self, data: KeysData) -> None:
        self.valid_keys, self.ended_keys = build_key_rows(data)
        allowance, test_allowance = data.allowance, data.test_allowance
        self.allowance = texts.format_allowance(allowance.used, allowance.limit)
        self.test_allowance = texts.format_test_allowance(test_allowance.used, test_allowance.limit)
        self.limit_hint = texts.format_limit_hint(allowance.limit or 0) if allowance.is_used_up else ""
        self.has_free_live_key, self.has_free_test_key = not allowance.is_used_up, not test_allowance.is_used_up
        self._zone = data.names.zone

    async def _change_keys(self, change: Change) -> Any:
        """Authorize and make a change of the keys, then load the page again."""
        async with self:
            if self.working:
                return None
            self.working, self.form_error = True, ""
            url, turn = self.router.url, self._turn
        try:
            visitor, guild = await auth.authorize_write(self, parse_guild_id(url.path), KEYS)
            result = await asyncio.shield(asyncio.create_task(_run_change(change, guild, build_actor(visitor))))
        except ACCESS_ERRORS as error:
            async with self:
                self.working = False
            return await self._show_failure(error, url, turn)
        except Exception as error:  # noqa: BLE001 - `describe_error` logs it
            text = str(error) if isinstance(error, HerwaError) else describe_error(error)
            async with self:
                self.working = False
                self._refuse_form(text)
            return None if self.creating else rx.toast.error(text, id="keys")
        async with self:
            self.working = False
            if self._guild_id == str(guild.id):
                self._show_result(result)
        await self._load_page()
        return rx.toast.success(texts.KEY_REVOKED, id="keys") if isinstance(result, KeyStatus) else None

    async def _take_action(self, name: str) -> int:
        """Return the key of the question that the user confirms, and close it; 0 for another or no question."""
        async with self:
            action, _, key = self.action.partition(":")
            if action != name:
                return 0
            self.action = ""
            return int(key)

    def _show_result(self, result: NewKey | KeyStatus) -> None:
        self.creating = False
        if isinstance(result, KeyStatus):
            self.announcement = texts.KEY_REVOKED
            return
        self.secret, self.secret_title = result.secret, texts.format_secret_title(result.status.name)
        self.curl_command = build_curl_command(
            app_context.get_settings().origin,
            self._guild_id,
            result.secret,
            utc_now().astimezone(self._zone),
            is_test=result.status.is_test,
        )
        self.announcement = texts.COPY_NOW

    def _open_form(self) -> None:
        self.creating, self.form_error, self.serial = True, "", new_turn()
        self._forget_secret()

    def _close_form(self) -> None:
        self.creating, self.form_error = False, ""

    def _refuse_form(self, text: str) -> None:
        self.form_error = self.announcement = text

    def _start_action(self, action: str, key: str) -> None:
        row = next((row for row in self.valid_keys if row.key == key), None)
        if row is not None and action in ACTIONS and (action == "revoke" or row.can_rotate):
            self.action = f"{action}:{key}"
            self._forget_secret()

    def _cancel_action(self) -> None:
        self.action = ""

    def _forget_secret(self) -> None:
        self.secret = self.secret_title = self.curl_command = ""


async def _run_change(change: Change, guild: UserGuildInfo, actor: Actor) -> NewKey | KeyStatus:
    async with open_write_transaction(app_context.get_stores().database) as session:
        return await change(session, guild, actor)


async def _require_member_data(session: Any, guild: UserGuildInfo, form: KeyForm) -> None:
    """Raise BadRequest if the key would read data about members that its creator does not see.

    Test keys read no data about anyone.
    """
    if form.is_test:
        return
    audience = (await load_guild_settings(session, guild_id=guild.id)).member_audience
    if MEMBER_SCOPES & set(form.scopes) and not can_see_members(audience, guild.permissions, is_owner=guild.owner):
        raise BadRequest(texts.MEMBERS_NOT_SHOWN)


def _load_pepper() -> bytes:
    settings = app_context.get_settings()
    return load_peppers(settings, DataFolder(settings.data_dir))[0]
