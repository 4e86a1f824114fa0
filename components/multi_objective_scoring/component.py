"""KFP wrappers of `stage.score_round` and `layout.search_is_over`."""

from typing import List

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def multi_objective_scoring(
    search: str,
    shards: List[str],
    metrics: dsl.Output[dsl.Metrics],
    view: dsl.Output[dsl.HTML],
) -> bool:
    """Scores and commits a round; returns whether budget is left for another one.

    Args:
        search: URI of the search directory.
        shards: paths of the round's shards, all evaluated.
        metrics, view: the round for people to look at.
    """
    from components.multi_objective_scoring.stage import score_round
    from components.multi_objective_scoring.views import show_round
    from components.records.layout import round_of
    from components.records.step import run_step

    here = round_of(shards[0])
    scores = run_step("multi_objective_scoring", search, score_round, here, at=here)
    show_round(scores, metrics, view.path)
    return scores.another_round


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def budget_exhausted(search: str) -> bool:
    """Asks the store whether the search rounds are over, or only this run's depth is.

    Args:
        search: URI of the search directory.
    """
    from components.records.layout import search_is_over
    from components.records.step import run_step

    return run_step("budget_exhausted", search, search_is_over)
