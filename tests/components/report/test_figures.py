"""The figures: what is drawn, read back from the drawing, against the numbers that went in."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from components.objectives.metrics import reliability
from components.records.results import ScoredCandidate
from components.report import contents as c
from components.report import predictions as p
from components.report.binning import histogram, reliability_bins
from components.report.pareto_figure import pareto_figure
from components.report.progress_figure import progress_figure
from components.report.reliability_figure import BOTTOM, TOP, reliability_figure
from components.report.seconds_figure import seconds_figure
from components.report.thumbnail import image_of, thumbnail
from components.report.uncertainty_figure import uncertainty_figure


def elements(drawing: str, tag: str, class_: str | None = None) -> list[ElementTree.Element]:
    """Elements of a drawing outside its legend."""
    root = ElementTree.fromstring(drawing)
    legends = [inner for legend in root.iter("g") if legend.get("class") == "legend" for inner in legend.iter()]
    found = [each for each in root.iter(tag) if not any(each is inner for inner in legends)]
    return [each for each in found if class_ is None or class_ in (each.get("class") or "").split()]


def corners(line: ElementTree.Element) -> list[tuple[float, float]]:
    """The points of a polyline."""
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def place(dot: ElementTree.Element) -> tuple[float, float]:
    """The centre of a circle."""
    return float(dot.get("cx")), float(dot.get("cy"))


def tried(id: str, quality: float | None, latency_ms: float | None = 1.0, *, round: int = 1, **more) -> c.Tried:
    """A candidate; without quality it was rejected."""
    reason = "quality" if quality is None else None
    scored = ScoredCandidate(
        id=id, round=f"rounds/{round:05d}", spec={}, reason=reason, quality=quality, latency_ms=latency_ms,
        role=more.pop("role", "searched"),
    )  # fmt: skip
    return c.Tried(scored=scored, **more)


QUALITIES = [None, 0.5, 0.4, None, 0.7, 0.7, 0.65, 0.9, None, 0.8]


@pytest.fixture
def progress() -> str:
    """Ten candidates in rounds of four."""
    return progress_figure([tried(str(i), quality, round=1 + i // 4) for i, quality in enumerate(QUALITIES)])


def test_dots_stand_at_their_index_and_quality(progress):
    drawn = np.array([place(dot) for dot in elements(progress, "circle", "scored")])
    scored = np.array([(i, q) for i, q in enumerate(QUALITIES, 1) if q is not None])
    assert len(drawn) == len(scored)
    for axis, rising in ((0, 1), (1, -1)):
        slope, offset = np.polyfit(scored[:, axis], drawn[:, axis], 1)
        assert slope * rising > 0
        # Two decimals of a pixel are written, so that half of the last one is lost.
        np.testing.assert_allclose(slope * scored[:, axis] + offset, drawn[:, axis], atol=0.02)


def test_best_so_far_is_the_running_maximum(progress):
    """Just after each candidate the line stands at the highest dot so far (smallest y), and it never falls."""
    dots = [place(dot) for dot in elements(progress, "circle", "scored")]
    (line,) = elements(progress, "polyline", "best")
    points = corners(line)
    assert points[0] == dots[0]
    for x, _ in dots:
        reached = [y for at, y in points if at <= x + 0.01][-1]
        assert reached == pytest.approx(min(y for at, y in dots if at <= x), abs=0.01)
    heights = [y for _, y in points]
    assert heights == sorted(heights, reverse=True)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), "not steps"
    spacing = (dots[-1][0] - dots[0][0]) / 8
    assert points[-1][0] == pytest.approx(dots[0][0] + 8 * spacing)


def test_round_boundaries_lie_between_the_rounds_and_rejections_below(progress):
    dots = [place(dot) for dot in elements(progress, "circle", "scored")]
    step = (dots[-1][0] - dots[0][0]) / 8  # from candidate 2 to candidate 10
    lines = elements(progress, "line", "boundary")
    assert [float(line.get("x1")) for line in lines] == pytest.approx(
        [dots[0][0] + 2.5 * step, dots[0][0] + 6.5 * step], abs=0.02
    )
    words = [text.text for text in elements(progress, "text")]
    assert [word for word in words if word and word.startswith("round")] == ["round 1", "round 2", "round 3"]
    (lane,) = elements(progress, "path", "rejected")
    strokes = [float(stroke.split()[0]) for stroke in lane.get("d").split("M")[1:]]
    assert strokes == pytest.approx([dots[0][0] + step * (index - 2) for index in (1, 4, 9)], abs=0.02)
    assert "quality" in words


def test_progress_of_rejected_candidates_only_has_no_line():
    drawing = progress_figure([tried("a", None), tried("b", None)])
    assert not elements(drawing, "polyline") and not elements(drawing, "circle")
    assert len(elements(drawing, "path", "rejected")) == 1


def test_pareto_marks_front_chosen_and_baselines_apart():
    candidates = [
        tried("slow", 0.95, 9.0), tried("fast", 0.6, 1.0), tried("bad", 0.5, 5.0), tried("middle", 0.8, 4.0),
        tried("bad", 0.5, 5.0), tried("rejected", None, None), tried("not-a-number", float("nan"), 2.0),
        tried("b0", 0.9, 3.0, role="baseline", name="EvoNorm-B0"),
    ]  # fmt: skip
    drawing = pareto_figure(candidates, ["fast", "middle", "slow"], chosen="middle")
    assert len(elements(drawing, "circle", "scored")) == 1, "the same design twice is one dot"
    assert len(elements(drawing, "circle", "front")) == 2
    assert len(elements(drawing, "g", "chosen")) == 1
    assert len(elements(drawing, "polygon", "baseline")) == 1
    assert {text.text for text in elements(drawing, "text", "name")} == {"EvoNorm-B0", "chosen"}
    (line,) = elements(drawing, "polyline", "staircase")
    front = [place(dot) for dot in elements(drawing, "circle", "front")]
    front += [place(elements(drawing, "circle", "core")[0])]
    assert set(front) <= set(corners(line)), "the line passes through every point of the front"
    assert all(a[0] <= b[0] and a[1] >= b[1] for a, b in pairwise(corners(line))), "it only goes right and up"
    assert {place(dot) for dot in elements(drawing, "circle", "scored")}.isdisjoint(corners(line))


def test_labels_of_crowded_baselines_do_not_overlap():
    crowd = [tried(str(i), 0.9 + 0.001 * i, 5.0 + 0.02 * i, role="baseline", name=f"layer {i}") for i in range(5)]
    drawing = pareto_figure([tried("a", 0.1, 1.0), *crowd], ["a"], None)
    boxes = [(float(t.get("x")), float(t.get("y")), len(t.text) * 6.4) for t in elements(drawing, "text", "name")]
    assert len(boxes) == 5
    for i, (x, y, width) in enumerate(boxes):
        for other_x, other_y, other_width in boxes[i + 1 :]:
            apart = x + width <= other_x or other_x + other_width <= x or abs(y - other_y) >= 12
            assert apart


def test_reliability_draws_the_filled_bins_at_confidence_and_accuracy():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1.0, 400)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = (rng.random(400) > 0.8).astype(int)
    bins = reliability_bins(reliability(probabilities, labels, bins=10))
    # Independently: confidences in (0.5, 0.6] and so on; the lower five bins are empty.
    drawing = reliability_figure(bins)
    dots = [place(dot) for dot in elements(drawing, "circle", "bin")]
    assert len(dots) == 5
    for (x, y), low in zip(dots, (0.5, 0.6, 0.7, 0.8, 0.9), strict=True):
        held = (confidence > low) & (confidence <= low + 0.1)
        assert (x - 56) / 400 == pytest.approx(confidence[held].mean(), abs=1e-3)
        assert (BOTTOM - y) / (BOTTOM - TOP) == pytest.approx(np.mean(labels[held] == 0), abs=1e-3)
    counts = [int(text.text) for text in elements(drawing, "text", "small")]
    assert sum(counts) == 400
    assert bins[0].confidence is None and bins[0].count == 0


def test_histogram_counts_right_and_wrong_apart_and_draws_shares():
    values, correct = np.array([0.0, 0.1, 0.1, 0.9, 1.0]), np.array([True, True, True, False, False])
    binned = histogram(values, correct, bins=2)
    assert binned == p.Histogram(edges=(0.0, 0.5, 1.0), right=(3, 0), wrong=(0, 2))
    drawing = uncertainty_figure(binned, "entropy")
    (right,), (wrong,) = elements(drawing, "rect", "right"), elements(drawing, "rect", "wrong")
    assert float(right.get("y")) + float(right.get("height")) == pytest.approx(float(wrong.get("y")))
    assert float(right.get("x")) < float(wrong.get("x"))
    assert right[0].text == "0 to 0.500: 3 right (100.0 %)"
    none = histogram(np.array([]), np.array([], bool), bins=3)
    assert sum(none.right + none.wrong) == 0 and not elements(uncertainty_figure(none, "entropy"), "rect", "right")


def test_seconds_bars_are_as_long_as_their_parts_and_touch(full):
    drawing = seconds_figure(full.seconds)
    parts = ("work", "imports", "process_start", "store", "orchestration")
    bars = {part: elements(drawing, "rect", f"part-{part}") for part in parts}
    scale = float(bars["work"][2].get("width")) / full.seconds[2].work
    for index, stage in enumerate(full.seconds):
        end = float(bars["work"][index].get("x"))
        for part in parts:
            bar = bars[part][index]
            assert float(bar.get("x")) == pytest.approx(end, abs=0.02)
            assert float(bar.get("width")) == pytest.approx(scale * getattr(stage, part), abs=0.02)
            end += float(bar.get("width"))


def test_thumbnail_draws_every_pixel_once_in_its_shade():
    row = np.array([[[0.0], [16.0]], [[8.0], [16.0]]])
    drawing = thumbnail(image_of(row, 0.0, 16.0), "row 7")
    paths = {path.get("fill"): path.get("d") for path in elements(drawing, "path")}
    assert paths == {"#000": "M0 0h1v1h-1z", "#fff": "M1 0h1v1h-1zM1 1h1v1h-1z", "#888": "M0 1h1v1h-1z"}
    assert ElementTree.fromstring(drawing)[0].text == "row 7"


def test_large_images_become_small_and_keep_their_colours():
    rows = np.zeros((100, 60, 3))
    rows[..., 0] = 255
    image = image_of(rows, 0, 255)
    assert (len(image), len(image[0])) == (25, 15)  # every fourth pixel, so that no side is above 32
    assert elements(thumbnail(image, "red"), "path")[0].get("fill") == "#f00"
