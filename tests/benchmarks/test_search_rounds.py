"""A benchmark search's row, from rounds by hand: nothing is trained."""

import pytest
import yaml

from benchmarks import evonorm_search, rule_search
from benchmarks.search_rounds import run_search
from components.records.layout import plan_path, scores_path, search_round
from components.records.results import ScoredCandidate, Scores
from components.records.store import open_search, write_record
from components.search_file.validate import read_search
from tests.round_records import candidate, plan
from tests.small_search import DESCRIPTION


def test_a_last_round_without_candidates_has_no_mean(tmp_path):
    """The first round's mean is (0.5 + 0.7 + 0) / 3 = 0.4, as one is rejected; then nothing new was proposed."""
    store = open_search(str(tmp_path))
    first = {"a": (None, 0.5), "b": (None, 0.7), "c": ("quality", None)}
    for number, judged in enumerate((first, {}), start=1):
        path = search_round(number)
        scored = tuple(
            ScoredCandidate(id=one, round=path, spec=one, reason=reason, quality=quality)
            for one, (reason, quality) in judged.items()
        )
        write_record(store, plan_path(path), plan(map(candidate, judged), round=path))
        scores = Scores(kind="search", round=path, scored=scored, another_round=number == 1)
        write_record(store, scores_path(path), scores)
    rounds = run_search(tmp_path, DESCRIPTION)["rounds"]
    assert [point["candidates"] for point in rounds] == [3, 3]
    assert [point["mean"] for point in rounds] == [pytest.approx(0.4), None]


@pytest.mark.parametrize("benchmark", [evonorm_search, rule_search], ids=["evonorm", "rules"])
def test_every_arm_describes_a_valid_search_in_which_nothing_is_timed(benchmark):
    for arm in benchmark.ARMS:
        search = read_search(yaml.safe_dump(benchmark.description(arm, 3, 20)))
        assert (search.seed, search.budget.candidates) == (3, 20)
        assert (search.scoring.latency, search.scoring.latency_weight) == ("estimated", 0)
