"""A tile server on this machine: the same picture for each tile, and a note of what was asked for."""

from __future__ import annotations

import io
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

COLOUR = (90, 160, 90)


class Tiles(ThreadingHTTPServer):
    """``asked`` has each tile as zoom, x and y; ``strange`` the paths that are no tile's."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked = []
        self.strange = []
        out = io.BytesIO()
        Image.new("RGB", (256, 256), COLOUR).save(out, "PNG")
        self.tile = out.getvalue()

    @property
    def host(self):
        return f"127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        tile = re.fullmatch(r"/(\d+)/(\d+)/(\d+)\.png", self.path)
        if tile is None:
            self.server.strange.append(self.path)
            self.send_error(404)
            return
        self.server.asked.append(tuple(map(int, tile.groups())))
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(self.server.tile)))
        self.end_headers()
        self.wfile.write(self.server.tile)

    def log_message(self, *_):
        """Says nothing."""


@contextmanager
def tile_server():
    with Tiles() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)
