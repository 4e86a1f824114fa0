"""The benchmark of the table of layers with a clock of its own: what it prints of the predictions."""

import numpy as np

from benchmarks import layer_latency
from components.hardware.layer_timing import LayerTiming
from components.hardware_benchmarking import layers


def test_the_benchmark_prints_how_well_the_table_predicts(monkeypatch, capsys):
    """Layers take 2 ms each and a call 1 ms, so one of four layers takes 9 ms; networks are said to take 10 ms."""
    monkeypatch.setattr(layers, "_timing", lambda *arguments: LayerTiming(2.0, 0.1, 1.0, 3, "CPU:0"))
    monkeypatch.setattr(layer_latency, "measured", lambda context, specs: np.linspace(10.0, 10.1, len(specs)))
    layer_latency.compared("digits", 3, 5)
    printed = capsys.readouterr().out
    assert "digits, 3 layers: 440 layers measured in" in printed and "5 designs take 10.000 to 10.100 ms" in printed
    (row,) = [line for line in printed.splitlines() if line.startswith("| sum of layers")]
    assert "| 10.4% | -10.4% |" in row  # 9 over the median of 10.05
