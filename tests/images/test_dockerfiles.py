"""What the three Dockerfiles share, read as text: a wrong one shows only on a machine with such an accelerator."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IMAGES = Path(__file__).parents[2] / "images"
VARIANTS = ("cpu", "gpu", "tpu")
OWN = re.compile(  # the lines in which they may differ, besides the names of their locks
    r"#.*|COPY --from=dependencies /layers/(cudnn|cublas|nvidia|libtpu) /"
    r"|    (LD_LIBRARY_PATH|NVIDIA_\w+|PJRT_DEVICE|NEXT_PLUGGABLE_DEVICE_USE_C_API|TF_PLUGGABLE_DEVICE_LIBRARY_PATH)=.*"
)


def lines(variant):
    """A Dockerfile's lines."""
    return (IMAGES / f"{variant}.Dockerfile").read_text(encoding="utf-8").splitlines()


def environment(variant):
    """What a Dockerfile sets for the processes of its image."""
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", "\n".join(lines(variant)), re.MULTILINE).group(1)
    return dict(one.split("=", 1) for one in block.replace("\\\n", " ").split())


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_base_is_the_build_argument_and_nothing_else(variant):
    assert [line.split()[1] for line in lines(variant) if line.startswith("FROM")] == [
        "${BASE_IMAGE}",
        "dependencies",
        "${BASE_IMAGE}",
    ]
    assert [line for line in lines(variant) if "BASE_IMAGE=" in line] == ["ARG BASE_IMAGE=python:3.11-slim-bookworm"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_last_user_is_a_number_that_is_not_root(variant):
    assert [line for line in lines(variant) if line.startswith("USER")] == ["USER 10001:10001"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_changes_with_each_commit_is_copied_last(variant):
    last = [line for line in lines(variant) if line.startswith("COPY --from")][-1]
    assert last == "COPY --from=package /layers/archloom /"


@pytest.mark.parametrize("variant", ["gpu", "tpu"])
def test_it_differs_from_the_cpu_image_in_its_accelerator_alone(variant):
    def common(name):
        return [line.replace(f"images/{name}.lock /", "LOCK /").replace(f"/{name}.lock", "/LOCK")
                for line in lines(name) if not OWN.fullmatch(line)]  # fmt: skip

    assert common(variant) == common("cpu")


def test_each_accelerator_is_told_where_its_libraries_are():
    gpu, tpu = environment("gpu"), environment("tpu")
    assert gpu["LD_LIBRARY_PATH"] == "/usr/local/nvidia/lib64"  # where GKE's nodes mount the driver
    assert gpu["NVIDIA_DRIVER_CAPABILITIES"].split(",") == ["compute", "utility"]
    assert tpu["PJRT_DEVICE"] == "TPU"
    assert tpu["TF_PLUGGABLE_DEVICE_LIBRARY_PATH"].endswith("/site-packages/libtpu/libtpu.so")


@pytest.mark.parametrize("tool, files", [("hadolint", "*.Dockerfile"), ("shellcheck", "*.sh")])
def test_the_linters_find_nothing(tool, files):
    command = shutil.which(tool, path=str(Path(sys.executable).parent))
    assert command, f"{tool} is one of the project's test tools"
    paths = sorted(map(str, IMAGES.glob(files)))
    done = subprocess.run([command, *paths], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and paths


def test_an_unknown_variant_is_refused():
    done = subprocess.run(["sh", IMAGES / "build.sh", "npu"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "`variant` must be cpu, gpu or tpu. Received: 'npu'.\n"
