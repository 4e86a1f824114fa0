"""The command of the benchmarks over several seeds, in real processes, and the names under which searches are kept."""

import json
import os

import click
import pytest
from click.testing import CliRunner

from benchmarks.kept_searches import named_designs, search_folder, search_job, split_of
from benchmarks.resumable import Results
from benchmarks.several_seeds import Asked, several_seeds
from components.search_spaces.registry import open_space

JOBS = [{"kind": kind, "seed": seed} for kind in ("square", "process") for seed in (10, 11, 12)]


def square(job, folder):
    return {"square": job["seed"] ** 2, "folder": str(folder)}


def process(job, folder):
    return {"process": os.getpid()}


@click.command()
@several_seeds("runs/by-default", seeds="Numbers.")
@click.option("--part", default="")
def command(asked: Asked, part: str) -> None:
    """Does what is missing and prints what there is."""
    results = asked.results(part)
    jobs = [job for job in JOBS if job["seed"] in asked.seeds]
    asked.complete({"square": square, "process": process}, jobs, results, tasks=1)
    click.echo(json.dumps({"seeds": list(asked.seeds), "folder": str(results.folder), "rows": len(results.rows)}))


def run(*arguments):
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_what_is_missing_is_done_by_its_kind_and_kept(tmp_path):
    """Three seeds of two kinds are six rows; the first two seeds' four are there already."""
    assert run("--folder", str(tmp_path), "--seeds", "2") == {"seeds": [10, 11], "folder": str(tmp_path), "rows": 4}
    before = (tmp_path / "rows.jsonl").read_text(encoding="utf-8")
    assert run("--folder", str(tmp_path), "--seeds", "3")["rows"] == 6
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8").startswith(before)
    results = Results(tmp_path / "rows.jsonl")
    squares = [results.of({"kind": "square", "seed": seed}) for seed in (10, 11, 12)]
    assert [(row["square"], row["folder"]) for row in squares] == [(n, str(tmp_path)) for n in (100, 121, 144)]
    assert all(row["wall_seconds"] >= 0 for row in results.rows)
    processes = {results.of({"kind": "process", "seed": seed})["process"] for seed in (10, 11, 12)}
    assert len(processes) == 3 and os.getpid() not in processes  # tasks=1: a process of its own for each


def test_tables_alone_do_nothing(tmp_path):
    assert run("--folder", str(tmp_path), "--tables-only")["rows"] == 0
    assert not (tmp_path / "rows.jsonl").exists()


def test_a_part_has_a_folder_of_its_own_below_an_absolute_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("--tables-only", "--part", "digits")["folder"] == str(tmp_path / "runs/by-default/digits")


@pytest.mark.parametrize(
    ("job", "name"),
    [
        (search_job("evolution without rejection", 10, candidates=120), "search-evolution-without-rejection-10-120"),
        (search_job("rnn", 14, candidates=200), "search-rnn-14-200"),
        (search_job("absolute, weight -0.1", 12, task="digits"), "search-absolute-weight--0.1-12"),
        (search_job("rejection, one draw a step", 13, task="table"), "search-rejection-one-draw-a-step-13"),
    ],
)
def test_searches_are_kept_under_names_that_stay(tmp_path, job, name):
    """Folders of earlier versions are gone on with, so these names are written out."""
    assert search_folder(tmp_path, job) == tmp_path / name


def test_rows_of_earlier_versions_are_found_whatever_the_order_of_their_jobs_fields(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"job": {"kind": "search", "task": "digits", "arm": "rejection", "seed": 10}, "within": 3}\n')
    assert Results(rows).of(search_job("rejection", 10, task="digits"))["within"] == 3


def test_the_split_is_that_of_a_search_of_the_same_seed(tmp_path):
    """Seed 1 is neither 10 nor the size of another search."""
    for name in ("search-rnn-10-1", "search-random-1-200", "search-rnn-1-200", "search-rnn-11-200"):
        (tmp_path / name).mkdir()
    assert split_of(tmp_path, 1) == str(tmp_path / "search-random-1-200")


def test_designs_are_the_published_ones_and_what_finished_searches_of_the_size_found(tmp_path):
    space = open_space("update_rule", {})
    results = Results(tmp_path / "rows.jsonl")
    for arm, candidates, best in (("a", 5, ["own"]), ("b", 5, None), ("c", 9, ["larger"])):
        results.add({"job": search_job(arm, 3, candidates=candidates), "best": best})
    designs = named_designs(results, space, ["Adam"], ["a", "b", "c", "d"], 3, 5)
    assert designs == {"Adam": space.to_json(space.known["Adam"]), "found by a": ["own"]}
