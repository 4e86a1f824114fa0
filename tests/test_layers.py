"""Imports go one way: records <- libraries <- stages <- components <- pipelines; Kubeflow and Keras keep to theirs."""

import pytest

from tests.source_tree import ROOT, Module, modules

# Folders of components/ that are libraries, in layers: a module imports its own folder and the layers before it.
LIBRARIES = (
    ("records",),
    ("objectives", "hardware", "search_spaces"),
    ("controllers", "training"),
    ("search_file",),
    ("rounds",),
    ("report",),
)
LAYER = {name: number for number, layer in enumerate(LIBRARIES) for name in layer}
STAGE, WRAPPER, PIPELINE = len(LIBRARIES), len(LIBRARIES) + 1, len(LIBRARIES) + 2

WITHOUT_KERAS = ("records", "objectives", "controllers", "search_file", "rounds", "report")
WITH_TENSORFLOW = (  # a traced step, a timing, or its own file format
    "components/training/",
    "components/hardware/timing.py",
    "components/hardware/layer_timing.py",
    "components/rejection_screening/stability.py",
    "components/data_split/tensorflow_data.py",
)
NETWORKS = ("keras", "tensorflow", "tensorflow_datasets")


def stages():
    return {path.parent.name for path in ROOT.glob("components/*/component.py")}


def layer(path):
    """The layer of a file by its path's parts, such as ("components", "records", "store.py")."""
    if path[0] == "pipelines":
        return PIPELINE
    if len(path) < 3:
        return 0  # components/image.py, components/__init__.py
    if path[1] in LAYER:
        return LAYER[path[1]]
    return WRAPPER if path[2].removesuffix(".py") == "component" else STAGE


def wrong_imports(module):
    """Yields what a module imports of ours from a layer that is not below its own."""
    here, own = layer(module.path.parts), module.path.parts[1]
    for one in module.imports:
        parts = one.module.split(".")
        if one.module.startswith("."):
            yield f"{module.path}:{one.line}: a relative import"
        if parts[0] not in ("components", "pipelines") or len(parts) == 1:
            continue
        there = layer(parts)
        same = parts[0] == module.path.parts[0] and parts[1] == own
        if there > here or (there == here and not same and here != PIPELINE and len(parts) > 2):
            yield f"{module.path}:{one.line}: imports {one.module}, which is not below it"


def wrong_libraries(module):
    """Yields where Kubeflow, Keras or TensorFlow are imported though they have no business there."""
    path, parts = str(module.path), module.path.parts
    builds = parts[1] == "search_spaces" and (parts[-1] == "build.py" or "networks" in parts)
    for one in module.imports:
        root, at = one.module.split(".")[0], f"{path}:{one.line}"
        if root == "kfp" and layer(parts) < WRAPPER:
            yield f"{at}: kfp outside component.py and pipelines/"
        if root not in NETWORKS:
            continue
        if parts[1] in WITHOUT_KERAS or (parts[1] == "search_spaces" and not builds) or parts[0] == "pipelines":
            yield f"{at}: {root} where no model is built or run"
        elif root != "keras" and not path.startswith(WITH_TENSORFLOW):
            yield f"{at}: {root} where Keras is enough"
        elif one.eager and not builds:
            yield f"{at}: {root} is imported with the module, which takes four seconds whoever asks for it"


def test_imports_go_one_way():
    assert [wrong for module in modules() for wrong in wrong_imports(module)] == []


def test_libraries_keep_their_places():
    assert [wrong for module in modules() for wrong in wrong_libraries(module)] == []


def test_every_folder_has_its_place():
    """A folder with a component is a stage; every other one stands in the table of libraries, and only once."""
    folders = {path.parent.name for path in ROOT.glob("components/*/__init__.py")}
    assert folders - stages() == set(LAYER)
    assert not stages() & set(LAYER)
    assert all((ROOT / "components" / name / "stage.py").exists() for name in stages())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("components/records/x.py", "import components.objectives.reward"),
        ("components/objectives/x.py", "from components.controllers.evolution import Evolution"),
        ("components/search_spaces/norm_act_layer/x.py", "from components.objectives import pareto"),
        ("components/search_file/x.py", "def f():\n    from components.rounds.outcomes import outcome"),
        ("components/rounds/x.py", "from components.report.page import render"),
        ("components/report/x.py", "from components.final_scaling.proposals import grid"),
        ("components/final_scaling/stage.py", "from components.data_split.stage import split_search_data"),
        ("components/final_scaling/stage.py", "from components.final_scaling.component import final_scaling_proposal"),
        ("components/final_scaling/component.py", "from components.data_split.component import data_split"),
        ("components/final_scaling/stage.py", "import pipelines.cli"),
        ("components/records/x.py", "from . import store"),
    ],
)
def test_an_import_upwards_or_sideways_is_seen(path, text):
    assert list(wrong_imports(Module(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("components/final_scaling/stage.py", "from kfp import dsl"),
        ("components/records/x.py", "def f():\n    import kfp.local"),
        ("components/objectives/x.py", "import keras"),
        ("components/report/x.py", "def f():\n    import tensorflow as tf"),
        ("components/search_spaces/norm_act_layer/spec.py", "def f():\n    import keras"),
        ("components/search_spaces/norm_act_layer/build.py", "import tensorflow as tf"),
        ("components/final_scaling/stage.py", "def f():\n    import tensorflow as tf"),
        ("components/ensemble_assembly/quality.py", "import keras"),
        ("components/training/plain.py", "import tensorflow as tf"),
        ("components/data_split/tensorflow_data.py", "import tensorflow_datasets"),
        ("pipelines/cli.py", "import keras"),
    ],
)
def test_a_library_in_the_wrong_place_is_seen(path, text):
    assert list(wrong_libraries(Module(path, text)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("components/final_scaling/stage.py", "from components.final_scaling.proposals import grid"),
        ("components/final_scaling/component.py", "from kfp import dsl\nfrom components.image import IMAGE"),
        ("components/controllers/x.py", "from components.objectives.pareto import ranks"),
        ("components/records/x.py", "from components.records.store import Store"),
        ("pipelines/x.py", "from pipelines.compile import compile_pipeline\nfrom components.image import IMAGE"),
        ("components/training/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras"),
        ("components/training/x.py", "def f():\n    import tensorflow as tf"),
        ("components/search_spaces/norm_act_layer/build.py", "import keras"),
    ],
)
def test_what_is_allowed_is_not_complained_of(path, text):
    assert [*wrong_imports(Module(path, text)), *wrong_libraries(Module(path, text))] == []
