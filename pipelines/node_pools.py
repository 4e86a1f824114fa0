"""Where steps run on a cluster: the table of node pools, and how a step is sent to one.

Sources: GKE's pages on GPUs, TPUs and Spot VMs (labels, taints, single-host topologies, machine sizes); NVIDIA's GPU
feature discovery (`nvidia.com/gpu.product`, which the GPU operator sets on any Kubernetes). Everything is fixed when
the pipeline is compiled: kfp 2.17 loses accelerators that are parameters inside a loop.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from kfp import dsl, kubernetes

from components.hardware.devices import HOST
from components.image import IMAGE

Variant = Literal["cpu", "gpu", "tpu"]

IMAGES: Mapping[Variant, str] = {"cpu": IMAGE, "gpu": f"{IMAGE}-gpu", "tpu": f"{IMAGE}-tpu"}
PART_OF = ("app.kubernetes.io/part-of", "archloom")  # what the network policy in manifests/ selects
QUEUE = "kueue.x-k8s.io/queue-name"  # Kueue reads it; without Kueue it is a label like any other

TIMEOUT_SECONDS = 4 * 3600  # of one attempt, from its start on a node; a step that is cut off goes on from the store
RETRIES = 2
SHARED_MEMORY = (
    "1Gi"  # counts against the memory limit; the container's default of 64 MiB is too little for GPU runtimes
)
SCRATCH = "20Gi"  # /tmp: the only place that a step writes to, so that its root file system can be read-only

GKE_GPU = "cloud.google.com/gke-accelerator"
GKE_TPU = "cloud.google.com/gke-tpu-accelerator"
GKE_TOPOLOGY = "cloud.google.com/gke-tpu-topology"
GKE_SPOT = "cloud.google.com/gke-spot"
PRODUCT = "nvidia.com/gpu.product"


class Toleration(NamedTuple):
    """A taint that a pod bears, in Kubernetes' terms; `value` stays empty under `Exists`."""

    key: str
    operator: Literal["Exists", "Equal"]
    value: str
    effect: Literal["NoSchedule"]


class NodePool(NamedTuple):
    """A row of the table.

    Fields:
        name: as `--train-on` and `--benchmark-on` name it.
        image: variant of the image.
        device: the row of `components.hardware.devices` that a measurement here is of; None where the nodes don't say.
        resource: Kubernetes' name of the accelerator; empty without one.
        chips: accelerators asked for, as text: KFP takes no integer here. A TPU host is given whole.
        selector: labels of the nodes.
        tolerations: of the nodes' taints.
        cpu, memory: request and limit; they fit beside the system pods on the smallest machine of the row.
    """

    name: str
    image: Variant
    device: str | None
    resource: str
    chips: str
    selector: tuple[tuple[str, str], ...]
    tolerations: tuple[Toleration, ...]
    cpu: str
    memory: str

    @property
    def queue(self) -> str:
        """The Kueue LocalQueue in manifests/queues that admits the row's pods; empty where nothing is scarce."""
        return f"archloom-{self.image}" if self.resource else ""


_GPU_TAINT = Toleration("nvidia.com/gpu", "Exists", "", "NoSchedule")
_TPU_TAINT = Toleration("google.com/tpu", "Exists", "", "NoSchedule")
_SPOT_TAINT = Toleration(GKE_SPOT, "Equal", "true", "NoSchedule")


def _gpu(name: str, device: str | None, selector: tuple[tuple[str, str], ...], cpu: str, memory: str) -> NodePool:
    return NodePool(name, "gpu", device, "nvidia.com/gpu", "1", selector, (_GPU_TAINT,), cpu, memory)


def _tpu(name: str, device: str, accelerator: str, topology: str, chips: str, cpu: str, memory: str) -> NodePool:
    selector = ((GKE_TPU, accelerator), (GKE_TOPOLOGY, topology))
    return NodePool(name, "tpu", device, "google.com/tpu", chips, selector, (_TPU_TAINT,), cpu, memory)


def _spot(pool: NodePool) -> NodePool:
    return pool._replace(
        name=f"{pool.name}-spot",
        selector=(*pool.selector, (GKE_SPOT, "true")),
        tolerations=(*pool.tolerations, _SPOT_TAINT),
    )


