"""Real clusters: the bytes of one process whoever works, whatever is killed half-way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.fault import elsewhere
from tests.fault.clusters import Cluster, dask_cluster, kill_node, private_address, ray_cluster

# nodes start slowly on a machine under load
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


def walked(workers, *, deadly="", waits=False, environment=None):
    """Return what a walk forward in a process of its own came to."""
    asked = {"workers": workers, "deadly": str(deadly), "waits": waits}
    done = subprocess.run(
        [sys.executable, "-m", elsewhere.__name__],
        input=json.dumps(asked),
        env=os.environ | (environment or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def on(cluster: Cluster, backend, **more):
    workers = {"backend": backend, "address": cluster.address}
    return walked(workers, environment=cluster.environment, **more)


def same(found, alone):
    """Hold what was learned and decided against one process, byte for byte."""
    assert "error" not in found, found
    for name in ("learned", "decided", "models", "n_fills"):
        assert found[name] == alone[name], name


@pytest.fixture(scope="module")
def alone():
    """Return the walk of one process, in which something was learned and traded."""
    found = walked({"n": 1})
    assert found["models"] == [["boosted_trees", "linear_model"]] * 2
    assert found["n_fills"] > 0
    return found


def test_two_processes_of_which_one_is_killed(alone, tmp_path):
    same(walked({"n": 2}, deadly=tmp_path), alone)
    assert (tmp_path / "lost").exists()


def test_two_ray_nodes_of_which_one_is_killed(alone, tmp_path):
    """First a worker's process alone, then the second node with all that runs there."""
    if not private_address():
        pytest.skip("this machine has no private address, and Ray takes no loopback")
    for name in ("process", "node"):
        (tmp_path / name).mkdir()
    with ray_cluster(tmp_path) as cluster:
        same(on(cluster, "ray", deadly=tmp_path / "process"), alone)
        assert (tmp_path / "process" / "lost").exists()
        lost = tmp_path / "node" / "lost"
        watch = threading.Thread(target=_kill_when, args=(lost, cluster.started[1]))
        watch.start()
        same(on(cluster, "ray", deadly=tmp_path / "node", waits=True), alone)
        watch.join()
        assert lost.exists()


def test_a_ray_cluster_that_is_open_is_refused(tmp_path):
    if not private_address():
        pytest.skip("this machine has no private address, and Ray takes no loopback")
    with ray_cluster(tmp_path, n_nodes=1, mode="disabled") as cluster:
        shown = cluster.environment | {"RAY_AUTH_MODE": "token"}
        found = walked({"backend": "ray", "address": cluster.address}, environment=shown)
        assert "lets in anybody who reaches it" in found["error"]
        assert "RAY_AUTH_MODE=token" in found["error"]


def test_two_dask_workers_of_which_one_is_killed(alone, tmp_path):
    with dask_cluster(tmp_path) as cluster:
        same(on(cluster, "dask"), alone)
        same(on(cluster, "dask", deadly=tmp_path), alone)
        assert (tmp_path / "lost").exists()
        assert sum(each.poll() is not None for each in cluster.started) == 1


def test_dask_workers_of_several_threads_are_refused(tmp_path):
    """Threads of one process share the number of threads of linear algebra."""
    with dask_cluster(tmp_path, n_threads=2, tls=False) as cluster:
        assert "start workers with --nthreads 1" in on(cluster, "dask")["error"]


def _kill_when(mark: Path, node) -> None:
    until = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < until:
        time.sleep(0.05)
    kill_node(node)
