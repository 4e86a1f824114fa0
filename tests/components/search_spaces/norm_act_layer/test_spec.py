"""Every bad graph is refused, and the message names the node."""

import numpy as np
import pytest

from components.search_spaces.norm_act_layer.spec import LayerSpec, Node
from components.search_spaces.registry import open_space

BAD_GRAPHS = [
    ([], r"`nodes` must have 1 to 30 nodes. Received: 0 nodes."),
    ([["neg", [0]]] * 31, r"must have 1 to 30 nodes. Received: 31 nodes."),
    ([["neg", [0]], ["sub", [0, 4]]], r"Node 5 must be one of add, .*. Received: op='sub'."),
    ([["neg", [0]], ["std_b", [0]]], r"Node 5 must be one of .*std_bwh.*. Received: op='std_b'."),
    ([["add", [0]]], r"Node 4 \(add\) must have 2 input\(s\). Received: inputs=\(0,\)."),
    ([["neg", [0]], ["tanh", [0, 1]]], r"Node 5 \(tanh\) must have 1 input\(s\). Received: inputs=\(0, 1\)."),
    ([["neg", [4]]], r"Node 4 \(neg\) must have earlier nodes, in \[0, 4\), as inputs. Received: inputs=\(4,\)."),
    ([["mul", [0, 5]], ["neg", [4]]], r"Node 4 \(mul\) must have earlier nodes, .*inputs=\(0, 5\)."),
    ([["neg", [-1]]], r"Node 4 \(neg\) must have earlier nodes, .*inputs=\(-1,\)."),
    ([["neg", ["x"]]], r"Expected `int`, got `str` - at `\$\[0\]\[1\]\[0\]`"),
    ([["neg"]], r"length 2, got 1 - at `\$\[0\]`"),
    ({"nodes": []}, r"Expected `array`, got `object`"),
    (None, r"Expected `array`, got `null`"),
]


@pytest.mark.parametrize(("data", "message"), BAD_GRAPHS, ids=lambda value: str(value)[:40])
def test_a_bad_graph_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        open_space("norm_act_layer", {}).from_json(data)


def test_a_graph_of_more_nodes_than_the_space_encodes_is_refused():
    space = open_space("norm_act_layer", {})
    spec = LayerSpec((Node("neg", (0,)),) * 11)
    with pytest.raises(ValueError, match=r"at most 10 nodes. Received: 11 nodes."):
        space.from_json(spec.to_json())
    with pytest.raises(ValueError, match=r"at most 10 nodes. Received: 11 nodes."):
        space.encode(spec)


BAD_ENCODINGS = [
    ([0, 0, 0], r"node 4 op in \[0, 25\). Received: 0"),  # no node at all
    ([25, 0, 0], r"node 4 op in \[0, 25\). Received: 25"),
    ([1, 0, 4], r"node 4 input 2 in \[0, 4\). Received: 4"),
    ([1, -1, 0], r"node 4 input 1 in \[0, 4\). Received: -1"),
    ([5, 0, 1], r"node 4 input 2 in \[0, 4\). Received: 1"),  # neg has one input
    ([5, 0, 0, 0, 1, 0], r"node 5 input 1 in \[0, 5\). Received: 1"),  # no node has no inputs
    ([5, 0, 0, 0, 0, 0, 5, 0, 0], r"node 6 op in \[0, 25\). Received: 5"),  # a node after the end
]


@pytest.mark.parametrize(("start", "message"), BAD_ENCODINGS, ids=str)
def test_a_bad_encoding_is_refused_with_the_decision(start, message):
    space = open_space("norm_act_layer", {})
    encoded = np.zeros(len(space.decisions()), np.int64)
    encoded[: len(start)] = start
    with pytest.raises(ValueError, match=message):
        space.decode(encoded)


@pytest.mark.parametrize(
    "encoded", [np.zeros(30), np.zeros(29, int), np.zeros((1, 30), int)], ids=lambda e: str(e.shape)
)
def test_an_encoding_of_another_shape_or_type_is_refused(encoded):
    with pytest.raises(ValueError, match=r"`encoded` must be 30 integers. Received: "):
        open_space("norm_act_layer", {}).decode(encoded)
