"""The part of HashiCorp Vault's API that is used here, on a loopback socket, with its refusals.

KV of version 2 with check-and-set, AppRole, response wrapping, renewal, policies by path, tokens
that end by the clock that is given.
"""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROLE, SECRET_ID = "canary-role-live", "canary-secret-id-6620"


@dataclass
class Served:
    """What the server knows; ``fault`` says of a path what goes wrong: a status, "cut", "odd"."""

    clock: object
    address: str = ""
    life_s: int = 3600
    is_renewable: bool = True
    may: tuple = ("quorate/read-only", "quorate/trade")
    tokens: dict = field(default_factory=dict)
    wraps: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    fault: object = staticmethod(lambda _path: None)

    def wrap(self):
        token = f"canary-wrap-{len(self.wraps)}-0000"
        self.wraps[token] = SECRET_ID
        return token

    def auth(self, token):
        self.tokens[token] = self.clock() + self.life_s * 1000
        lease = {"lease_duration": self.life_s, "renewable": self.is_renewable}
        return 200, {"auth": {"client_token": token, **lease}}

    def answer(self, method, path, token, body):
        if path == "sys/wrapping/unwrap":
            found = self.wraps.pop(body.get("token") or token, None)
            said = {"errors": ["wrapping token is not valid or does not exist"]}
            return (400, said) if found is None else (200, {"data": {"secret_id": found}})
        if path == "auth/approle/login":
            if (body["role_id"], body["secret_id"]) != (ROLE, SECRET_ID):
                return 400, {"errors": ["invalid role or secret ID"]}
            return self.auth(f"canary-hvs-{len(self.tokens)}-7731")
        if self.tokens.get(token, 0) <= self.clock():
            return 403, {"errors": ["permission denied"]}
        if path == "auth/token/renew-self":
            return self.auth(token) if self.is_renewable else (400, {"errors": ["no"]})
        return self.keep(method, path.removeprefix("secret/data/"), body)

    def keep(self, method, name, body):
        if name not in self.may:
            return 403, {"errors": ["permission denied"]}
        versions = self.kept.setdefault(name, [])
        if method == "GET":
            if not versions:
                return 404, {"errors": []}
            about = {"version": len(versions), "deletion_time": ""}
            if versions[-1] is None:
                about["deletion_time"] = "2026-01-01T00:00:00Z"
                return 404, {"data": {"data": None, "metadata": about}}
            return 200, {"data": {"data": versions[-1], "metadata": about}}
        if body["options"].get("cas") != len(versions):
            said = "check-and-set parameter did not match the current version"
            return 400, {"errors": [said]}
        versions.append(body["data"])
        return 200, {"data": {"version": len(versions)}}


@contextmanager
def serving(clock):
    """Serve on a free port until the block ends."""
    served = Served(clock)

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null") or {}
            path = self.path.removeprefix("/v1/")
            served.asked.append(path)
            wrong = served.fault(path)
            if wrong == "cut":
                self.close_connection = True
                return
            token = self.headers.get("X-Vault-Token", "")
            said = (
                (wrong, {"errors": [f"later {token}"]})
                if isinstance(wrong, int)
                else served.answer(self.command, path, token, body)
            )
            raw = b"<html>" if wrong == "odd" else json.dumps(said[1]).encode()
            self.send_response(200 if wrong == "odd" else said[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
