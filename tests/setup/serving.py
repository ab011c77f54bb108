"""A server on this machine that misbehaves as it is told to."""

import contextlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Serves files, as well as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = b""
        """What it answers where ``files`` says nothing."""

        self.files: dict[str, bytes] = {}
        """By path."""

        self.vices: list[str] = []
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One vice for each request, then none."""

    server: Server

    def do_GET(self) -> None:
        """Answer."""
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        vice = self.server.vices.pop(0) if self.server.vices else ""
        if vice == "missing":
            self.send_error(404)
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked else 0
        if vice == "ignores range":
            start = 0
        body = self.server.files.get(self.path, self.server.body)[start:]
        if start and not body:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        length = len(body) + (1000 if vice == "lies about length" else 0)
        chunked = "in chunks" in vice
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif vice != "no length":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        sent = body[: len(body) // 2] if vice.endswith("breaks off") else body
        self.wfile.write(b"%x\r\n%b\r\n" % (len(sent), sent) if chunked else sent)
        if vice == "in chunks":
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server that answers in a thread of its own."""
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()
