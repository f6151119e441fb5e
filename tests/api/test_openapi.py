"""The document at /api/openapi.json is valid OpenAPI 3.1 and describes every route."""

from pathlib import Path

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
        "/api/guilds/{guild_id}",
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
        "/api/guilds/{guild_id}/exports",
        "/api/guilds/{guild_id}/export-events",
        "/api/guilds/{guild_id}/exports/{export_id}",
        "/api/guilds/{guild_id}/exports/{export_id}/file",
        "/api/guilds/{guild_id}/exports/{export_id}/link",
        "/api/guilds/{guild_id}/exports/{export_id}/pause",
        "/api/guilds/{guild_id}/exports/{export_id}/resume",
        "/api/guilds/{guild_id}/keys",
        "/api/guilds/{guild_id}/keys/{key_id}",
        "/api/guilds/{guild_id}/keys/{key_id}/requests",
        "/api/guilds/{guild_id}/keys/{key_id}/rotate",
        "/api/guilds/{guild_id}/keys/{key_id}/usage",
        "/api/guilds/{guild_id}/public-page",
        "/api/guilds/{guild_id}/widgets",
        "/api/guilds/{guild_id}/widgets/{widget_id}",
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


def find_json_bodies(document):
    """Yield the name and the content of every JSON body of requests and successful responses."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                content = body.get("content", {}).get("application/json")
                if content is not None and path.startswith("/api/"):
                    yield f"{method} {path} {name}", content


async def test_every_body_has_an_example_that_its_schema_accepts(client):
    document = (await client.get("/api/openapi.json")).json()
    bodies = dict(find_json_bodies(document))
    assert len(bodies) > 30
    for name, content in bodies.items():
        schema = {**content["schema"], "components": document["components"]}
        problems = [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])]
        assert problems == [], name


async def test_every_parameter_has_an_example_or_a_list_of_values(client):
    document = (await client.get("/api/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                schema = parameter["schema"]
                is_enum = any("$ref" in item or "enum" in item for item in (schema, *schema.get("anyOf", [])))
                assert is_enum or {"examples", "default"} & schema.keys(), (path, parameter["name"])


async def test_every_operation_is_described_and_its_name_is_unique(client):
    document = (await client.get("/api/openapi.json")).json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    tags = {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert set(operation["tags"]) <= tags


async def test_manual_lists_every_endpoint(client):
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    assert [path for path in paths if path.startswith("/api/") and f"{path.removeprefix('/api')}`" not in manual] == []


async def test_other_methods_are_refused_with_the_methods_of_the_path(client):
    document = (await client.get("/api/openapi.json")).json()
    ids = dict.fromkeys(("guild_id", "key_id", "rule_id", "export_id", "widget_id"), "5")
    parameters = {**ids, "session_id": "0" * 32, "target": "everything:"}
    for path, operations in document["paths"].items():
        declared = {method.upper() for method in operations}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - declared:
            response = await client.request(method, path.format(**parameters))
            assert (response.status_code, response.headers["content-type"]) == (405, "application/problem+json")
            assert set(response.headers["allow"].split(", ")) == declared, (path, method)
