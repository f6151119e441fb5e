"""Peers of the benchmark `api`: the same body behind a key check, limits as the documentation of slowapi shows them.

`BODY_FILE`, `API_KEY` and `LIMITER_URL` come from the environment. The key is
checked as Herwa does it: by a keyed hash.
"""

import hmac
import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address

BODY = Path(os.environ["BODY_FILE"]).read_bytes()
PEPPER = b"pepper"


def hash_key(key: str) -> bytes:
    """Hash a key."""
    return hmac.digest(PEPPER, key.encode(), "sha256")


KEYS = {hash_key(os.environ["API_KEY"]): "principal"}


def create_slowapi_app() -> FastAPI:
    """Build FastAPI with slowapi on Redis. The body is made beforehand, which favors this peer."""
    limiter = Limiter(key_func=get_remote_address, storage_uri=os.environ["LIMITER_URL"])
    app = FastAPI()
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)  # type: ignore[arg-type]

    def authenticate(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
        principal = KEYS.get(hash_key(credentials.credentials))
        if principal is None:
            raise HTTPException(401)
        return principal

    @app.get("/api/guilds/{guild_id}/stats")
    @limiter.limit("100000000/minute")
    async def get_stats(
        request: Request,  # noqa: ARG001 - slowapi needs it
        guild_id: int,  # noqa: ARG001
        principal: Annotated[str, Depends(authenticate)],  # noqa: ARG001
        metric: str = "messages",  # noqa: ARG001
    ) -> Response:
        return Response(BODY, media_type="application/json")

    return app


async def serve_raw(scope: Any, _receive: Any, send: Any) -> None:
    """Respond with the body: the least that a server of this kind can do."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
