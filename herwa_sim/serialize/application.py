"""The application, its commands, and what the gateway says at the start of a session."""

from herwa_sim.entities import Json, Privileged
from herwa_sim.serialize.members import self_json, user_json
from herwa_sim.world import PERSONAS, World

# The flags for applications in fewer than a hundred guilds.
_LIMITED = {Privileged.PRESENCES: 1 << 13, Privileged.MEMBERS: 1 << 15, Privileged.MESSAGE_CONTENT: 1 << 19}

_COMMAND_DEFAULTS: Json = {
    "type": 1,
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


def application_json(world: World) -> Json:
    application = world.application
    flags = sum(bit for intent, bit in _LIMITED.items() if intent in application.privileged)
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
        "owner": user_json(world.user(PERSONAS["operator"])),
        "approximate_guild_count": len(world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot", "applications.commands", "identify", "guilds"],
        "bot": user_json(world.bot),
    }


def gateway_bot_json(world: World) -> Json:
    return {
        "url": gateway_url(world),
        "shards": world.application.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": 999,
            "reset_after": 86_400_000,
            "max_concurrency": world.application.max_concurrency,
        },
    }


def gateway_url(world: World) -> str:
    return world.base_url.replace("http", "ws", 1) + "/"


def ready_json(world: World, *, session_id: str, shard: tuple[int, int], guild_ids: list[int]) -> Json:
    application = application_json(world)
    return {
        "v": 10,
        "user": self_json(world.bot),
        "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
        "session_id": session_id,
        "resume_gateway_url": gateway_url(world),
        "shard": list(shard),
        "application": {name: application[name] for name in ("id", "flags", "flags_new")},
        "private_channels": [],
        "relationships": [],
        "user_settings": {},
    }


def command_json(world: World, command_id: int, registered: Json, *, guild_id: int | None) -> Json:
    """A registered command with everything that Discord fills in."""
    given = {name: value for name, value in registered.items() if value is not None}
    if given.get("default_member_permissions") is not None:
        given["default_member_permissions"] = str(given["default_member_permissions"])
    place = {} if guild_id is None else {"guild_id": str(guild_id)}
    return (
        _COMMAND_DEFAULTS
        | given
        | place
        | {
            "id": str(command_id),
            "application_id": str(world.application.id),
            "version": str(world.mint.next()),
        }
    )
