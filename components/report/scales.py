"""From data to pixels: a linear or logarithmic scale with ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LOG_RATIO = 20.0  # positive data that span more than this are drawn on a logarithmic scale


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] to [start, end] pixels; `logarithmic` needs low > 0. low < high."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (math.log(x) if self.logarithmic else x for x in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, about: int = 5) -> tuple[float, ...]:
        """About so many round numbers within [low, high], ascending."""
        if self.logarithmic:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            values = [mantissa * 10.0**power for power in range(first, last + 1) for mantissa in (1, 2, 5)]
            return tuple(value for value in values if self.low <= value <= self.high)
        step = self.step(about)
        slack = 1e-9 * step  # a limit that is a tick itself keeps it, whatever its last bit
        first, last = math.ceil((self.low - slack) / step), math.floor((self.high + slack) / step)
        return tuple(index * step for index in range(first, last + 1))

    def step(self, about: int = 5) -> float:
        """The distance between ticks: 1, 2 or 5 times a power of ten."""
        raw = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(raw))
        return power * next(factor for factor in (1, 2, 5, 10) if raw <= factor * power * (1 + 1e-9))

    def text(self, value: float, about: int = 5) -> str:
        """A tick's label with no more decimals than the ticks need."""
        if self.logarithmic:
            return f"{value:g}"
        return f"{value:,.{max(0, -math.floor(math.log10(self.step(about)) + 1e-9))}f}"


def fitted(
    values: Iterable[float], start: float, end: float, *, within: tuple[float, float] | None = None, log: bool = False
) -> Scale:
    """A scale over the values with some room at both ends.

    Args:
        values: what is drawn, finite; without any, the scale is [0, 1].
        start, end: pixels.
        within: limits that the room must not leave, such as (0, 1) for an accuracy.
        log: draw positive values that span more than `LOG_RATIO` on a logarithmic scale.
    """
    drawn = list(values) or [0.0, 1.0]
    low, high = min(drawn), max(drawn)
    if log and low > 0 and high / low > LOG_RATIO:
        return Scale(low / 1.2, high * 1.2, start, end, logarithmic=True)
    room = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    low, high = low - room, high + room
    if within:
        low, high = max(low, within[0]), min(high, within[1])
    return Scale(low, high, start, end)
