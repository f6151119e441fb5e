"""The document at /api/openapi.json is valid OpenAPI 3.1 and describes every route."""

from jsonschema import Draft202012Validator

from herwa_shared.auth.sessions import get_cookie_name


async def test_document_is_openapi_3_1_and_lists_every_route(client):
    document = (await client.get("/api/openapi.json")).json()

    assert document["openapi"].startswith("3.1.")
    assert set(document["paths"]) == {
        "/api/me",
        "/api/guilds",
        "/api/sessions",
        "/api/sessions/{session_id}",
        "/api/guilds/{guild_id}/stats",
        "/api/guilds/{guild_id}/top/channels",
        "/api/guilds/{guild_id}/top/members",
        "/api/guilds/{guild_id}/heatmap",
        "/api/guilds/{guild_id}/features",
        "/api/guilds/{guild_id}/rules",
        "/api/guilds/{guild_id}/channel-lists",
        "/api/guilds/{guild_id}/rules/{rule_id}",
        "/api/guilds/{guild_id}/channel-lists/{target}",
        "/api/guilds/{guild_id}/audit",
        "/api/guilds/{guild_id}/explain",
        "/api/guilds/{guild_id}/keys",
        "/api/guilds/{guild_id}/keys/{key_id}",
        "/api/guilds/{guild_id}/keys/{key_id}/requests",
        "/api/guilds/{guild_id}/keys/{key_id}/rotate",
        "/api/guilds/{guild_id}/keys/{key_id}/usage",
        "/api/leaked-keys",
        "/healthz",
        "/readyz",
    }
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_every_reference_in_the_document_resolves(client):
    document = (await client.get("/api/openapi.json")).json()

    def find_references(node):
        """Yield every `$ref` in this part of the document."""
        if isinstance(node, dict):
            yield from [node["$ref"]] if "$ref" in node else []
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from find_references(child)

    references_found = set(find_references(document))
    assert "#/components/schemas/Problem" in references_found
    for reference in references_found:
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


async def test_every_guild_route_documents_security_errors_and_parameters(client, settings):
    document = (await client.get("/api/openapi.json")).json()

    schemes = document["components"]["securitySchemes"]
    assert schemes["apiKey"]["scheme"] == "bearer"
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", get_cookie_name(settings))
    for path, operations in document["paths"].items():
        if "{guild_id}" not in path:
            continue
        for operation in operations.values():
            assert operation["security"] == [{"apiKey": []}, {"session": []}]
            assert {"400", "401", "403", "404"} <= operation["responses"].keys()
            assert not {"200", "201", "204"}.isdisjoint(operation["responses"])
            assert "422" not in operation["responses"]
            for parameter in operation["parameters"]:
                assert parameter["description"]
