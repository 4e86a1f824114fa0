"""A finished search in the terminal: what was found, how good it is, where the seconds went."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from components.records.layout import REPORT
from components.records.summary import PredictorSummary, Summary

# A classifier's Brier score and AUC stand in the summary: with them the table is wider than a terminal.
MEASURES = {"accuracy": "acc", "nll": "NLL", "ece": "ECE", "rmse": "RMSE", "mae": "MAE", "r_squared": "R²"}


def show_result(summary: Summary, search: str, console: Console) -> None:
    """Prints the result as tables, and the path of the report."""
    searched = [one for part in summary.rounds if part.round.startswith("rounds/") for one in part.candidates]
    rounds = sum(part.round.startswith("rounds/") for part in summary.rounds)
    reasons = ", ".join(f"{reason} {count}" for reason, count in summary.rejected.items()) or "none"
    held = f"{len(searched)} candidates in {rounds} round{'' if rounds == 1 else 's'}"
    console.print(f"\n[bold]{summary.name}[/bold]: {held}; {summary.why}")
    console.print(f"rejected: {reasons}")
    if summary.winner is None or summary.ensemble is None:
        console.print("[bold red]No candidate survived.[/bold red] The report says what was rejected and why.")
    else:
        winner = summary.winner
        rate = "" if winner.learning_rate is None else f", learning rate {winner.learning_rate:g}"
        console.print(f"winner: [bold]{escape(winner.formula)}[/bold]", soft_wrap=True)
        console.print(
            f"        in {winner.network}, width {winner.width:g}, depth {winner.depth:g}{rate},"
            f" {winner.parameters} weights",
            soft_wrap=True,
        )
        if summary.target is not None:
            console.print(f"        trained, chosen and tested on the target's data, {summary.target}", soft_wrap=True)
        console.print(_predictors([one for one in (summary.single_best, summary.mean_member, summary.ensemble) if one]))
        console.print(f"model:  {search}/model", soft_wrap=True)
    console.print(f"report: {search}/{REPORT}", soft_wrap=True)


def _predictors(rows: list[PredictorSummary]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("", no_wrap=True)
    measures = {field: name for field, name in MEASURES.items() if getattr(rows[0].test, field) is not None}
    for part in ("val", "test"):
        for name in measures.values():
            table.add_column(f"{part} {name}", justify="right", no_wrap=True)
    for row in rows:
        numbers = [getattr(part, field) for part in (row.validation, row.test) for field in measures]
        table.add_row(row.name, *("" if number is None else f"{number:.4f}" for number in numbers))
    return table
