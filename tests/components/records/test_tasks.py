"""Which task the rounds of a kind are for: the search's own, and what a target changes."""

import msgspec
import pytest

from components.records.search import Search
from components.records.tasks import has_target, search_task, share_rows, target_task, task_of, tasks_with_rows

START = {
    "name": "a",
    "data": {"source": "sklearn:digits"},
    "space": {"name": "s", "settings": {"groups": 8, "width": 0.5}},
    "training": {"learning_rate": 0.2, "momentum": 0.8, "full_steps": 400},
}
KINDS = ("rerank", "grid", "winner", "ensemble")


def search(source="sklearn:digits", **target):
    data = {**START, "data": {"source": source}, "final_scaling": {"target": target}}
    return msgspec.convert(data, Search)


def test_without_a_target_all_rounds_have_one_task():
    one = search()
    assert task_of(one, "search") == search_task(one) == target_task(one)
    assert not has_target(one)
    assert tasks_with_rows(one) == (search_task(one),)


def test_search_rounds_never_have_the_target():
    one = search(data={"source": "tfds:a"}, space_settings={"width": 1.0}, training={"batch_size": 7})
    assert search_task(one) == search_task(search())
    assert [task_of(one, kind) for kind in KINDS] == [target_task(one)] * 4
    assert task_of(one, "search") == search_task(one) != target_task(one)


def test_a_target_changes_what_it_names_and_no_more():
    one = search(
        data={"source": "tfds:a", "test": 0.1}, space_settings={"width": 1.0}, training={"momentum": 0, "batch_size": 7}
    )
    task = target_task(one)
    assert (task.folder, task.path) == ("target", "$.final_scaling.target.data")
    assert (task.data.source, task.data.test, task.data.validation) == ("tfds:a", 0.1, 0.2)
    assert task.space_settings == {"groups": 8, "width": 1.0}
    assert task.training == msgspec.structs.replace(one.training, momentum=0, batch_size=7)
    assert [each.folder for each in tasks_with_rows(one)] == ["data", "target"]


@pytest.mark.parametrize(
    "target",
    [{"data": {"source": "tfds:a"}}, {"space_settings": {"width": 1.0}}, {"training": {"weight_decay": 0}}],
    ids=str,
)
def test_each_part_alone_makes_a_target(target):
    assert has_target(search(**target))


@pytest.mark.parametrize("target", [{"space_settings": {"width": 0.5}}, {"training": {"learning_rate": 0.2}}], ids=str)
def test_a_target_that_says_what_the_search_says_is_none(target):
    assert not has_target(search(**target))


def test_without_rows_of_its_own_a_target_has_those_of_the_search():
    task = target_task(search(space_settings={"width": 1.0}))
    assert (task.folder, task.path, task.data) == ("data", "$.data", search().data)


def test_rows_are_shared_where_the_sources_are_one_file_or_one_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "rows.csv").write_text("x,y\n")
    (tmp_path / "link.csv").symlink_to("rows.csv")
    for source in ("csv:rows.csv", "csv:./rows.csv", f"csv:{tmp_path}/rows.csv", "csv:link.csv", "csv:~/rows.csv"):
        assert share_rows(search("csv:rows.csv", data={"source": source, "label": "y"})), source
    for source in ("csv:other.csv", "images:rows.csv", "tfds:rows.csv", "csv:rows.CSV"):
        assert not share_rows(search("csv:rows.csv", data={"source": source})), source
    for source in ("tfds:mnist", "tfds:mnist:3.0.1", "tfds:mnist:3.*.*", "tfds:mnist/any", "tfds:mnist/any:1.0.0"):
        assert share_rows(search("tfds:mnist", data={"source": source})), source
        assert share_rows(search(source, data={"source": "tfds:mnist:1.0.0"})), source
    assert not share_rows(search("tfds:mnist", data={"source": "tfds:kmnist"}))
    assert not share_rows(search("tfds:mnist", data={"source": "tfds:mnist_corrupted/identity"}))
    assert not share_rows(search("csv:rows.csv"))
    for source in ("file:///a/b.csv", "/a/b.csv", "/a/c/../b.csv"):
        assert share_rows(search("csv:file:///a/b.csv", data={"source": f"csv:{source}", "label": "y"})), source
    for source in ("gs://b/rows", "gs://b/rows/"):
        assert share_rows(search("parquet:gs://b/rows", data={"source": f"parquet:{source}", "label": "y"})), source
        assert share_rows(search(f"parquet:{source}", data={"source": "parquet:gs://b/rows/", "label": "y"})), source
    for source in ("parquet:s3://b/rows", "images:gs://b/rows", "parquet:gs://b/ROWS", "parquet:gs:/b/rows", "tfds:gs"):
        assert not share_rows(search("parquet:gs://b/rows", data={"source": source})), source
    assert share_rows(search("images:s3://b", data={"source": "images:s3://b/"}))
    assert share_rows(search("parquet:rows", data={"source": f"parquet:{tmp_path}/rows/", "label": "y"}))
    assert not share_rows(search("parquet:a/x", data={"source": "parquet:a/y", "label": "y"}))
