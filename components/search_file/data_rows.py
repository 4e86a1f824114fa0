"""What the rows of a source are, and whether the networks of a space take them."""

from collections.abc import Iterator, Sequence

from components.records.data_location import location_rule
from components.records.search import Data
from components.records.tasks import Task
from components.search_file.fields import hint
from components.search_file.problems import Problem, shown
from components.search_spaces.networks.row import RowKind
from components.search_spaces.networks.table import TAKES

BUNDLED: dict[str, RowKind] = {
    "digits": "image",
    "iris": "table",
    "wine": "table",
    "breast_cancer": "table",
    "diabetes": "table",
}


def kinds_of_rows(data: Data) -> tuple[RowKind, ...]:
    """What the rows of a source are, or may be, which only the data of tfds: can tell; empty where there is no such."""
    kind, _, name = data.source.partition(":")
    if data.text is not None:
        return ("text",)
    if kind == "sklearn":
        return (BUNDLED[name],) if name in BUNDLED else ()
    return {"csv": ("table",), "parquet": ("table",), "images": ("image",)}.get(kind, ("image", "table"))  # type: ignore[return-value]


def data_problems(task: Task) -> Iterator[Problem]:
    """Yields where a source can't be there, or `text` does not fit it; of files, only their URIs are looked at."""
    data, path = task.data, task.path
    kind, _, name = data.source.partition(":")
    if kind == "sklearn" and name not in BUNDLED:
        rule = f"a data set that scikit-learn bundles{hint(name, BUNDLED)}"
        yield Problem(f"{path}.source", rule, shown(data.source))
    uri_rule = location_rule(data.source)
    if uri_rule is not None:
        yield Problem(f"{path}.source", uri_rule, shown(data.source))
    if data.leave_out and kind not in ("csv", "parquet"):
        yield Problem(f"{path}.leave_out", f"empty, as a {kind}: source has no columns", shown(list(data.leave_out)))
    elif data.label in data.leave_out or len(set(data.leave_out)) < len(data.leave_out):
        yield Problem(f"{path}.leave_out", "columns beside the label, none twice", shown(list(data.leave_out)))
    if data.text is None:
        return
    if kind not in ("csv", "tfds"):
        yield Problem(f"{path}.text", f"null, as the rows of a {kind}: source are no texts", "a mapping")
    elif kind == "csv" and data.text.column is None:
        yield Problem(f"{path}.text.column", "the name of the text column of a csv: source", "null")
    if data.text.column is not None and data.text.column == data.label:
        yield Problem(f"{path}.text.column", f"another column than `{path}.label`", shown(data.text.column))
    if kind == "tfds" and data.image_size is not None:
        yield Problem(f"{path}.image_size", "null where rows are texts", shown(data.image_size))


def row_problems(task: Task, networks: Sequence[str]) -> Iterator[Problem]:
    """Yields where a network does not take a task's rows, or they can't be trained on as the task says.

    Args:
        task: its rows and how a model is trained on them.
        networks: those that a design is tried in on this task; of a space that has networks of its own, none is known.
    """
    kinds = kinds_of_rows(task.data)
    refused = [name for name in networks if name in TAKES and not set(kinds) & set(TAKES[name])]
    if kinds and refused:
        taken = ", ".join(f"{name} takes {_plural(TAKES[name])}" for name in refused)
        rule = f"a source of rows that the networks of the space take ({taken})"
        yield Problem(f"{task.path}.source", rule, f"{shown(task.data.source)}, {_plural(kinds)}")
    if kinds and "image" not in kinds and task.training.shift_pixels:
        yield Problem("$.training.shift_pixels", "0 where rows are no images", shown(task.training.shift_pixels))


def _plural(kinds: Sequence[RowKind]) -> str:
    return " or ".join({"image": "images", "table": "tables", "text": "texts"}[kind] for kind in kinds)
