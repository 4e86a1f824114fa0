"""Node pools: the table, and what a step that is sent to one compiles to."""

import math
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from kfp import compiler, dsl

from components.hardware.devices import DEVICES, HOST
from components.image import IMAGE
from pipelines.node_pools import (
    GKE_GPU,
    GKE_SPOT,
    GKE_TOPOLOGY,
    GKE_TPU,
    NODE_POOLS,
    PART_OF,
    PRODUCT,
    QUEUE,
    RETRIES,
    TIMEOUT_SECONDS,
    benchmark_pools,
    configure,
    open_pool,
)
from pipelines.storage_access import CREDENTIALS, SETTINGS, reach_storage

every_pool = pytest.mark.parametrize("pool", NODE_POOLS.values(), ids=lambda pool: pool.name)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def training(shard: str) -> str:
    return shard


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def benchmarking(shard: str, device: str) -> str:
    return f"{shard} {device}"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def proposing(search: str) -> list[str]:
    return [search]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def scoring(first: list[str], second: list[str]) -> bool:
    return first == second


class Compiled(NamedTuple):
    """A compiled pipeline: the containers and the Kubernetes settings by executor, and the whole specification."""

    containers: dict[str, dict]
    kubernetes: dict[str, dict]
    specification: dict

    def tasks(self, prefix: str) -> list[dict]:
        """The tasks whose names start so, of all graphs."""
        graphs = [self.specification["root"], *self.specification["components"].values()]
        tasks = [task for graph in graphs for task in graph.get("dag", {}).get("tasks", {}).items()]
        return [body for name, body in tasks if name.startswith(prefix)]


def _compile(pipeline, folder: Path) -> Compiled:
    compiler.Compiler().compile(pipeline, str(folder / "pipeline.yaml"))
    specification, platform = yaml.safe_load_all((folder / "pipeline.yaml").read_text())
    executors = specification["deploymentSpec"]["executors"]
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return Compiled({label: body["container"] for label, body in executors.items()}, kubernetes, specification)


def _one_step(pool, folder: Path) -> Compiled:
    @dsl.pipeline(name="one-step")
    def one_step(shard: str):
        configure(training(shard=shard), pool)

    return _compile(one_step, folder)


def test_the_table_has_what_clusters_offer():
    names = set(NODE_POOLS)
    on_gke = {"cpu", "t4", "l4", "a100-40", "a100-80", "h100", "tpu-v5e", "tpu-v5p", "tpu-v6e"}
    assert on_gke | {f"{name}-spot" for name in on_gke} | {"k8s-gpu", "k8s-l4", "k8s-h100"} <= names
    assert {pool.image for pool in NODE_POOLS.values()} == {"cpu", "gpu", "tpu"}


@every_pool
def test_a_row_fits_itself(pool):
    selector = dict(pool.selector)
    if pool.image == "cpu":
        assert (pool.resource, pool.chips, pool.queue, pool.device) == ("", "", "", HOST)
        return
    assert isinstance(pool.chips, str) and int(pool.chips) >= 1  # an integer would compile, and ask for nothing
    assert pool.queue == f"archloom-{pool.image}"
    assert pool.resource in {taint.key for taint in pool.tolerations}  # GKE taints its nodes with the resource's name
    if pool.device is not None:
        assert DEVICES[pool.device].kind == pool.image
    if pool.image == "tpu":
        assert set(selector) - {GKE_SPOT} == {GKE_TPU, GKE_TOPOLOGY}
        topology = [int(length) for length in selector[GKE_TOPOLOGY].split("x")]
        assert math.prod(topology) == int(pool.chips)  # a host's chips are given together
        assert math.prod(topology) <= 8  # more is several hosts, and a step is one pod
        assert len(topology) == (3 if pool.device == "tpu-v5p" else 2)  # v5p chips form a torus in space
    elif pool.selector:
        assert set(selector) - {GKE_SPOT} in ({GKE_GPU}, {PRODUCT})


def test_labels_name_the_device_that_the_row_says():
    devices = {"": None}
    for pool in NODE_POOLS.values():
        label = next((value for key, value in pool.selector if key in (GKE_GPU, GKE_TPU, PRODUCT)), "")
        if pool.image != "cpu":
            assert devices.setdefault(label, pool.device) == pool.device, label
    assert devices == {
        "": None,
        # cloud.google.com/gke-accelerator
        "nvidia-tesla-t4": "t4",
        "nvidia-l4": "l4",
        "nvidia-tesla-a100": "a100-40",
        "nvidia-a100-80gb": "a100-80",
        "nvidia-h100-80gb": "h100-sxm",
        # cloud.google.com/gke-tpu-accelerator
        "tpu-v5-lite-podslice": "tpu-v5e",
        "tpu-v5p-slice": "tpu-v5p",
        "tpu-v6e-slice": "tpu-v6e",
        # nvidia.com/gpu.product
        "Tesla-T4": "t4",
        "NVIDIA-L4": "l4",
        "NVIDIA-A100-SXM4-40GB": "a100-40",
        "NVIDIA-A100-SXM4-80GB": "a100-80",
        "NVIDIA-H100-80GB-HBM3": "h100-sxm",
        "NVIDIA-H200": "h200",
    }


