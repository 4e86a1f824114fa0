"""What people see of the result in the Kubeflow UI: the report, and metrics that runs are compared by."""

from typing import Any

from components.records.layout import REPORT
from components.records.store import open_search
from components.records.summary import Summary


def show_result(search: str, summary: Summary, metrics: Any, page: str) -> None:
    """Logs the test metrics of single best, mean member and ensemble, those of the task, and copies the report.

    Args:
        search: URI of the search directory.
        summary: of the finished search.
        metrics: a Kubeflow Metrics artifact.
        page: path of an HTML artifact.
    """
    for one in (summary.single_best, summary.mean_member, summary.ensemble):
        if one is not None:
            shown = {"accuracy": one.test.accuracy, "NLL": one.test.nll, "AUC": one.test.auc}
            shown |= {"RMSE": one.test.rmse, "MAE": one.test.mae, "R2": one.test.r_squared}
            for name, value in shown.items():
                if value is not None:
                    metrics.log_metric(f"{one.name}: test {name}", value)
    with open(page, "wb") as file:
        file.write(open_search(search).read(REPORT) or b"")
