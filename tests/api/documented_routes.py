"""The routes of the OpenAPI document, so that a test can send a request to every one of them."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

SAFE_METHODS = {"GET", "HEAD"}
OTHER_IDS = {"session_id": "0" * 32}
"""Values of path parameters that are no number."""


@dataclass(frozen=True, slots=True)
class DocumentedRoute:
    """A method and a path with parameters, as the document has them."""

    method: str
    path: str
    operation: dict[str, Any] = field(repr=False, hash=False)

    @property
    def is_reading(self) -> bool:
        return self.method in SAFE_METHODS

    @property
    def is_of_a_guild(self) -> bool:
        return "{guild_id}" in self.path

    @property
    def is_public(self) -> bool:
        """Whether the document names no way to authenticate."""
        return not self.operation.get("security")

    @property
    def query_parameters(self) -> list[str]:
        return [entry["name"] for entry in self.operation.get("parameters", []) if entry["in"] == "query"]

    @property
    def is_statistics(self) -> bool:
        return "statistics" in self.operation.get("tags", [])

    @property
    def body_schemas(self) -> list[str]:
        """The names of the schemas that the body may have."""
        return re.findall(r"#/components/schemas/(\w+)", str(self.operation.get("requestBody", "")))

    def fill(self, guild_id: int | str = 1) -> str:
        """Fill in the path: every other parameter gets an id that nothing has."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return self.path.format_map({name: OTHER_IDS.get(name, "1") for name in names} | {"guild_id": guild_id})

    async def request(self, client: httpx.AsyncClient, guild_id: int | str = 1, **headers: str) -> httpx.Response:
        """Send a request to this route, with an empty object if it takes a body."""
        body = {"json": {}} if "requestBody" in self.operation else {}
        return await client.request(self.method, self.fill(guild_id), headers=headers, **body)


async def list_routes(client: httpx.AsyncClient) -> list[DocumentedRoute]:
    """List all routes of the document."""
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    return [
        DocumentedRoute(method.upper(), path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