@pytest.mark.parametrize("name", [name for name in NODE_POOLS if f"{name}-spot" in NODE_POOLS])
def test_a_spot_row_differs_in_spot_only(name):
    pool, spot = NODE_POOLS[name], NODE_POOLS[f"{name}-spot"]
    assert set(spot.selector) - set(pool.selector) == {(GKE_SPOT, "true")}
    (added,) = set(spot.tolerations) - set(pool.tolerations)
    assert added == (GKE_SPOT, "Equal", "true", "NoSchedule")
    assert spot._replace(name=name, selector=pool.selector, tolerations=pool.tolerations) == pool


def test_rows_are_frozen_and_names_unique():
    with pytest.raises(AttributeError, match="can't set attribute"):
        NODE_POOLS["l4"].chips = "8"
    assert all(pool.name == name for name, pool in NODE_POOLS.items())
    assert len({pool._replace(name="") for pool in NODE_POOLS.values()}) == len(NODE_POOLS)


@every_pool
def test_a_step_asks_for_what_its_row_says(pool, tmp_path):
    compiled = _one_step(pool, tmp_path)
    (container,) = compiled.containers.values()
    (settings,) = compiled.kubernetes.values()
    resources = container["resources"]
    assert container["image"] == (IMAGE if pool.image == "cpu" else f"{IMAGE}-{pool.image}")
    assert (resources["resourceCpuRequest"], resources["resourceCpuLimit"]) == (pool.cpu, pool.cpu)
    assert (resources["resourceMemoryRequest"], resources["resourceMemoryLimit"]) == (pool.memory, pool.memory)
    accelerator = resources.get("accelerator", {})
    assert accelerator.get("resourceType", "") == pool.resource
    assert accelerator.get("resourceCount", "") == pool.chips
    assert settings.get("nodeSelector", {}).get("labels", {}) == dict(pool.selector)
    tolerated = {(one["key"], one["operator"], one.get("value", "")) for one in settings.get("tolerations", [])}
    assert tolerated == {(taint.key, taint.operator, taint.value) for taint in pool.tolerations}
    assert all("value" not in one for one in settings.get("tolerations", []) if one["operator"] == "Exists")
    queued = {QUEUE: pool.queue} if pool.resource else {}
    assert settings["podMetadata"]["labels"] == dict([PART_OF]) | queued
    assert settings["securityContext"] == {"runAsNonRoot": True}


def test_a_step_has_volumes_a_time_limit_and_retries_that_outlast_it(tmp_path):
    compiled = _one_step(open_pool("l4"), tmp_path)
    (settings,) = compiled.kubernetes.values()
    volumes = {one["mountPath"]: one for one in settings["emptyDirMounts"]}
    assert set(volumes) == {"/dev/shm", "/tmp"} and all(one["sizeLimit"] for one in volumes.values())
    assert volumes["/dev/shm"]["medium"] == "Memory" and "medium" not in volumes["/tmp"]
    assert settings["activeDeadlineSeconds"] == str(TIMEOUT_SECONDS)
    (task,) = compiled.tasks("training")
    policy = task["retryPolicy"]
    assert policy["maxRetryCount"] == RETRIES
    # Argo ends the last attempt when the longest backoff is over, counted from the first one's start.
    assert int(policy["backoffMaxDuration"].removesuffix("s")) >= (RETRIES + 1) * TIMEOUT_SECONDS
    assert policy["backoffFactor"] == int(policy["backoffFactor"])  # Argo reads a whole number


