"""What people see of a round in the Kubeflow UI: metrics that runs are compared by, and a page."""

from typing import Any

from components.records.results import Scores
from components.report.round_view import round_view
from components.rounds.rejection_rules import is_rejected


def show_round(scores: Scores, metrics: Any, page: str) -> None:
    """Logs a round's metrics and writes its page.

    Args:
        scores: of the round.
        metrics: a Kubeflow Metrics artifact.
        page: path of an HTML artifact.
    """
    best = max((one.quality for one in scores.best if one.quality is not None), default=None)
    shown = {
        "best fitness": best,
        "hypervolume": scores.hypervolume,
        "candidates": len(scores.scored),
        "rejected": sum(is_rejected(one.reason) for one in scores.scored),
    }
    for name, value in shown.items():
        if value is not None:
            metrics.log_metric(name, value)
    with open(page, "w", encoding="utf-8") as file:
        file.write(round_view(scores))
