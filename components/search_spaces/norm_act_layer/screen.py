"""The screens before anything is built: one by structure, one by a forward pass in NumPy."""

import numpy as np

from components.search_spaces.norm_act_layer.primitives import apply
from components.search_spaces.norm_act_layer.simplification import NUMBER, ROW, LayerGraph, simplified
from components.search_spaces.norm_act_layer.spec import FIRST, LayerSpec, X

# The forward pass: unit-normal images through 4 times (layer, convolution with variance-preserving weights for a
# rectifier). BN-ReLU ends at a root mean square near 1, the identity at sqrt(2)**4 = 4. The limits were set on 260
# random graphs trained for 100 steps on 8x8 digits: of 212 beyond a limit 2 passed an accuracy of 0.2, of 48 inside 21.
LAYERS, ROWS, SIZE, CHANNELS = 4, 8, 4, 12
EXPLODING = 3.5  # root mean square of the last convolution's output
VANISHING = 1e-3  # its spread over the rows
CONSTANT_ROWS = 3e-3  # that spread relative to the root mean square
CONSTANT_POSITIONS = 1e-3  # the spread over the positions of an image, relative likewise


def static_screen(spec: LayerSpec, min_active_ops: int) -> str | None:
    """Returns why the structure alone rules a layer out.

    Returns:
        `ignores_input` where no row of the output depends on that row's input, `too_few_ops` where simplification
        leaves fewer than `min_active_ops` operations on what depends on the input, else None. What is computed from v0
        and v1 alone is one more trainable constant: most of a search would be variants of tanh(x) + f(v0).
    """
    graph = simplified(spec, approximately=True)
    if not graph.facts[graph.output].varies & ROW:
        return "ignores_input"
    return "too_few_ops" if _operations_on_input(graph) < min_active_ops else None


def _operations_on_input(graph: LayerGraph) -> int:
    depends = [index == X for index in range(FIRST)]
    for _, inputs in graph.nodes:
        depends.append(any(depends[source] for source in inputs))
    return sum(depends[FIRST:])


def numerical_screen(spec: LayerSpec, rng: np.random.Generator, groups: int = 32) -> str | None:
    """Returns why a forward pass through several layers, as at the start of training, rules a layer out.

    Args:
        spec: the layer.
        rng: draws the images and the convolutions.
        groups: group limit of the index set whcg.

    Returns:
        `non_finite`; `constant` (rows, or positions within a row, hardly differ); `exploding`; `vanishing`; else None.
    """
    with np.errstate(all="ignore"):
        y = _through_layers(spec, rng, groups).astype(np.float64)
        if not np.isfinite(y).all():
            return "non_finite"
        size = np.sqrt(np.mean(np.square(y)))
        rows, positions = y.std(axis=0).mean(), np.sqrt(y.var(axis=(1, 2)).mean())
    if size > EXPLODING:
        return "exploding"
    if rows <= CONSTANT_ROWS * size or positions <= CONSTANT_POSITIONS * size:
        return "constant"
    return "vanishing" if rows < VANISHING else None


def forward(spec: LayerSpec, x: np.ndarray, v0: np.ndarray, v1: np.ndarray, groups: int = 32) -> np.ndarray:
    """Computes the graph without the affine, as in training.

    Args:
        spec: the layer.
        x: input, `[batch, height, width, channels]`.
        v0, v1: the trainable constants, `[channels]`.
        groups: group limit of the index set whcg.

    Returns:
        The output, of the shape of x; a read-only view where it doesn't vary along every axis.
    """
    graph = simplified(spec)
    shape = (1, 1, 1, -1)
    values = [x, np.zeros((1, 1, 1, 1), x.dtype), v0.reshape(shape), v1.reshape(shape)]
    for (op, inputs), facts in zip(graph.nodes, graph.facts[FIRST:], strict=True):
        if op == NUMBER:
            values.append(np.full((1, 1, 1, 1), facts.number, x.dtype))
        else:
            sources = [values[source] for source in inputs]
            values.append(apply(op, sources, groups, graph.facts[inputs[-1]].nonzero))
    return np.broadcast_to(values[graph.output], x.shape)


def _through_layers(spec: LayerSpec, rng: np.random.Generator, groups: int) -> np.ndarray:
    v0, v1 = np.zeros(CHANNELS, np.float32), np.ones(CHANNELS, np.float32)
    y = rng.standard_normal((ROWS, SIZE, SIZE, CHANNELS), np.float32)
    for _ in range(LAYERS):
        z = forward(spec, y, v0, v1, groups)
        # Each position sees itself and two neighbours: a convolution with 3 taps.
        taps = np.concatenate([z, np.roll(z, 1, axis=1), np.roll(z, 1, axis=2)], axis=-1)
        kernel = rng.standard_normal((3 * CHANNELS, CHANNELS), np.float32)
        y = taps @ (kernel * np.float32(np.sqrt(2 / len(kernel))))
    return y