def test_each_target_of_each_nested_round_keeps_its_settings(tmp_path):
    """The SDK renames and merges the executors of nested pipelines; a node selector that ends up at another image would
    only show on a cluster, as a TPU program on a GPU."""
    pools = benchmark_pools(("l4", "tpu-v5e"))
    pipeline = _nested(3, open_pool("t4-spot"), pools)
    compiled = _compile(pipeline, tmp_path)
    assert len(compiled.tasks("benchmarking")) == 3 * 2 and len(compiled.tasks("training")) == 3 * 2
    found = []
    for name, component in compiled.specification["components"].items():
        label = component.get("executorLabel", "")
        if not label.startswith(("exec-benchmarking", "exec-training")):
            assert label not in compiled.kubernetes, name
            continue
        settings, container = compiled.kubernetes[label], compiled.containers[label]
        accelerator = container["resources"]["accelerator"]
        found.append((settings["nodeSelector"]["labels"].get(GKE_GPU), container["image"], accelerator["resourceType"]))
    per_round = [
        ("nvidia-l4", f"{IMAGE}-gpu", "nvidia.com/gpu"),
        (None, f"{IMAGE}-tpu", "google.com/tpu"),
        ("nvidia-tesla-t4", f"{IMAGE}-gpu", "nvidia.com/gpu"),
        ("nvidia-tesla-t4", f"{IMAGE}-gpu", "nvidia.com/gpu"),
    ]
    assert sorted(found, key=str) == sorted(per_round * 3, key=str)


def test_a_task_and_its_settings_name_the_same_device(tmp_path):
    compiled = _compile(_nested(3, open_pool("l4"), benchmark_pools(("l4", "tpu-v5e"))), tmp_path)
    images = {"l4": f"{IMAGE}-gpu", "tpu-v5e": f"{IMAGE}-tpu"}
    seen = []
    for task in compiled.tasks("benchmarking"):
        device = task["inputs"]["parameters"]["device"]["runtimeValue"]["constant"]
        label = compiled.specification["components"][task["componentRef"]["name"]]["executorLabel"]
        assert compiled.containers[label]["image"] == images[device]
        seen.append(device)
    assert sorted(seen) == ["l4"] * 3 + ["tpu-v5e"] * 3


def test_inside_a_loop_nothing_depends_on_a_parameter(tmp_path):
    """kfp 2.17 doesn't pass accelerators that are parameters into a loop's graph."""
    compiled = _compile(_nested(1, open_pool("l4"), benchmark_pools(("l4", "tpu-v5e"))), tmp_path)
    assert "componentInputParameter" not in yaml.safe_dump(compiled.kubernetes)
    assert "{{" not in yaml.safe_dump(
        [container["resources"] for container in compiled.containers.values() if "resources" in container]
    )
    inputs = {
        name
        for component in compiled.specification["components"].values()
        for name in component.get("inputDefinitions", {}).get("parameters", {})
    }
    assert not {"accelerator_type", "accelerator_count"} & inputs  # the SDK would overwrite them


def test_a_step_reaches_the_storage_by_names_alone(tmp_path):
    @dsl.pipeline(name="stored")
    def stored(shard: str):
        reach_storage(configure(training(shard=shard), open_pool("cpu")))

    compiled = _compile(stored, tmp_path)
    (settings,) = compiled.kubernetes.values()
    (secret,), (plain,) = settings["secretAsEnv"], settings["configMapAsEnv"]
    assert (secret["secretName"], secret["optional"]) == (CREDENTIALS, True)
    assert (plain["configMapName"], plain["optional"]) == (SETTINGS, True)
    variables = {one["envVar"] for one in [*secret["keyToEnv"], *plain["keyToEnv"]]}
    # What boto3 reads by itself.
    assert variables == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"}
    assert "activeDeadlineSeconds" in settings  # the one didn't take away what the other had set


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match=r"`name` must be one of cpu-small, cpu, t4, l4, .*Received: name='l5'\."):
        open_pool("l5")
    with pytest.raises(ValueError, match=r"`benchmark_on` must name pools with a known device\. Received: 'k8s-gpu'\."):
        benchmark_pools(("k8s-gpu",))
    with pytest.raises(ValueError, match=r"`benchmark_on` must name each device once\. Received: .*'l4', 'l4-spot'"):
        benchmark_pools(("l4", "l4-spot"))


def _nested(depth: int, train, targets):
    """Rounds in rounds, as architecture_search nests them, with two trainings and two benchmarks each."""
    deeper = _nested(depth - 1, train, targets) if depth > 1 else None

    @dsl.pipeline(name=f"rounds-{depth}")
    def rounds(search: str):
        proposed = proposing(search=search)
        with dsl.ParallelFor(proposed.output) as shard:
            probe = configure(training(shard=shard), train)
            full = configure(training(shard=shard), train).after(probe)
            first, second = (
                configure(benchmarking(shard=shard, device=pool.device), pool).after(full) for pool in targets
            )
        scored = scoring(first=dsl.Collected(first.output), second=dsl.Collected(second.output))
        if deeper is not None:
            with dsl.If(scored.outputs["Output"] == True):  # noqa: E712 (a KFP expression)
                deeper(search=search)

    return rounds
