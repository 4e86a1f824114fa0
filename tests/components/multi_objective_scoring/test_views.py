"""What the Kubeflow UI shows of a round."""

from components.multi_objective_scoring.views import show_round
from components.records.results import ScoredCandidate, Scores


class Metrics:
    """Takes what a Kubeflow Metrics artifact takes: numbers only."""

    def __init__(self):
        self.logged = {}

    def log_metric(self, name, value):
        self.logged[name] = float(value)


def one(identity, **fields):
    return ScoredCandidate(id=identity, round="rounds/00001", spec={}, **({"reason": None} | fields))


def test_the_metrics_are_numbers_and_the_page_is_written(tmp_path):
    scored = (one("a", quality=0.5, reward=0.4, latency_ms=2.0, fitness=(0.5,)), one("b", reason="quality"))
    scores = Scores(kind="search", round="rounds/00001", scored=scored, best=scored[:1], hypervolume=7.5)
    metrics = Metrics()
    show_round(scores, metrics, str(tmp_path / "view.html"))
    assert metrics.logged == {"best fitness": 0.5, "hypervolume": 7.5, "candidates": 2.0, "rejected": 1.0}
    page = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert "0.500" in page and "2.00 ms" in page and "quality" in page


def test_a_round_without_survivors_has_no_best_to_log(tmp_path):
    metrics = Metrics()
    scores = Scores(kind="search", round="rounds/00001", scored=(one("b", reason="size"),))
    show_round(scores, metrics, str(tmp_path / "view.html"))
    assert metrics.logged == {"candidates": 1.0, "rejected": 1.0}