# NOTE: training and benchmarking use one chip; the larger hosts are here for clusters that have no smaller ones.
# TPU v5p is offered to GKE from four chips on.
_GKE = (
    NodePool("cpu-small", "cpu", HOST, "", "", (), (), "1", "4Gi"),  # for the steps that only read and write records
    NodePool("cpu", "cpu", HOST, "", "", (), (), "3", "10Gi"),
    _gpu("t4", "t4", ((GKE_GPU, "nvidia-tesla-t4"),), "3", "10Gi"),
    _gpu("l4", "l4", ((GKE_GPU, "nvidia-l4"),), "3", "10Gi"),
    _gpu("a100-40", "a100-40", ((GKE_GPU, "nvidia-tesla-a100"),), "10", "64Gi"),
    _gpu("a100-80", "a100-80", ((GKE_GPU, "nvidia-a100-80gb"),), "10", "128Gi"),
    _gpu("h100", "h100-sxm", ((GKE_GPU, "nvidia-h100-80gb"),), "20", "160Gi"),
    _tpu("tpu-v5e", "tpu-v5e", "tpu-v5-lite-podslice", "1x1", "1", "16", "32Gi"),
    _tpu("tpu-v5e-2x2", "tpu-v5e", "tpu-v5-lite-podslice", "2x2", "4", "16", "64Gi"),
    _tpu("tpu-v5e-2x4", "tpu-v5e", "tpu-v5-lite-podslice", "2x4", "8", "16", "64Gi"),
    _tpu("tpu-v5p", "tpu-v5p", "tpu-v5p-slice", "2x2x1", "4", "16", "64Gi"),
    _tpu("tpu-v6e", "tpu-v6e", "tpu-v6e-slice", "1x1", "1", "16", "32Gi"),
    _tpu("tpu-v6e-2x2", "tpu-v6e", "tpu-v6e-slice", "2x2", "4", "16", "64Gi"),
    _tpu("tpu-v6e-2x4", "tpu-v6e", "tpu-v6e-slice", "2x4", "8", "16", "64Gi"),
)
_PLAIN = (
    _gpu("k8s-gpu", None, (), "3", "10Gi"),
    _gpu("k8s-t4", "t4", ((PRODUCT, "Tesla-T4"),), "3", "10Gi"),
    _gpu("k8s-l4", "l4", ((PRODUCT, "NVIDIA-L4"),), "3", "10Gi"),
    _gpu("k8s-a100-40", "a100-40", ((PRODUCT, "NVIDIA-A100-SXM4-40GB"),), "3", "10Gi"),
    _gpu("k8s-a100-80", "a100-80", ((PRODUCT, "NVIDIA-A100-SXM4-80GB"),), "3", "10Gi"),
    _gpu("k8s-h100", "h100-sxm", ((PRODUCT, "NVIDIA-H100-80GB-HBM3"),), "3", "10Gi"),
    _gpu("k8s-h200", "h200", ((PRODUCT, "NVIDIA-H200"),), "3", "10Gi"),
)
NODE_POOLS: Mapping[str, NodePool] = {pool.name: pool for pool in (*_GKE, *(_spot(pool) for pool in _GKE), *_PLAIN)}


def open_pool(name: str, argument: str = "name") -> NodePool:
    """The row of a name.

    Raises:
        ValueError: there is no such row; the message names the argument.
    """
    if name not in NODE_POOLS:
        raise ValueError(f"`{argument}` must be one of {', '.join(NODE_POOLS)}. Received: {argument}={name!r}.")
    return NODE_POOLS[name]


def benchmark_pools(names: tuple[str, ...]) -> tuple[NodePool, ...]:
    """The rows of `--benchmark-on`: each measures a device of its own.

    Raises:
        ValueError: a name isn't in the table, its row doesn't say which device it is, or two rows are one device.
    """
    pools = tuple(open_pool(name, "benchmark_on") for name in names)
    for pool in pools:
        if pool.device is None:
            raise ValueError(f"`benchmark_on` must name pools with a known device. Received: {pool.name!r}.")
    if len({pool.device for pool in pools}) < len(pools):
        raise ValueError(f"`benchmark_on` must name each device once. Received: benchmark_on={names}.")
    return pools


def configure(
    task: dsl.PipelineTask,
    pool: NodePool,
    images: Mapping[Variant, str] = IMAGES,
    timeout_seconds: int = TIMEOUT_SECONDS,
) -> dsl.PipelineTask:
    """Sends a step to a node pool: image, resources, accelerator, volumes, time limit and retries; returns the step.

    The retry is best effort: what a step has done stands in the store, and a new run goes on from there.
    NOTE: every step of one component must be configured, or none: where sub-pipelines are merged, kfp 2.17 gives the
    configuration of one to a namesake that has none.

    Args:
        task: of a component whose inputs aren't called `accelerator_type` or `accelerator_count`.
        pool: row of the table.
        images: name by variant.
        timeout_seconds: of one attempt, > 0; waiting for a node isn't counted.
    """
    task.set_container_image(images[pool.image])
    task.set_cpu_request(pool.cpu).set_cpu_limit(pool.cpu)
    task.set_memory_request(pool.memory).set_memory_limit(pool.memory)
    if pool.resource:
        task.set_accelerator_type(pool.resource).set_accelerator_limit(pool.chips)
        kubernetes.add_pod_label(task, QUEUE, pool.queue)
    for key, value in pool.selector:
        kubernetes.add_node_selector(task, key, value)
    for taint in pool.tolerations:
        kubernetes.add_toleration(task, taint.key, taint.operator, taint.value or None, taint.effect)
    kubernetes.add_pod_label(task, *PART_OF)
    kubernetes.set_security_context(task, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, "shared-memory", "/dev/shm", medium="Memory", size_limit=SHARED_MEMORY)
    kubernetes.empty_dir_mount(task, "scratch", "/tmp", size_limit=SCRATCH)
    kubernetes.set_timeout(task, timeout_seconds)
    return _retried(task, timeout_seconds)


def _retried(task: dsl.PipelineTask, timeout_seconds: int) -> dsl.PipelineTask:
    """Argo counts the longest backoff from the first attempt's start, and ends the last attempt with it (kfp's default
    is an hour): so it holds every attempt and as much waiting for a node again."""
    longest = 2 * (RETRIES + 1) * timeout_seconds
    return task.set_retry(RETRIES, backoff_duration="60s", backoff_factor=2, backoff_max_duration=f"{longest}s")
