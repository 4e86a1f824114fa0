"""The example searches are valid, and named as their files are."""

from pathlib import Path

import pytest

import pipelines
from components.search_file.validate import read_search

EXAMPLES = sorted((Path(pipelines.__file__).parent / "searches").glob("*.yaml"))


def test_there_are_examples():
    assert {"digits", "digits_rules", "digits_wider", "reference"} <= {file.stem for file in EXAMPLES}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_valid(file):
    assert read_search(file.read_text(encoding="utf-8")).name == file.stem.replace("_", "-")
