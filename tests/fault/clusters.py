"""Real clusters on this machine: two Ray nodes, or a Dask scheduler with two workers."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BIN = Path(sys.executable).parent
SECOND = "QUORATE_TEST_SECOND_NODE"
"""What the workers of the second Ray node have in their environment."""
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Cluster:
    """A running cluster: where, what a client's environment needs, what was started."""

    address: str
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def ray_cluster(place: Path, *, n_nodes: int = 2, mode: str = "token") -> Iterator[Cluster]:
    """Run Ray nodes of one CPU each, each by its own `ray start`.

    Ray takes no loopback: a node stands on the machine's own private address.
    """
    key = place / "token"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    auth = {"RAY_AUTH_MODE": mode, "RAY_AUTH_TOKEN_PATH": str(key)}
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONWARNINGS": "ignore"}
    own = private_address()
    address = f"{own}:{free_port()}"
    common = ["--num-cpus=1", "--num-gpus=0", "--object-store-memory=80000000", "--block"]
    common += ["--disable-usage-stats", f"--node-ip-address={own}"]
    head = ["--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"]
    with ExitStack() as stack:
        # sockets lie in it, and their names may not be long
        short = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="q", ignore_cleanup_errors=True)
        )
        nodes = [[*head, f"--temp-dir={short}"]]
        nodes += [[f"--address={address}"]] * (n_nodes - 1)
        started = []
        for n, words in enumerate(nodes):
            more = auth | quiet | ({SECOND: "1"} if n else {})
            command = [str(BIN / "ray"), "start", *words, *common]
            log = place / f"node{n}.log"
            started.append(
                stack.enter_context(_running(command, more, log, b"Ray runtime started"))
            )
        yield Cluster(address, auth | quiet, started)


def kill_node(node: subprocess.Popen[bytes]) -> None:
    """Kill a Ray node at once, as a machine that loses power."""
    for child in psutil.Process(node.pid).children(recursive=True):
        if "raylet" in child.name():
            child.send_signal(signal.SIGKILL)


@contextmanager
def dask_cluster(place: Path, *, n_threads: int = 1, tls: bool = True) -> Iterator[Cluster]:
    """Run a Dask scheduler and two workers on loopback, over TLS with their own certificate."""
    address = f"{'tls' if tls else 'tcp'}://127.0.0.1:{free_port()}"
    tell = {}
    if tls:
        key, certificate = _certificate(place)
        tell["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"] = str(certificate)
        for side in ("SCHEDULER", "WORKER", "CLIENT"):
            tell[f"DASK_DISTRIBUTED__COMM__TLS__{side}__CERT"] = str(certificate)
            tell[f"DASK_DISTRIBUTED__COMM__TLS__{side}__KEY"] = str(key)
    dask = [str(BIN / "dask")]
    scheduler = [*dask, "scheduler", "--no-dashboard", "--host", address]
    worker = [
        *dask,
        "worker",
        address,
        "--nthreads",
        str(n_threads),
        "--no-nanny",
        "--no-dashboard",
    ]
    worker += ["--local-directory", str(place)]
    with ExitStack() as stack:
        started = []
        for n, (command, ready) in enumerate(
            [(scheduler, b"Scheduler at"), (worker, b"Registered to"), (worker, b"Registered to")]
        ):
            log = place / f"dask{n}.log"
            started.append(stack.enter_context(_running(command, tell, log, ready)))
        yield Cluster(address, tell, started)


@contextmanager
def _running(
    command: Sequence[str], more: dict[str, str], log: Path, ready: bytes
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command from when it says that it is ready, and end it and what it started."""
    with log.open("wb") as told:
        process = subprocess.Popen(
            command, env=os.environ | more, stdout=told, stderr=subprocess.STDOUT
        )
    try:
        until = time.monotonic() + _PATIENCE_S
        while ready not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children, by their ids."""
    children = (
        psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    )
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(children, timeout=5)
    for each in alive:
        each.kill()


def private_address() -> str:
    """Return this machine's own private address, where Ray's nodes may stand; empty without one."""
    found = [
        each.address
        for name in sorted(psutil.net_if_addrs())
        for each in psutil.net_if_addrs()[name]
        if each.family == socket.AF_INET
    ]
    numbers = [ipaddress.ip_address(each) for each in found]
    private = [str(n) for n in numbers if not (n.is_loopback or n.is_global or n.is_link_local)]
    return private[0] if private else ""


def _certificate(place: Path) -> tuple[Path, Path]:
    """Write a key and a certificate that it signed itself."""
    made = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "quorate tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(made, hashes.SHA256())
    )
    key, signed = place / "key.pem", place / "certificate.pem"
    key.write_bytes(
        made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    key.chmod(0o600)
    signed.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key, signed
