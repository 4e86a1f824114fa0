"""A compiled function that knows how often it was traced and what its first call cost."""

import time
from collections.abc import Callable
from typing import Any

from components.training.runtime import prepare_tensorflow


class Traced:
    """A TensorFlow function of arrays.

    Attributes:
        traces: how often it was traced, counted from within.
        first_call_seconds: of the first call: trace, graph optimisation and one execution; 0 before it.
    """

    def __init__(self, function: Callable[..., Any]):
        self.traces = 0
        self.first_call_seconds = 0.0

        def counted(*arguments):
            self.traces += 1
            return function(*arguments)

        self._compiled = prepare_tensorflow().function(counted, autograph=False)

    def __call__(self, *arguments: Any) -> Any:
        """Returns the function's value as NumPy arrays, so that it has run to its end."""
        if self.first_call_seconds:
            return self._compiled(*arguments).numpy()
        start = time.perf_counter()
        value = self._compiled(*arguments).numpy()
        self.first_call_seconds = time.perf_counter() - start
        return value
