"""What a pipeline is compiled for: the node pools and the images of its steps."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from kfp import dsl, kubernetes

from components.image import IMAGE
from pipelines.node_pools import IMAGES, NodePool, Variant, benchmark_pools, configure, open_pool
from pipelines.storage_access import reach_storage

# Of the distribution project's grammar of image references.
REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::(?P<tag>\w[\w.-]{0,127}))?(?(tag)(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})"
)
MOST_TARGETS = 3  # each is a pod of every shard, and Argo keeps a run's state within 1 MiB
API_LABEL = ("access-ml-pipeline", "true")  # multi-user Kubeflow mounts a token for its API where it finds this label


class Hardware(NamedTuple):
    """Node pools and images of a pipeline for a cluster.

    Fields:
        train: node pool of the training steps.
        benchmark: node pools of the benchmarking steps, each of a device of its own.
        images: name by variant.
    """

    train: NodePool
    benchmark: tuple[NodePool, ...]
    images: Mapping[Variant, str] = IMAGES

    @classmethod
    def named(
        cls, train_on: str = "cpu", benchmark_on: tuple[str, ...] = ("cpu",), images: Mapping[Variant, str] = IMAGES
    ) -> "Hardware":
        """The pools of these names.

        Raises:
            ValueError: a name isn't in the table, an image is missing, or the targets are none, more than three, or not
                of one device each.
        """
        if not 1 <= len(benchmark_on) <= MOST_TARGETS:
            raise ValueError(
                f"`benchmark_on` must name 1 to {MOST_TARGETS} node pools. Received: benchmark_on={benchmark_on}."
            )
        hardware = cls(open_pool(train_on, "train_on"), benchmark_pools(benchmark_on), images)
        for pool in (hardware.train, *hardware.benchmark):
            if pool.image not in images:
                raise ValueError(
                    f"`--image` must also name the {pool.image} image, as `{pool.image}=NAME`: {pool.name} needs it. "
                    f"Received: {' '.join(images.values())}."
                )
        return hardware

    @property
    def devices(self) -> str:
        """The measured devices, separated by blanks."""
        return " ".join(str(pool.device) for pool in self.benchmark)

    def place(self, task: dsl.PipelineTask, pool: NodePool | None = None, asks_api: bool = False) -> dsl.PipelineTask:
        """Sends a step to a node pool, or to a small CPU node; returns the step.

        Args:
            task: the step.
            pool: row of the table.
            asks_api: whether the step talks to Kubeflow's API.
        """
        if asks_api:
            kubernetes.add_pod_label(task, *API_LABEL)
        return reach_storage(configure(task, pool or open_pool("cpu-small"), self.images))


def commit_image(commit: str) -> str:
    """The cpu image of a commit, as `images/build.sh` tags it.

    Args:
        commit: its first 12 hex digits.
    """
    name = os.environ.get("IMAGE_NAME") or IMAGE.rpartition(":")[0]
    return f"{name}:{commit}"


def image_variants(names: tuple[str, ...] = (IMAGE,)) -> dict[Variant, str]:
    """Images by variant, from `NAME` of the cpu image or `VARIANT=NAME` of any, as `--image` takes them.

    The gpu and tpu images that aren't named are the cpu image's with `-gpu` and `-tpu` after the tag; a digest has no
    such namesakes.

    Raises:
        ValueError: a name has neither tag nor digest, its tag is `latest`, or a variant is named twice.
    """
    images: dict[Variant, str] = {}
    for given in names:
        prefix, _, rest = given.partition("=")
        variant, name = (prefix, rest) if prefix in IMAGES else ("cpu", given)
        match = REFERENCE.fullmatch(name)
        if match is None or match["tag"] == "latest":
            raise ValueError(
                f"`--image` must be a lower-case name with a tag, not `latest`, or a digest. Received: {given}."
            )
        if variant in images:
            raise ValueError(f"`--image` must name the {variant} image once. Received: {' '.join(names)}.")
        images[variant] = name  # type: ignore[index]
    if "cpu" not in images:
        raise ValueError(f"`--image` must name the cpu image too. Received: {' '.join(names)}.")
    if "@" not in images["cpu"]:
        return {"gpu": f"{images['cpu']}-gpu", "tpu": f"{images['cpu']}-tpu"} | images  # type: ignore[return-value]
    return images
