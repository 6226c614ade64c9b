"""What stands in for Facebook's Graph API, of which there is no server to run.

It insists on the proof of the app's secret and on the fields of the
reference. It shows that the form is right, no more.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from local_server import LocalServer, answer_json

PAGE = "1055"
TOKEN = "token-of-the-page"
APP_SECRET = "secret-of-the-app"
_TAKEN = {"access_token", "appsecret_proof", "message", "link", "source", "alt_text_custom"}


class GraphEndpoint(LocalServer):
    """One Page and its feed."""

    def __init__(self) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.expired = False
        self.takes_pictures = True
        self.token_until: int | None = 0  # 0: never ends; None: Facebook does not say
        self.access_until = 0
        self.owner = PAGE
        self.visitors: list[str] = []  # what others have written on the Page
        self.says: int | None = None  # the code with which it refuses what is sent
        self.edits = True
        super().__init__()

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = urlsplit(request.path)
        fields = dict(parse_qsl(parts.query))
        if body:
            fields |= _form(request.headers.get("Content-Type", ""), body)
        answer_json(request, *self._answer(request.command, parts.path, fields))

    def _answer(self, method: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token = fields.get("access_token", "")
        proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if self.expired or token != TOKEN:
            return _error(190, f"Error validating access token {token}")
        if not hmac.compare_digest(proof, fields.get("appsecret_proof", "")):
            return _error(100, "Invalid appsecret_proof provided in the API argument")
        version, *way = path.strip("/").split("/")
        if version != "v26.0":
            return _error(2635, "You are calling a deprecated version")
        if method == "POST" and not set(fields) <= _TAKEN:
            return _error(100, "Unknown field")
        if method == "POST" and self.says is not None:
            return _error(self.says, "as the test says")
        match method, way:
            case "GET", ["me"]:
                return 200, {"id": self.owner, "name": "Alarm"}
            case "GET", ["debug_token"] if self.token_until is not None:
                if fields.get("input_token") != TOKEN:
                    return _error(100, "The input token is not valid")
                until = {
                    "expires_at": self.token_until,
                    "data_access_expires_at": self.access_until,
                }
                return 200, {"data": {"is_valid": True, **until}}
            case "GET", [owner, "published_posts" | "feed" as edge] if owner == PAGE:
                return self._page(edge, fields)
            case "POST", [owner, "feed"] if owner == PAGE:
                return 200, {"id": self._add(fields)}
            case "POST", [owner, "photos"] if owner == PAGE:
                if not self.takes_pictures:
                    return _error(324, "Missing or invalid image file")
                return 200, {"id": "77", "post_id": self._add(fields)}
            case "POST", [id_] if id_ in self.posts:
                self.posts[id_]["message"] = fields["message"]
                return 200, {"success": self.edits}
            case "DELETE", [id_] if id_ in self.posts:
                del self.posts[id_]
                return 200, {"success": True}
        return _error(100, "Unsupported request: object does not exist")

    def _page(self, edge: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Newest first, by cursors: https://developers.facebook.com/docs/graph-api/results."""
        limit, begins = int(fields.get("limit", 25)), int(fields.get("after", "c0")[1:])
        if limit > 100:
            return _error(100, "(#100) Please reduce the amount of data you're asking for")
        since = datetime.fromtimestamp(float(fields.get("since", 0)), UTC)
        own = [p for p in self.posts.values() if _made(p) >= since]
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+0000"
        others = [{"id": "9_9", "message": m, "created_time": now} for m in self.visitors]
        shown = [*(others if edge == "feed" else []), *own[::-1]]
        page = shown[begins : begins + limit]
        if not page:
            return 200, {"data": []}
        paging: dict[str, Any] = {
            "cursors": {"before": f"c{begins}", "after": f"c{begins + limit}"}
        }
        if len(shown) > begins + limit:
            more = urlencode({**fields, "after": paging["cursors"]["after"]})
            paging["next"] = f"{self.url}/v26.0/{PAGE}/{edge}?{more}"
        return 200, {"data": page, "paging": paging}

    def _add(self, fields: dict[str, Any]) -> str:
        id_ = f"{PAGE}_{200 + len(self.posts)}"
        self.posts[id_] = {
            "id": id_,
            "message": fields["message"],
            "created_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+0000",
            "picture": fields.get("source"),
            "alt": fields.get("alt_text_custom"),
        }
        if self.posts[id_]["picture"] is not None:
            self.posts[id_]["picture"] = self.posts[id_]["picture"].hex()
        return id_


def _error(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return 400, {"error": {"message": message, "type": "OAuthException", "code": code}}


def _made(post: dict[str, Any]) -> datetime:
    return datetime.strptime(post["created_time"], "%Y-%m-%dT%H:%M:%S%z")


def _form(kind: str, body: bytes) -> dict[str, Any]:
    if not kind.startswith("multipart/"):
        return dict(parse_qsl(body.decode()))
    whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields: dict[str, Any] = {}
    for part in whole.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        fields[str(name)] = content if part.get_filename() else content.decode()
    return fields
