"""Dominance, fronts, ranks and hypervolume against their definitions in plain loops."""

import numpy as np
import pytest

from components.objectives import pareto
from tests.oracles import pareto as oracle

# (points, rank of each), drawn in quality (right) and negated latency (up)
#
#   -1 |     a b           a is beaten by b; c by b and e; d by all but f
#   -2 |   d     c  e      b and e are the front; f is as good as e
#           .1  .3 .5  .7
DRAWN = {"a": (0.3, -1), "b": (0.4, -1), "c": (0.5, -2), "d": (0.2, -2), "e": (0.7, -2), "f": (0.7, -2)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((1, 1), (0, 0), True),
        ((1, 0), (0, 0), True),  # equal in one
        ((0, 0), (0, 0), False),  # equal in all: neither dominates
        ((1, 0), (0, 1), False),
        ((0, 0), (1, 0), False),
    ],
)
def test_dominance_asks_for_one_strict_inequality(first, second, expected):
    assert pareto.dominates(np.array(first), np.array(second)) is expected


def test_the_front_and_the_ranks_of_a_drawn_set():
    values = np.array(list(DRAWN.values()))
    assert [name for name, stays in zip(DRAWN, pareto.non_dominated(values)) if stays] == ["b", "e", "f"]
    # without b, e and f the front is a and c; d comes last
    assert dict(zip(DRAWN, pareto.ranks(values).tolist())) == {"a": 1, "b": 0, "c": 1, "d": 2, "e": 0, "f": 0}


@pytest.mark.parametrize("objectives", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_fronts_and_ranks_follow_the_definition_on_sets_full_of_ties(objectives, seed):
    values = np.random.default_rng(seed).integers(0, 5, size=(40, objectives))
    points = values.tolist()
    assert np.flatnonzero(pareto.non_dominated(values)).tolist() == oracle.front(points)
    assert pareto.ranks(values).tolist() == oracle.ranks(points)


def test_the_front_of_more_points_than_are_compared_at_once():
    """A circle's quarter is all front; the same points halved are all beaten. Blocks of 128 must not be mixed up."""
    angle = np.linspace(0, np.pi / 2, 150)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    order = np.random.default_rng(0).permutation(300)
    on_circle = np.repeat([True, False], 150)[order]
    assert pareto.non_dominated(np.vstack([circle, circle / 2])[order]).tolist() == on_circle.tolist()


def test_no_points_have_no_front():
    assert pareto.non_dominated(np.empty((0, 2))).tolist() == []
    assert pareto.ranks(np.empty((0, 2))).tolist() == []


def test_a_nan_is_refused_and_an_infinity_is_not():
    with pytest.raises(ValueError, match=r"without NaN\. Received: shape \(2, 2\), 1 NaN\."):
        pareto.non_dominated(np.array([[0.0, np.nan], [1.0, 1.0]]))
    assert pareto.non_dominated(np.array([[0.5, -np.inf], [0.5, -1.0]])).tolist() == [False, True]


def test_a_list_of_numbers_is_no_set_of_points():
    with pytest.raises(ValueError, match=r"matrix \[points, objectives\] without NaN\. Received: shape \(3,\)"):
        pareto.ranks(np.arange(3))


def test_the_hypervolume_of_two_steps():
    # below 0.5 from 2 to 10 ms, and from 0.5 to 0.8 from 6 to 10 ms: 4 + 1.2
    assert pareto.hypervolume(np.array([0.8, 0.5]), np.array([6.0, 2.0]), 0.0, 10.0) == pytest.approx(5.2)


@pytest.mark.parametrize("seed", range(8))
def test_the_hypervolume_counts_the_grid_cells_that_are_dominated(seed):
    """Whole numbers, so that the count of unit cells is the area; some points lie beyond the corner."""
    points = np.random.default_rng(seed).integers(0, 12, size=(7, 2))
    worst_latency = 6
    area = pareto.hypervolume(points[:, 0], points[:, 1], 0.0, worst_latency)
    assert area == oracle.covered_cells(points.tolist(), worst_latency)


def test_points_outside_the_corner_add_nothing():
    quality, latency = np.array([0.2, 0.9, 0.95]), np.array([1.0, 10.0, 12.0])
    assert pareto.hypervolume(quality, latency, 0.3, 10.0) == 0.0
    assert pareto.hypervolume(np.empty(0), np.empty(0), 0.0, 10.0) == 0.0
