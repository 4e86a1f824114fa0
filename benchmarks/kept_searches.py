"""The searches that a benchmark keeps: their jobs, their folders, and the best design that each of them found."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.resumable import Job, Results
from components.search_spaces.space import SearchSpace

FOUND = "found by "  # before the name of the kind of search


def search_job(arm: str, seed: int, **own: Any) -> Job:
    """A search of a kind; `own` is what else the benchmark tells its searches apart by."""
    return {"kind": "search", "arm": arm, "seed": seed, **own}


def search_folder(folder: Path, job: Job) -> Path:
    """Where a search is kept: named by its kind, its seed and, where the job has it, its size."""
    arm = job["arm"].replace(" ", "-").replace(",", "")
    size = [job["candidates"]] if "candidates" in job else []
    return folder / "-".join(map(str, ["search", arm, job["seed"], *size]))


def split_of(folder: Path, seed: int) -> str:
    """A search directory with the split of this seed, whose test rows took no part in what its searches found."""
    return str(min(folder.glob(f"search-*-{seed}-*")))


def named_designs(
    results: Results, space: SearchSpace, published: Iterable[str], arms: Iterable[str], seed: int, candidates: int
) -> dict[str, Any]:
    """Returns designs as JSON data by name: published ones, then the best of each finished search that has one.

    Args:
        results: where the searches' rows are.
        space: that knows the published ones.
        published: their names.
        arms: the kinds of search.
        seed, candidates: of the searches.
    """
    designs = {name: space.to_json(space.known[name]) for name in published}
    rows = ((arm, results.of(search_job(arm, seed, candidates=candidates))) for arm in arms)
    return designs | {FOUND + arm: row["best"] for arm, row in rows if row and row["best"]}
