"""Where the wall time went: a bar a stage, cut into work, imports, process start, store and orchestration."""

from collections.abc import Sequence

from components.report.contents import StageSeconds
from components.report.markup import Markup, svg, tag
from components.report.numerals import seconds
from components.report.plot_frame import horizontal_axis, legend, text
from components.report.scales import Scale

PARTS = ("work", "imports", "process_start", "store", "orchestration")
WIDTH, LEFT, RIGHT, TOP, ROW = 960, 190, 860, 40, 30


def total(stage: StageSeconds) -> float:
    """All seconds of a stage."""
    return sum(getattr(stage, part) for part in PARTS)


def seconds_figure(stages: Sequence[StageSeconds]) -> Markup:
    """The figure; at least one stage."""
    x = Scale(0, max(max(total(stage) for stage in stages), 1e-3), LEFT, RIGHT)
    bottom = TOP + ROW * len(stages)
    return svg(
        WIDTH,
        bottom + 48,
        "Seconds by stage, cut into work and overheads",
        legend(WIDTH - 16, 16, [(_square(part), part.replace("_", " ")) for part in PARTS]),
        *(_row(stage, x, TOP + ROW * place) for place, stage in enumerate(stages)),
        horizontal_axis(x, bottom, "seconds, summed over the stage's steps"),
    )


def _square(part: str) -> Markup:
    return tag("rect", x=-5, y=-5, width=10, height=10, class_=f"part-{part}")


def _row(stage: StageSeconds, x: Scale, top: float) -> Markup:
    drawn, so_far = [text(x.start - 10, top + ROW / 2 + 4, stage.stage.replace("_", " "), anchor="end")], 0.0
    for part in PARTS:
        length = max(getattr(stage, part), 0.0)
        if not length:
            continue
        left, right = x(so_far), x(min(so_far + length, x.high))
        title = tag("title", f"{stage.stage}: {part.replace('_', ' ')} {seconds(length)}")
        drawn.append(tag("rect", title, x=left, y=top + 5, width=right - left, height=ROW - 10, class_=f"part-{part}"))
        so_far += length
    drawn.append(text(x(min(so_far, x.high)) + 8, top + ROW / 2 + 4, seconds(so_far), anchor="start"))
    return tag("g", *drawn)
