"""JSON of the application, its commands, and the gateway's READY event."""

from herwa_shared.discord.constants import ApplicationFlag, CommandType
from herwa_sim.entities import Json, PrivilegedIntents
from herwa_sim.serialize.members import serialize_own_user, serialize_user
from herwa_sim.world import PERSONAS, World

# Application flags of privileged intents, in the variant for applications in fewer than 100 guilds.
_LIMITED_INTENT_FLAGS = {
    PrivilegedIntents.PRESENCES: ApplicationFlag.PRESENCES_LIMITED,
    PrivilegedIntents.MEMBERS: ApplicationFlag.MEMBERS_LIMITED,
    PrivilegedIntents.MESSAGE_CONTENT: ApplicationFlag.MESSAGE_CONTENT_LIMITED,
}

_COMMAND_DEFAULTS: Json = {
    "type": CommandType.SLASH,
    "description": "",
    "default_member_permissions": None,
    "dm_permission": True,
    "nsfw": False,
    "contexts": None,
    "integration_types": [0],
    "name_localizations": None,
    "description_localizations": None,
    "options": [],
}


def serialize_application(world: World) -> Json:
    """Return the application object."""
    application = world.application
    flags = sum(bit for intent, bit in _LIMITED_INTENT_FLAGS.items() if intent in application.privileged)
    return {
        "id": str(application.id),
        "name": application.name,
        "icon": None,
        "description": "",
        "type": None,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "bot_public": True,
        "bot_require_code_grant": False,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": serialize_user(world.get_user(PERSONAS["operator"])),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands", "identify", "guilds"],
        "bot": serialize_user(world.bot),
    }


def serialize_gateway_bot(world: World) -> Json:
    """Return the response of GET /gateway/bot."""
    return {
        "url": build_gateway_url(world),
        "shards": world.application.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": 999,
            "reset_after": 86_400_000,
            "max_concurrency": world.application.max_concurrency,
        },
    }


def build_gateway_url(world: World) -> str:
    """Return the WebSocket URL of the gateway."""
    return world.base_url.replace("http", "ws", 1) + "/"


def serialize_ready(world: World, *, session_id: str, shard: tuple[int, int], guild_ids: list[int]) -> Json:
    """Return the data of READY."""
    application = serialize_application(world)
    return {
        "v": 10,
        "user": serialize_own_user(world.bot),
        "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
        "session_id": session_id,
        "resume_gateway_url": build_gateway_url(world),
        "shard": list(shard),
        "application": {name: application[name] for name in ("id", "flags", "flags_new")},
        "private_channels": [],
        "relationships": [],
        "user_settings": {},
    }


def serialize_command(world: World, command_id: int, definition: Json, *, guild_id: int | None) -> Json:
    """Return a registered command with the default values that Discord fills in."""
    fields = {name: value for name, value in definition.items() if value is not None}
    if fields.get("default_member_permissions") is not None:
        fields["default_member_permissions"] = str(fields["default_member_permissions"])
    guild_fields = {} if guild_id is None else {"guild_id": str(guild_id)}
    return (
        _COMMAND_DEFAULTS
        | fields
        | guild_fields
        | {
            "id": str(command_id),
            "application_id": str(world.application.id),
            "version": str(world.snowflakes.generate()),
        }
    )
