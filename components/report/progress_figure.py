"""The search as it went: each candidate's quality in order, the best so far, round boundaries, rejections below."""

from collections.abc import Sequence
from itertools import groupby

from components.report.contents import Tried
from components.report.markup import Markup, join, number, svg, tag
from components.report.numerals import fixed, is_number, milliseconds
from components.report.plot_frame import CHARACTER, dots, horizontal_axis, legend, text, vertical_axis
from components.report.scales import Scale, fitted

WIDTH, LEFT, RIGHT, TOP, PLOT, LANE = 960, 92, 944, 66, 240, 20


def progress_figure(candidates: Sequence[Tried], quality_name: str = "accuracy") -> Markup:
    """The figure; candidates in the order of their proposal, at least one, and what their quality is called."""
    qualities = [tried.scored.quality for tried in candidates]
    # In the order of their first appearance, which is the same in every process.
    reasons = list(dict.fromkeys(tried.scored.reason for tried in candidates if tried.scored.reason))
    bottom = TOP + PLOT
    foot = bottom + 6 + LANE * len(reasons)
    x = Scale(0.5, len(candidates) + 0.5, LEFT, RIGHT)
    y = fitted((q for q in qualities if q is not None and is_number(q)), bottom, TOP, within=(0, 1))
    return svg(
        WIDTH,
        foot + 46,
        f"Validation {quality_name} of each candidate in order of proposal, and the best so far",
        vertical_axis(x, y, f"validation {quality_name}, mean over networks", lift=42),
        _rounds(candidates, x, foot),
        *(_lane(candidates, reason, x, bottom + 6 + LANE * place) for place, reason in enumerate(reasons)),
        _best_so_far(qualities, x, y),
        _points(candidates, quality_name, x, y),
        horizontal_axis(x, foot, "candidate, in order of proposal", whole=True),
        legend(RIGHT, TOP - 46, _ENTRIES[: 3 if reasons else 2]),
    )


_ENTRIES = (
    (tag("circle", r=4, class_="scored"), "scored"),
    (tag("line", x1=-8, x2=8, class_="best"), "best so far"),
    (tag("line", y1=-5, y2=5, class_="rejected"), "rejected"),
)


def _best_so_far(qualities: Sequence[float | None], x: Scale, y: Scale) -> Markup | None:
    """The running maximum as steps: the line is level up to the candidate that raises it."""
    corners: list[tuple[float, float]] = []
    best: float | None = None
    for index, quality in enumerate(qualities, 1):
        if quality is not None and is_number(quality) and (best is None or quality > best):
            corners += [(x(index), y(best))] if best is not None else []
            corners.append((x(index), y(quality)))
            best = quality
    if best is None:
        return None
    corners.append((x(len(qualities)), y(best)))
    return tag("polyline", points=" ".join(f"{px:.2f},{py:.2f}" for px, py in corners), class_="best")


def _points(candidates: Sequence[Tried], quality_name: str, x: Scale, y: Scale) -> Markup:
    places, titles = [], []
    for index, tried in enumerate(candidates, 1):
        scored = tried.scored
        if scored.quality is not None and is_number(scored.quality):
            places.append((x(index), y(scored.quality)))
            numbers = f"{quality_name} {fixed(scored.quality)}, {milliseconds(scored.latency_ms)}"
            titles.append(f"candidate {index}: {numbers}, reward {fixed(scored.reward)}")
    return dots(places, titles, "scored")


def _lane(candidates: Sequence[Tried], reason: str, x: Scale, top: float) -> Markup:
    """One row below the plot: a stroke for each candidate that ended for this reason."""
    ended = [index for index, tried in enumerate(candidates, 1) if tried.scored.reason == reason]
    strokes = "".join(f"M{number(x(index))} {top + 4}v{LANE - 8}" for index in ended)
    words = text(x.start - 8, top + LANE / 2 + 4, reason.replace("_", " "), anchor="end")
    return tag("g", words, tag("path", d=strokes, class_="rejected"))


def _rounds(candidates: Sequence[Tried], x: Scale, foot: float) -> Markup:
    """A boundary before each round but the first, and the round's number where there is room for it."""
    drawn, first = [], 1
    for name, group in groupby(candidates, key=lambda tried: tried.scored.round):
        last = first + len(list(group)) - 1
        left, right = x(first - 0.5), x(last + 0.5)
        words = f"round {name.rsplit('/', 1)[-1].lstrip('0') or '0'}"
        line = tag("line", x1=left, x2=left, y1=TOP - 20, y2=foot, class_="boundary") if first > 1 else None
        fits = right - left > len(words) * CHARACTER
        drawn.append(join([line, text((left + right) / 2, TOP - 10, words) if fits else None]))
        first = last + 1
    return tag("g", *drawn, class_="rounds")
