"""Whatever is done to a good file, it is read or refused with an InvalidSearch: never another exception."""

import copy
import string

import numpy as np
import pytest

from components.search_file.describe import reference_file
from components.search_file.validate import InvalidSearch, canonical_text, read_search
from components.search_file.yaml_text import read_yaml, write_yaml

VALUES = [
    *[None, True, False, 0, 1, -1, 2, 3, 7, 24, 10**30, 0.0, 0.5, 1e-3, 1e300, float("inf"), float("nan")],
    *[
        "",
        "x",
        "1",
        "no",
        "csv:a",
        "csv:gs://a",
        "images:s3://a/",
        "tfds:b",
        "images:c",
        "sklearn:iris",
        "random",
        "host",
        "é\n\t",
        "x" * 300,
    ],
    *[[], [1], [1, 2], [[1]], ["a", None], {}, {"name": "random"}, {"x": {"y": [1]}}, {"": 1}, {"settings": []}],
]


def any_value(rng):
    """One of the values, a copy of its own."""
    return copy.deepcopy(VALUES[rng.integers(len(VALUES))])


def holders(value):
    """All mappings and lists of a document with at least one entry, the document first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if inner else []) + [holder for item in inner for holder in holders(item)]


def mutate(document, rng):
    """Deletes, retypes or renames an entry somewhere, or adds one, in a document."""
    places = holders(document)
    place = places[rng.integers(len(places))]
    if isinstance(place, list):
        place[int(rng.integers(len(place)))] = any_value(rng)
        return
    name = list(place)[rng.integers(len(place))]
    action = ("delete", "retype", "rename", "add")[rng.integers(4)]
    if action == "delete":
        del place[name]
    elif action == "retype":
        place[name] = any_value(rng)
    elif action == "rename":
        cut = int(rng.integers(len(name) + 1))
        place[name[:cut] + string.printable[rng.integers(100)] + name[cut + 1 :]] = place.pop(name)
    else:
        place["added"] = any_value(rng)


def outcome(text):
    """`read` or `refused`; checks what must hold of either."""
    try:
        search = read_search(text)
    except InvalidSearch as error:
        assert error.problems
        for problem in error.problems:
            assert problem.path.startswith(("$", "line ")) and problem.rule and "Received: " in str(problem)
        return "refused"
    assert read_search(canonical_text(search).decode()) == search
    return "read"


@pytest.mark.parametrize("seed", range(8))
def test_changed_fields_are_read_or_refused(seed):
    rng = np.random.default_rng([20, seed])
    reference = read_yaml(reference_file())
    seen = []
    for _ in range(60):
        document = copy.deepcopy(reference)
        for _ in range(rng.integers(1, 4)):
            mutate(document, rng)
        seen.append(outcome(write_yaml(document)))
    # Deleting and some retyping leave a good file, renaming and adding do not, so each is seen among 60: the chance
    # that one is not, with at least a tenth of either, is below 0.9**60 = 0.2% a seed, and the seeds are fixed.
    assert {"read", "refused"} == set(seen)


@pytest.mark.parametrize("seed", range(4))
def test_changed_characters_are_read_or_refused(seed):
    rng = np.random.default_rng([21, seed])
    text = write_yaml(read_yaml(reference_file()))
    alphabet = "{}[]:,-#&*!|>'\"%@`?~ \n\t.0123456789aeinofx\x00\x85\ud800é"
    for _ in range(60):
        characters = list(text)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(characters)))
            characters[at : at + int(rng.integers(3))] = alphabet[rng.integers(len(alphabet))]
        outcome("".join(characters))
