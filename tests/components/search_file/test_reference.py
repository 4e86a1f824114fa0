"""The reference file and the field list: true to the types, complete, and readable by the reader."""

from pathlib import Path

import msgspec
import pytest

import pipelines
from components.controllers.registry import CONTROLLERS
from components.records.search import Search
from components.search_file.describe import documented, field_reference, reference_file
from components.search_file.fields import is_section, optional_section
from components.search_file.validate import read_search
from components.search_spaces.registry import SPACES

REFERENCE = Path(pipelines.__file__).parent / "searches" / "reference.yaml"
SMALLEST = "name: reference\ndata: {source: 'sklearn:digits'}\nspace: {name: norm_act_layer}\n"


def sections(kind, path="$"):
    """(path, section) of a struct and of all below it, those that may be null too."""
    found = [(path, kind)]
    for field in msgspec.structs.fields(kind):
        section = field.type if is_section(field.type) else optional_section(field.type)
        if section is not None:
            found += sections(section, f"{path}.{field.name}")
    return found


SECTIONS = sections(Search)
for _name, _entry in [*SPACES.items(), *CONTROLLERS.items()]:
    SECTIONS += sections(_entry.settings, _name)


def test_committed_reference_is_the_generated_one():
    said = "write it again: .venv/bin/python -m components.search_file.describe > pipelines/searches/reference.yaml"
    assert REFERENCE.read_text(encoding="utf-8") == reference_file(), said


def test_reference_says_the_defaults():
    reference, smallest = read_search(reference_file()), read_search(SMALLEST)
    without = msgspec.structs.replace
    assert without(reference, space=smallest.space, controller=smallest.controller) == smallest
    for choice, table in ((reference.space, SPACES), (reference.controller, CONTROLLERS)):
        settings = table[choice.name].settings
        assert msgspec.convert(choice.settings, settings) == settings()
        assert list(choice.settings) == [field.name for field in msgspec.structs.fields(settings)]


@pytest.mark.parametrize(("path", "section"), SECTIONS, ids=[path for path, _ in SECTIONS])
def test_every_field_is_documented_and_nothing_else_is(path, section):
    names = [field.name for field in msgspec.structs.fields(section)]
    described = documented(section)
    assert sorted(described) == sorted(names)
    assert all(described.values())


@pytest.mark.parametrize(("path", "section"), SECTIONS, ids=[path for path, _ in SECTIONS])
def test_every_field_stands_in_the_field_list(path, section):
    name, dot, below = path.partition(".")
    start = path if name == "$" else f"$.{'space' if name in SPACES else 'controller'}.settings{dot}{below}"
    listed = field_reference()
    for field in msgspec.structs.fields(section):
        if not is_section(field.type):
            assert f"\n  {start}.{field.name}: " in listed


def test_field_list_shows_type_range_default_and_description():
    listed = field_reference()
    assert (
        "  $.training.momentum: a number in [0, 1); default 0.9\n"
        "      Nesterov momentum of SGD, [0, 1); 0 is plain SGD.\n" in listed
    )
    assert "  $.name: text of 1 to 40 lower-case letters, digits and hyphens, a letter first; required\n" in listed
    assert "  $.budget.hours: null or a number in (0, 1e+18]; default null\n" in listed
    assert "; required (evolution where $.controller is left out) its name" in " ".join(listed.split())
    assert "  $.scoring.device: `host`, `tpu-v2`, " in listed
    assert "Settings of `$.controller.name: evolution`:\n" in listed


def test_lines_of_both_are_short_enough_to_read():
    for line in (field_reference() + reference_file()).splitlines():
        assert len(line) <= 120, line
        assert line == line.rstrip()


def test_a_description_of_several_lines_and_of_several_fields_is_joined():
    class Sample(msgspec.Struct):
        """A sample.

        More about it.

        Fields:
            first, second: in one
                and two: lines.
            third: alone.
        """

        first: int
        second: int
        third: int

    assert documented(Sample) == {
        "first": "in one and two: lines.",
        "second": "in one and two: lines.",
        "third": "alone.",
    }
