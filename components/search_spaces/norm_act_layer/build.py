"""The Keras layer of a layer graph."""

from typing import Any

from keras import ops

from components.search_spaces.networks.build import Affine
from components.search_spaces.norm_act_layer.graph import FIRST, away_from_zero, pruned, varies_by_row
from components.search_spaces.norm_act_layer.primitives import EPSILON, REDUCED_AXES, group_count, statistic_of
from components.search_spaces.norm_act_layer.spec import V0, V1, LayerSpec

ELEMENT_WISE = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "max": ops.maximum,
    "neg": ops.negative,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "exp": ops.exp,
    "log": lambda x: ops.sign(x) * ops.log(ops.abs(x) + EPSILON),
    "abs": ops.abs,
    "square": ops.square,
    "sqrt": lambda x: ops.sign(x) * ops.sqrt(ops.abs(x) + EPSILON),
}


class NormActLayer(Affine):
    """A layer graph followed by a channel-wise affine, for inputs `[batch, height, width, channels]`.

    In training an aggregation over the batch takes the batch's own statistic and moves an average of it; in inference
    it takes the average. As in the authors' layers the average is of the mean, the mean square or the variance (before
    eps and root) and starts at 0, 1 and 1.

    NOTE: for the mean and the mean square the sources don't say what inference does; a moving average is natural.

    Args:
        nodes: the graph as `[[op, [input, ...]], ...]`.
        groups: group limit of the index set whcg, >= 1; lowered until it divides the channels.
        decay: of the moving averages, [0, 1).

    Raises:
        ValueError: naming the node, where `nodes` is no graph.
    """

    def __init__(self, nodes: Any, groups: int = 32, decay: float = 0.9, **kwargs):
        super().__init__(**kwargs)
        self.spec = LayerSpec.from_json(nodes)
        self.groups = groups
        self.decay = decay
        self._graph = pruned(self.spec)
        self._nonzero = away_from_zero(self._graph)
        self._by_row = varies_by_row(self._graph)

    def build(self, input_shape):
        """Creates gamma, beta, those of v0 and v1 that the output needs, and the moving averages."""
        super().build(input_shape)
        channels = input_shape[-1]
        used = {source for node in self._graph.nodes for source in node.inputs}
        self.v0 = self.add_weight(shape=(1, 1, 1, channels), initializer="zeros", name="v0") if V0 in used else None
        self.v1 = self.add_weight(shape=(1, 1, 1, channels), initializer="ones", name="v1") if V1 in used else None
        self._group_size = channels // group_count(self.groups, channels)
        self._moving = {
            str(index): self.add_weight(
                shape=(1, 1, 1, channels),
                initializer="zeros" if node.op == "mean_bwh" else "ones",
                trainable=False,
                name=f"moving_{node.op}_{index}",
            )
            for index, node in enumerate(self._graph.nodes, start=FIRST)
            if node.op.endswith("_bwh") and self._by_row[node.inputs[0]]
        }

    def call(self, x, training=False):
        """Returns the layer's output, of the shape of x."""
        values = [x, ops.zeros((1, 1, 1, 1), x.dtype), self.v0, self.v1]
        means: dict[tuple[str, int], Any] = {}
        for index, (op, inputs) in enumerate(self._graph.nodes, start=FIRST):
            if statistic_of(op):
                moment = self._moment(index, values[inputs[0]], means, training)
                values.append(moment if op.startswith("mean") else ops.sqrt(moment + EPSILON))
                continue
            sources = [values[source] for source in inputs]
            if op == "div" and not self._nonzero[inputs[1]]:
                sources[1] = sources[1] + ops.where(sources[1] < 0, -EPSILON, EPSILON)
            values.append(ELEMENT_WISE[op](*sources))
        y = super().call(values[-1])
        return y if tuple(y.shape) == tuple(x.shape) else ops.broadcast_to(y, ops.shape(x))

    def _moment(self, index, x, means, training):
        """The mean, mean square or variance that node `index` aggregates; `means` holds the means found so far."""
        op, (source,) = self._graph.nodes[index - FIRST]
        statistic, _, index_set = op.partition("_")
        moving = self._moving.get(str(index))
        if moving is not None and not training:
            return moving
        if statistic == "rms":
            moment = self._mean(index_set, ops.square(x))
        else:
            if (index_set, source) not in means:
                means[index_set, source] = self._mean(index_set, x)
            moment = means[index_set, source]
            if statistic == "std":
                moment = self._mean(index_set, ops.square(x - moment))
        if moving is not None:
            moving.assign(moving * self.decay + ops.stop_gradient(moment) * (1 - self.decay))
        return moment

    def _mean(self, index_set, x):
        mean = ops.mean(x, REDUCED_AXES[index_set], keepdims=True)
        if index_set != "whcg" or self._group_size == 1 or mean.shape[-1] == 1:
            return mean
        grouped = ops.reshape(mean, (-1, 1, 1, mean.shape[-1] // self._group_size, self._group_size))
        mean = ops.mean(grouped, -1, keepdims=True)
        return ops.reshape(ops.broadcast_to(mean, ops.shape(grouped)), (-1, 1, 1, x.shape[-1]))

    def get_config(self):
        """Returns the arguments from which the layer can be made again."""
        return {**super().get_config(), "nodes": self.spec.to_json(), "groups": self.groups, "decay": self.decay}
