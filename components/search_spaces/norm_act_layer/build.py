"""The Keras layer of a layer graph."""

from typing import Any

import keras
import numpy as np
from keras import ops

from components.search_spaces.networks.build import Affine
from components.search_spaces.norm_act_layer.formula import formula
from components.search_spaces.norm_act_layer.known import KNOWN
from components.search_spaces.norm_act_layer.primitives import EPSILON, group_count, statistic_of
from components.search_spaces.norm_act_layer.simplification import NUMBER, SPACE, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, V0, V1, LayerSpec

ELEMENT_WISE = {
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
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
    """A layer graph followed by a channel-wise affine: takes the place of a normalization and the activation after it.

    Inputs are `[batch, ..., channels]` of any number of spatial axes; those, and the batch, may be of unknown size. The
    index sets mean: bwh the batch and the spatial axes; whc the spatial axes and the channels; wh the spatial axes;
    whcg the spatial axes and the channels of a group. Without spatial axes there is no wh.

    In training an aggregation over the batch takes the batch's own statistic and moves an average of it; in inference,
    and where `trainable` is False, it takes the average. As in the authors' layers the average is of the mean, the mean
    square or the variance (before eps and root) and starts at 0, 1 and 1.

    Statistics are computed in float32 at least, averages of them are kept so; all else is in the compute dtype, float16
    apart: eps has no reciprocal there, so the layer computes in float32.

    NOTE: for the mean and the mean square the sources don't say what inference does; a moving average is natural.

    Args:
        nodes: the graph as `[[op, [input, ...]], ...]`.
        groups: group limit of the index set whcg, >= 1; lowered until it divides the channels.
        decay: of the moving averages, [0, 1).

    Raises:
        ValueError: naming the node, where `nodes` is no graph, or where the input has no axes to aggregate over; and
            where `groups` or `decay` is out of range, or the number of channels unknown.
    """

    def __init__(self, nodes: Any, groups: int = 32, decay: float = 0.9, **kwargs):
        super().__init__(**kwargs)
        self.spec = LayerSpec.from_json(nodes)
        if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 1:
            users = [f", for node {at} ({op})" for at, (op, _) in enumerate(self.spec.nodes, FIRST) if "whcg" in op]
            raise ValueError(
                f"`groups` must be a whole number, at least 1{''.join(users[:1])}. Received: groups={groups!r}."
            )
        if not 0 <= decay < 1:
            raise ValueError(f"`decay` must be in [0, 1). Received: decay={decay!r}.")
        self.groups = int(groups)
        self.decay = float(decay)
        self._graph = simplified(self.spec)

    @classmethod
    def known(cls, name: str, /, **kwargs) -> "NormActLayer":
        """Returns a published layer, such as `EvoNorm-S0`; `kwargs` are the other arguments of the layer.

        Raises:
            ValueError: where there is none of that name.
        """
        if name not in KNOWN:
            raise ValueError(f"`name` must be one of {', '.join(KNOWN)}. Received: name={name!r}.")
        return cls(KNOWN[name].to_json(), **kwargs)

    @property
    def formula(self) -> str:
        """What the layer computes before its affine, such as `x * sigmoid(x) / std[whcg](x)`."""
        return formula(self.spec)

    def build(self, input_shape):
        """Creates gamma, beta, those of v0 and v1 that the output needs, and the moving averages."""
        rank, channels = len(input_shape), input_shape[-1]
        if rank < 2 or channels is None:
            raise ValueError(f"`input_shape` must be (batch, ..., channels). Received: input_shape={input_shape}.")
        self._group_size = channels // group_count(self.groups, channels)
        spatial = tuple(range(1, rank - 1))
        self._axes = {"bwh": (0, *spatial), "whc": (*spatial, rank - 1), "wh": spatial, "whcg": spatial}
        self._check_axes(input_shape)
        super().build(input_shape)
        self.input_spec = keras.layers.InputSpec(ndim=rank, axes={-1: channels})
        self._work_dtype = "float32" if self.compute_dtype == "float16" else self.compute_dtype
        self._statistics_dtype = keras.backend.result_type(self.compute_dtype, "float32")
        shape = (1,) * (rank - 1) + (channels,)
        used = {self._graph.output, *(source for node in self._graph.nodes for source in node.inputs)}
        self.v0 = self.add_weight(shape=shape, initializer="zeros", name="v0") if V0 in used else None
        self.v1 = self.add_weight(shape=shape, initializer="ones", name="v1") if V1 in used else None
        self._moving = {
            str(index): self.add_weight(
                shape=shape,
                initializer="zeros" if op == "mean_bwh" else "ones",
                dtype=keras.backend.result_type(self.variable_dtype, "float32"),
                trainable=False,
                autocast=False,
                name=f"moving_{op}_{index}",
            )
            for index, (op, _) in enumerate(self._graph.nodes, start=FIRST)
            if op.endswith("_bwh")
        }

    def call(self, x, training=False):
        """Returns the layer's output, of the shape of x and in the compute dtype."""
        initial = [None if value is None else ops.cast(value, self._work_dtype) for value in (x, self.v0, self.v1)]
        values = [initial[0], 0.0, *initial[1:]]
        means: dict[tuple[str, int], Any] = {}
        for index, (op, inputs) in enumerate(self._graph.nodes, start=FIRST):
            if op == NUMBER:
                values.append(self._graph.facts[index].number)
            elif statistic_of(op):
                moment = self._moment(index, values[inputs[0]], means, training and self.trainable)
                statistic = moment if op.startswith("mean") else ops.sqrt(moment + EPSILON)
                values.append(ops.cast(statistic, self._work_dtype))
            else:
                values.append(self._element_wise(op, inputs, [values[source] for source in inputs]))
        y = super().call(ops.convert_to_tensor(values[self._graph.output], self.compute_dtype))
        return y if tuple(y.shape) == tuple(x.shape) else ops.broadcast_to(y, ops.shape(x))

    def _check_axes(self, input_shape):
        """Raises ValueError where a node aggregates over what the input doesn't have."""
        for (op, inputs), origin in zip(self._graph.nodes, self._graph.origins, strict=True):
            split = statistic_of(op)
            varies = self._graph.facts[inputs[0]].varies if split else 0
            if split and not self._axes[split[1]] and varies & SPACE and (split[1] == "wh" or self._group_size == 1):
                raise ValueError(
                    f"Node {origin} ({op}) must have axes to aggregate over: the input has no spatial axes"
                    f"{' and a channel in each group' if split[1] == 'whcg' else ''}."
                    f" Received: input_shape={tuple(input_shape)}."
                )

    def _element_wise(self, op, inputs, values):
        facts = [self._graph.facts[source] for source in inputs]
        if op == "max" and 0.0 in (facts[0].number, facts[1].number):
            return ops.relu(values[facts[0].number == 0.0])
        if op == "div":
            divisor = values[1] if facts[1].nonzero else _off_zero(values[1])
            # Dividing by a small tensor costs more than multiplying, above all the gradient in the divisor.
            if not facts[1].varies & SPACE:
                return values[0] * (1.0 / divisor)
            return values[0] / divisor
        return ELEMENT_WISE[op](*values)

    def _moment(self, index, x, means, training):
        """The mean, mean square or variance that node `index` aggregates; `means` holds the means found so far."""
        op, (source,) = self._graph.nodes[index - FIRST]
        statistic, _, index_set = op.partition("_")
        moving = self._moving.get(str(index))
        if moving is not None and not training:
            return moving
        x = ops.cast(x, self._statistics_dtype)
        if statistic == "rms":
            moment = self._mean(index_set, ops.square(x))
        else:
            if (index_set, source) not in means:
                means[index_set, source] = self._mean(index_set, x)
            moment = means[index_set, source]
            if statistic == "std":
                # Equal to the mean of (x - mean)**2 for any center and so in all derivatives; the gradient in a center
                # that is held fixed needs no sum over x, and the second square is zero.
                center = ops.stop_gradient(moment)
                moment = self._mean(index_set, ops.square(x - center)) - ops.square(moment - center)
        if moving is not None:
            moving.assign(moving * self.decay + moment * (1 - self.decay))
        return moment

    def _mean(self, index_set, x):
        axes = self._axes[index_set]
        mean = ops.mean(x, axes, keepdims=True) if axes else x
        if index_set != "whcg" or self._group_size == 1:
            return mean
        ones = (1,) * (len(mean.shape) - 2)
        grouped = ops.reshape(mean, (-1, *ones, mean.shape[-1] // self._group_size, self._group_size))
        mean = ops.mean(grouped, -1, keepdims=True)
        return ops.reshape(ops.broadcast_to(mean, ops.shape(grouped)), (-1, *ones, x.shape[-1]))

    def get_config(self):
        """Returns the arguments from which the layer can be made again."""
        return {**super().get_config(), "nodes": self.spec.to_json(), "groups": self.groups, "decay": self.decay}


def _off_zero(divisor):
    """The divisor moved away from zero by eps."""
    if isinstance(divisor, float):
        return divisor + (-EPSILON if divisor < 0 else EPSILON)
    return divisor + ops.cast(ops.where(divisor < 0, -EPSILON, EPSILON), divisor.dtype)


# Keras loads a file that holds such layers wherever this module was imported.
keras.saving.register_keras_serializable("archloom")(Affine)
keras.saving.register_keras_serializable("archloom")(NormActLayer)
