"""The rows that a process trains on: held once, batches as a pure function of (seed, step)."""

import functools

import numpy as np

from components.training.seeds import ROWS, SHIFTS, stream

MIB = 1 << 20


class Feed:
    """Training and validation rows of one process.

    A memory-mapped array of rows above the limit stays on disk, and each batch is gathered from the map; any other is
    held in memory. Either way the batches are the same.

    Attributes:
        train_x, train_y: `[rows, ...]` float32 and `[rows]` int32, or float32 where labels are regression targets.
        validation_x, validation_y: the same for the rows that guide the search.
    """

    def __init__(
        self,
        train_x: np.ndarray,
        train_y: np.ndarray,
        validation_x: np.ndarray,
        validation_y: np.ndarray,
        memory_limit_mib: int = 2048,
    ):
        """Takes the rows in.

        Raises:
            ValueError: where there are no training rows, or not as many labels as rows.
        """
        for name, x, y in (("train", train_x, train_y), ("validation", validation_x, validation_y)):
            if len(x) != len(y) or not len(x):
                raise ValueError(f"`{name}_x` must have as many rows as labels, >= 1. Received: {len(x)} and {len(y)}.")
        self.train_x, self.validation_x = (_hold(x, memory_limit_mib) for x in (train_x, validation_x))
        self.train_y, self.validation_y = (_labels(y) for y in (train_y, validation_y))

    @property
    def streamed(self) -> bool:
        """Whether the training rows stay on disk."""
        return isinstance(self.train_x, np.memmap)

    def batch_rows(self, seed: tuple[int, ...], first_step: int, last_step: int, batch_size: int) -> np.ndarray:
        """Returns the row indices of the steps in [first_step, last_step), `[steps, batch]`.

        The permutations of successive epochs form one endless stream, and step s takes the s-th `batch_size` of it: so
        any step's rows are known without the steps before, and no batch is smaller than the others.
        """
        rows = len(self.train_x)
        start, end = first_step * batch_size, last_step * batch_size
        epochs = range(start // rows, -(-end // rows))
        if not epochs:
            return np.empty((0, batch_size), np.int64)
        stream = np.concatenate([_permutation(seed, epoch, rows) for epoch in epochs])
        offset = epochs.start * rows
        return stream[start - offset : end - offset].reshape(-1, batch_size)

    def batch(
        self, seed: tuple[int, ...], step: int, batch_size: int, shift_pixels: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the batch of a step: `[batch, ...]` float32 and `[batch]` int32 or float32, as the labels are.

        Args:
            seed: with the step it determines everything.
            step: number of the step, from 0.
            batch_size: rows of the batch; more than there are training rows is fine.
            shift_pixels: each image is moved by up to this many pixels along both axes, zeros coming in; 0 for rows
                that are no images.
        """
        rows = self.batch_rows(seed, step, step + 1, batch_size)[0]
        x = np.asarray(self.train_x[rows], np.float32)
        if shift_pixels:
            x = shift(x, shifts(seed, step, batch_size, shift_pixels))
        return x, self.train_y[rows]


def shifts(seed: tuple[int, ...], step: int, batch_size: int, shift_pixels: int) -> np.ndarray:
    """Returns how far each image of a step's batch moves, `[batch, (down, right)]` in [-shift_pixels, shift_pixels]."""
    return np.random.default_rng(stream(seed, SHIFTS, step)).integers(-shift_pixels, shift_pixels + 1, (batch_size, 2))


def shift(images: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Moves each image by its offset (down, right) in pixels; what comes in is zero.

    Args:
        images: `[batch, height, width, channels]`.
        offsets: `[batch, 2]`, whole numbers.

    Raises:
        ValueError: where `images` are no images.
    """
    if images.ndim != 4:
        raise ValueError(f"`shift_pixels` must be 0 for rows that are no images. Received: rows of {images.shape[1:]}.")
    moved = np.zeros_like(images)
    for image, target, (down, right) in zip(images, moved, offsets.tolist(), strict=True):
        (from_y, to_y), (from_x, to_x) = _overlap(down, image.shape[0]), _overlap(right, image.shape[1])
        target[to_y, to_x] = image[from_y, from_x]
    return moved


def _overlap(offset: int, size: int) -> tuple[slice, slice]:
    return slice(max(-offset, 0), max(size - offset, 0)), slice(max(offset, 0), max(size + offset, 0))


def _labels(y: np.ndarray) -> np.ndarray:
    """Classes as int32, regression targets as float32."""
    y = np.asarray(y)
    return y.astype(np.float32 if np.issubdtype(y.dtype, np.floating) else np.int32, copy=False)


def _hold(x: np.ndarray, memory_limit_mib: int) -> np.ndarray:
    if isinstance(x, np.memmap) and x.nbytes > memory_limit_mib * MIB:
        return x
    return np.array(x, np.float32) if isinstance(x, np.memmap) else np.asarray(x, np.float32)


@functools.lru_cache(maxsize=2)  # a batch needs the epochs at its two ends
def _permutation(seed: tuple[int, ...], epoch: int, rows: int) -> np.ndarray:
    return np.random.default_rng(stream(seed, ROWS, epoch)).permutation(rows)
