"""An S3 server on this machine, one bucket in it, and what may go wrong between it and a client."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quorate.lake import objects
from quorate.lake.address import located

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "bucket"
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>"


@dataclass
class Bucket:
    """A bucket of a server; ``fault`` says of a request's method and key what goes wrong.

    A fault is a number, the status that is answered (503); ``"cut"``, the connection is cut before
    the server does anything; ``"deaf"``, it does what was asked and then cuts; ``"hang"``, nothing
    comes for long; or None.
    """

    url: str
    fault: Callable[[str, str], int | str | None] = lambda _method, _key: None
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Return what a client reads."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_REGION": "us-east-1",
        }

    @property
    def root(self) -> Path:
        """Return the place of the tests' lake."""
        return located(f"s3://{NAME}/lake")

    def kept(self) -> list[str]:
        """Return every object of the lake, the server's probe apart."""
        return [
            path.relative_to(self.root).as_posix().removeprefix("s3://")
            for path in objects.names(self.root)
            if path.name != ".conditional"
        ]


@contextmanager
def serving() -> Iterator[Bucket]:
    """Serve an empty bucket."""
    import httpx
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3.models import s3_backends
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    inside = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _faulty(inside, lambda: found), threaded=True)
    found = Bucket(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        httpx.put(f"{found.url}/{NAME}").raise_for_status()
        found.asked.clear()
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        s3_backends.reset()


def _faulty(inside, bucket):
    """Return an application that passes requests on, or does not."""
    turns = threading.Lock()

    def app(environ, start_response):
        found, method = bucket(), environ["REQUEST_METHOD"]
        key = environ["PATH_INFO"].removeprefix(f"/{NAME}").removeprefix("/")
        found.asked.append((method, key))
        fault = found.fault(method, key)
        if isinstance(fault, int):
            start_response(f"{fault} As Told", [("Content-Length", str(len(SLOW_DOWN)))])
            return [SLOW_DOWN]
        if fault == "hang":
            time.sleep(3.0)
        if fault == "deaf":
            inside(environ, lambda *_: None)
        if fault is not None:
            environ["werkzeug.socket"].shutdown(2)
            environ["werkzeug.socket"].close()
            start_response("200 OK", [("Content-Length", "0")])
            return []
        if method == "PUT":
            with turns:  # as the real one: whether a condition holds and the PUT are one step
                return [b"".join(inside(environ, start_response))]
        return inside(environ, start_response)

    return app
