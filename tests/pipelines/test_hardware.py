"""What a pipeline is compiled for: names of node pools and images, refused where they make no pipeline."""

import re

import pytest

from components.image import IMAGE
from pipelines.hardware import Hardware, commit_image, image_variants

NAME = "registry.example:5000/nas/archloom"
DIGEST = f"{NAME}@sha256:{'0' * 64}"


def test_the_released_images_are_the_default():
    assert image_variants() == {"cpu": IMAGE, "gpu": f"{IMAGE}-gpu", "tpu": f"{IMAGE}-tpu"}


def test_the_others_follow_from_the_tag_of_the_cpu_image():
    assert image_variants((f"{NAME}:1",)) == {"cpu": f"{NAME}:1", "gpu": f"{NAME}:1-gpu", "tpu": f"{NAME}:1-tpu"}
    assert image_variants((f"{NAME}:1", f"gpu={DIGEST}"))["gpu"] == DIGEST


def test_a_digest_has_no_namesakes():
    assert image_variants((DIGEST,)) == {"cpu": DIGEST}
    Hardware.named(images=image_variants((DIGEST,)))
    with pytest.raises(ValueError, match="`--image` must also name the tpu image, as `tpu=NAME`: tpu-v5e needs it"):
        Hardware.named("cpu", ("tpu-v5e",), image_variants((DIGEST,)))


@pytest.mark.parametrize(
    "name", ["archloom", f"{NAME}:latest", "registry.example:5000/archloom", "archloom:", ":1", "re g/nas:1", "Nas:1"]
)
def test_an_image_without_a_fixed_version_is_refused(name):
    with pytest.raises(ValueError, match=re.escape(f"name with a tag, not `latest`, or a digest. Received: {name}.")):
        image_variants((name,))


@pytest.mark.parametrize(
    ("names", "rule"),
    [(("a:1", "b:2"), "name the cpu image once"), (("gpu=a:1",), "name the cpu image too")],
)
def test_each_variant_is_named_once_and_the_cpu_one_always(names, rule):
    with pytest.raises(ValueError, match=rule):
        image_variants(names)


def test_the_commits_image_is_the_one_that_is_built(monkeypatch):
    monkeypatch.delenv("IMAGE_NAME", raising=False)
    assert commit_image("0123456789ab") == "archloom/python-tensorflow:0123456789ab"
    monkeypatch.setenv("IMAGE_NAME", NAME)  # as images/build.sh reads it
    assert commit_image("0123456789ab") == f"{NAME}:0123456789ab"


@pytest.mark.parametrize("targets", [(), ("cpu", "t4", "l4", "tpu-v5e")])
def test_targets_are_one_to_three(targets):
    with pytest.raises(ValueError, match="`benchmark_on` must name 1 to 3 node pools. Received: benchmark_on="):
        Hardware.named("cpu", targets)
