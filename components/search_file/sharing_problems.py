"""What a search with shared weights can't have, as none of its candidates is trained by itself before the finish."""

from collections.abc import Iterator
from typing import Any

from components.hardware.devices import HOST
from components.records.search import Search
from components.search_file.problems import Problem, shown

FIELD = "$.training.weight_sharing"
CONTROLLER = "factorized"  # which learns from single steps


def sharing_problems(search: Search, space: Any) -> Iterator[Problem]:
    """Yields where a search with shared weights names what they don't go with.

    Args:
        search: the description.
        space: that it names, opened.
    """
    if search.training.weight_sharing is None:
        return
    if space.largest is None:
        rule = f"null in the space {space.name}, whose designs can't share weights"
        yield Problem(FIELD, rule, "a section")
    if search.controller.name != CONTROLLER:
        rule = f"{CONTROLLER} where weights are shared, as it learns from single steps"
        yield Problem("$.controller.name", rule, shown(search.controller.name))
    if search.training.accuracy != "final":
        rule = "`final` where weights are shared: candidates have no epochs of their own"
        yield Problem("$.training.accuracy", rule, shown(search.training.accuracy))
    if search.final_scaling.sampled:
        rule = "0 where weights are shared: the most probable candidates are reported anyway"
        yield Problem("$.final_scaling.sampled", rule, shown(search.final_scaling.sampled))
    scoring = search.scoring
    if scoring.latency_weight and (scoring.latency == "measured" or scoring.device == HOST):
        rule = "0 where weights are shared, or `$.scoring.latency` estimated for a device of the table"
        yield Problem("$.scoring.latency_weight", rule, shown(scoring.latency_weight))
