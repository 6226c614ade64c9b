"""What stands in for X, whose server nobody can run: signatures are checked by oauthlib's own
server side, bodies by the models of X's own library. It shows that the form is right, no more.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local_server import LocalServer, answer_json
from oauthlib.oauth1 import RequestValidator, ResourceEndpoint
from xdk.media.models import CreateMetadataRequest, UploadRequest
from xdk.posts.models import CreateRequest

KEYS = {
    "api_key": "key-of-the-app",
    "api_secret": "secret-of-the-app",
    "access_token": "token-of-the-account",
    "access_token_secret": "secret-of-the-account",
}
ME = "4711"


class Validator(RequestValidator):
    """Knows one app and one account."""

    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)
    client_key_length = access_token_length = nonce_length = (1, 200)
    safe_characters = RequestValidator.safe_characters.fget(None) | set("-_")
    dummy_client = dummy_access_token = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self.revoked = False
        self._nonces: set[tuple[str, str]] = set()

    def check_client_key(self, key: str) -> bool:
        return True

    check_access_token = check_nonce = check_client_key

    def validate_realms(self, *args: Any, **more: Any) -> bool:
        return True

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, *args: Any, **more: Any
    ) -> bool:
        new = (timestamp, nonce) not in self._nonces
        self._nonces.add((timestamp, nonce))
        return new

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == KEYS["api_key"]

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token == KEYS["access_token"] and not self.revoked

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return KEYS["api_secret"]

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return KEYS["access_token_secret"]


class XEndpoint(LocalServer):
    """Takes posts as X's reference says; refuses the same words twice."""

    def __init__(self) -> None:
        self.validator = Validator()
        self.posts: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        self.broke = self.refuses_pages = False
        self.asked: list[str] = []
        self._judge = ResourceEndpoint(self.validator)
        super().__init__()

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append(request.path)
        base = request.headers.get("X-Signed-For", self.url)  # by a proxy of the tests
        valid, _ = self._judge.validate_protected_resource_request(
            base + request.path, request.command, None, dict(request.headers)
        )
        if valid:
            answer_json(request, *self._answer(request.command, request.path, body))
        else:
            answer_json(request, 401, {"title": "Unauthorized", "detail": "Unauthorized"})

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(path)
        match method, parts.path.strip("/").split("/"):
            case "GET", ["2", "users", "me"]:
                return 200, {"data": {"id": ME, "name": "Alarm", "username": "alarm"}}
            case "GET", ["2", "users", owner, "tweets"] if owner == ME:
                return self._timeline({key: said for key, (said,) in parse_qs(parts.query).items()})
            case "POST", ["2", "tweets"]:
                return self._post(json.loads(body))
            case "DELETE", ["2", "tweets", id_]:
                if id_ not in self.posts:
                    return 404, {"title": "Not Found Error"}
                del self.posts[id_]
                return 200, {"data": {"deleted": True}}
            case "POST", ["2", "media", "upload"]:
                sent = UploadRequest.model_validate_json(body)
                id_ = str(900 + len(self.media))
                self.media[id_] = {"bytes": base64.b64decode(str(sent.media)), "alt": None}
                return 200, {"data": {"id": id_, "media_key": f"3_{id_}"}}
            case "POST", ["2", "media", "metadata"]:
                sent = CreateMetadataRequest.model_validate_json(body)
                told = json.loads(body)
                self.media[told["id"]]["alt"] = told["metadata"]["alt_text"]["text"]
                return 200, {"data": {"id": told["id"]}}
        return 404, {"title": "Not Found Error"}

    def _timeline(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Newest first, a page at a time: https://docs.x.com/x-api/users/get-posts."""
        most, begins = (
            int(asked.get("max_results", 10)),
            int(asked.get("pagination_token", "t0")[1:]),
        )
        if not 5 <= most <= 100:
            return 400, {"title": "Invalid Request"}
        if begins and self.refuses_pages:
            return 429, {"title": "Too Many Requests"}
        since = asked["start_time"]
        new = [post for post in self.posts.values() if post["created_at"] >= since][::-1]
        page = new[begins : begins + most]
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(new) > begins + most:
            meta["next_token"] = f"t{begins + most}"
        return 200, {"data": page, "meta": meta} if page else {"meta": meta}

    def _post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        CreateRequest.model_validate(body)
        if self.broke:
            return 402, {"title": "CreditsDepleted"}
        if any(post["text"] == body["text"] for post in self.posts.values()):
            detail = "You are not allowed to create a Tweet with duplicate content."
            return 403, {"title": "Forbidden", "detail": detail}
        id_ = str(1000 + len(self.posts))
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.posts[id_] = {**body, "id": id_, "created_at": now}
        return 201, {"data": {"id": id_, "text": body["text"]}}
