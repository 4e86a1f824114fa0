"""The comparison with the baselines, from records: by hand, for a search with several rates and initialisations."""

import pytest

from components.final_scaling.stage import propose_scaling, select_scaled
from components.records.layout import ROUND_OF_KIND, SUMMARY
from components.records.store import write_record
from components.records.summary import Summary
from components.report.gather import gather
from components.report.winner_sections import comparison_section
from tests.swept_search import NETWORKS, swept_search, train_again

# By the number of initialisations: accuracies (see `FOUND` and `FURTHER`), their spread (|a - b| / sqrt(2)), the mean.
COMPARED = {
    1: ((0.875, 0.75), (None, None), 0.8125),
    2: ((0.75, 0.5), (None, None), 0.625),
    3: ((0.625, 0.5625), (0.25 / 2**0.5, 0.125 / 2**0.5), 0.59375),
}


def compared(folder, initialisations):
    store = swept_search(folder, initialisations=initialisations)
    propose_scaling(store, "rerank")
    train_again(store, initialisations)
    select_scaled(store, ROUND_OF_KIND["rerank"])
    return gather(store)


@pytest.mark.parametrize("initialisations", COMPARED)
def test_what_chose_the_rate_is_left_out_where_there_are_further_initialisations(tmp_path, initialisations):
    comparison = compared(tmp_path, initialisations).comparison
    accuracy, spread, mean = COMPARED[initialisations]
    assert (comparison.networks, comparison.rates_chosen_apart) == (NETWORKS, initialisations > 1)
    assert [row.role for row in comparison.rows] == ["winner", "baseline"]
    for row in comparison.rows:
        assert row.accuracy == pytest.approx(accuracy)
        assert row.spread == pytest.approx(spread)
        assert row.mean == pytest.approx(mean)
        assert row.learning_rates == (0.01, 0.1)


def test_the_section_says_so(tmp_path):
    several = comparison_section(compared(tmp_path / "three", 3)).content
    assert "0.625 ± 0.177 at 0.01" in several and "0.562 ± 0.088 at 0.1" in several
    assert "A first initialisation chose the learning rate" in several
    one = comparison_section(compared(tmp_path / "one", 1)).content
    assert "0.875 at 0.01" in one and "±" not in one and "first initialisation" not in one


def test_the_advice_names_the_rates_that_the_space_brings(tmp_path):
    store = swept_search(tmp_path)
    said = {"outcome": "nothing_survived", "why": "1 candidate was tried", "rounds": (), "rejected": {}}
    write_record(store, SUMMARY, Summary(name="small", seed=14, **said))
    (line,) = [line for line in gather(store).advice if "rate" in line]
    assert line == (
        "Try another rate on the target: final_scaling.target.space_settings.learning_rates is [0.001, 0.01, 0.1]."
    )


def test_the_advice_of_a_search_without_a_best_names_them_too(tmp_path):
    store = swept_search(tmp_path)
    for path in store.paths("rounds"):
        store.delete(path)
    said = {"outcome": "nothing_survived", "why": "1 candidate was tried", "rounds": (), "rejected": {}}
    write_record(store, SUMMARY, Summary(name="small", seed=14, **said))
    assert gather(store).advice[-1] == "Try another rate: space.settings.learning_rates is [0.001, 0.01, 0.1]."
