"""The live view of a running search in the terminal; plain lines where there is none."""

import time
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from components.records.search import Search
from components.records.store import DamagedRecord, Store
from pipelines.progress import Progress, ProgressReader


class LiveView:
    """Draws how far a search is, again and again. Use it as a context manager and call `tick`."""

    def __init__(self, store: Store, search: Search, console: Console):
        self._reader, self._search, self._console = ProgressReader(store), search, console
        self._start, self._last_line, self._told = time.monotonic(), "", False
        self._stack = ExitStack()
        self._live: Live | None = None

    def __enter__(self) -> "LiveView":
        if self._console.is_terminal:
            self._live = self._stack.enter_context(Live(console=self._console, refresh_per_second=4, transient=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw()
        self._stack.close()

    def tick(self, seconds: float) -> None:
        """Draws the newest state and waits."""
        self._draw()
        time.sleep(seconds)

    def _draw(self) -> None:
        try:
            progress = self._reader.read()
        except DamagedRecord:  # the step that needs the record fails, and says so
            return
        self._tell_of_columns()
        if self._live is not None:
            self._live.update(self._panel(progress))
            return
        line = plain_line(progress, self._search)
        if line != self._last_line:
            self._console.print(f"{_clock(time.monotonic() - self._start)}  {line}", highlight=False, soft_wrap=True)
            self._last_line = line

    def _tell_of_columns(self) -> None:
        """Prints once, when the data are split, which columns are left out and which should be looked at."""
        lines = [] if self._told else self._reader.columns()
        if lines is None:
            return
        self._told = True
        for line in lines:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _panel(self, progress: Progress) -> Group:
        budget = self._search.budget
        rows = Table.grid(padding=(0, 2))
        rows.add_row("now", f"{progress.doing} ({progress.done} of {progress.wanted} done)")
        rows.add_row("candidates", _candidates(progress, "trained in full"))
        rows.add_row("best fitness", "-" if progress.best is None else f"{progress.best:.4f}")
        rows.add_row("time", f"{_clock(time.monotonic() - self._start)}{_hours_left(progress, self._search)}")
        share = min(1.0, progress.tried / budget.candidates)
        rows.add_row("budget", f"{max(0, budget.candidates - progress.tried)} of {budget.candidates} candidates left")
        rows.add_row("", ProgressBar(total=1.0, completed=share, width=40))
        return Group(Text(f"archloom  {self._search.name}", style="bold"), rows)


def plain_line(progress: Progress, search: Search) -> str:
    """How far a search is, in one line."""
    best = "" if progress.best is None else f", best {progress.best:.4f}"
    left = max(0, search.budget.candidates - progress.tried)
    counted = _candidates(progress, "trained")
    return f"{progress.doing} ({progress.done}/{progress.wanted}): {counted}, {left} left{best}"


def _candidates(progress: Progress, trained: str) -> str:
    """What became of the candidates so far; `trained` says in which words those are counted that were trained."""
    if progress.reported is not None:
        return f"{progress.reported} judged with shared weights"
    return f"{progress.probed} probed, {progress.trained} {trained}, {_rejected(progress)}"


def _rejected(progress: Progress) -> str:
    total = sum(count for _, count in progress.rejected)
    reasons = ", ".join(f"{reason} {count}" for reason, count in progress.rejected)
    return f"{total} rejected ({reasons})" if reasons else "0 rejected"


def _hours_left(progress: Progress, search: Search) -> str:
    if search.budget.hours is None:
        return ""
    return f", {_clock(max(0.0, search.budget.hours * 3600 - progress.active_seconds))} of the budget left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:3d}:{rest:02d}"
