"""Random graphs and mutations have the published distribution."""

from collections import Counter

import numpy as np
import pytest

from components.search_spaces.norm_act_layer.graph import uses_batch
from components.search_spaces.norm_act_layer.primitives import NAMES
from components.search_spaces.norm_act_layer.sampling import Sampler
from components.search_spaces.registry import open_space

GRAPHS, NODES = 2000, 10


def op_shares(sampler):
    """Share of each primitive among the nodes of random graphs."""
    rng = np.random.default_rng(0)
    counts = Counter(node.op for _ in range(GRAPHS) for node in sampler.sample(rng).nodes)
    return {name: counts[name] / (GRAPHS * NODES) for name in NAMES}


# (measure, index sets, share of an element-wise operation, share of an aggregation over an allowed index set)
MEASURES = [
    ("concrete", ("bwh", "whc", "wh", "whcg"), 1 / 24, 1 / 24),
    ("concrete", ("whc", "wh", "whcg"), 1 / 21, 1 / 21),
    ("table", ("bwh", "whc", "wh", "whcg"), 1 / 15, 1 / 60),
    ("table", ("whc", "wh", "whcg"), 1 / 15, 1 / 45),
]


@pytest.mark.parametrize(("measure", "index_sets", "element_wise", "aggregation"), MEASURES)
def test_primitives_are_drawn_by_the_measure(measure, index_sets, element_wise, aggregation):
    """The deviation of a share p of 20,000 nodes is at most 0.0018; 5 of them are passed with p < 1e-5 a primitive."""
    for name, share in op_shares(Sampler(NODES, index_sets, measure)).items():
        split = name.partition("_")[2]
        expected = element_wise if not split else aggregation if split in index_sets else 0
        assert abs(share - expected) <= 5 * np.sqrt(expected * (1 - expected) / (GRAPHS * NODES)), name


def test_inputs_are_drawn_uniformly_from_the_earlier_nodes():
    """13 nodes stand before the last; 2,000 graphs give about 2,800 inputs, so a share deviates by 0.005."""
    rng = np.random.default_rng(1)
    sampler = Sampler(NODES)
    inputs = [source for _ in range(GRAPHS) for source in sampler.sample(rng).nodes[-1].inputs]
    shares = np.bincount(inputs, minlength=13) / len(inputs)
    assert len(shares) == 13
    assert np.abs(shares - 1 / 13).max() < 0.027


def test_a_mutation_redraws_one_uniformly_drawn_node():
    """Each of 10 nodes is drawn in a tenth of 3,000 mutations, with deviation 0.0055."""
    rng = np.random.default_rng(2)
    sampler = Sampler(NODES)
    spec = sampler.sample(rng)
    named = Counter()
    for _ in range(3000):
        child, change = sampler.mutate(spec, rng)
        differing = [4 + at for at, (old, new) in enumerate(zip(spec.nodes, child.nodes)) if old != new]
        index = int(change.text.split(":")[0].removeprefix("node "))
        assert differing in ([], [index])
        named[index] += 1
    assert all(abs(named[index] / 3000 - 0.1) < 0.028 for index in range(4, 14))


def test_batch_independent_means_the_live_graph_or_the_whole_op_set():
    rng = np.random.default_rng(3)
    narrow, live = (open_space("norm_act_layer", {"batch_independent": choice}) for choice in ("op_set", "active"))
    for _ in range(300):
        assert not any("_bwh" in node.op for node in narrow.sample(rng).nodes)
        spec = live.sample(rng)
        assert (live.static_screen(spec) == "uses_batch") == uses_batch(spec)
    assert not narrow.allowed([])[NAMES.index("std_bwh") + 1]
    assert live.static_screen(live.known["EvoNorm-B0"]) == "uses_batch"
    assert live.static_screen(live.known["EvoNorm-S0"]) is None
