"""Reference designs of the published tables as literal specs.

Source: TabNAS (arXiv 2204.07615). Widths and parameter counts are recalled from the paper. Those of Criteo (5 layers),
Volkert and Aloi are confirmed by arithmetic: with inputs and outputs known beforehand, each remembered count is hit
exactly. The count of Criteo (3 layers), 41,153, is published; its 1027 inputs were derived from it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from components.search_spaces.tabular_mlp.spec import MlpSpec


class Reference(NamedTuple):
    """A published design: its spec, and features and outputs of its data with its trainable parameters there."""

    spec: MlpSpec
    features: int
    outputs: int
    parameters: int


REFERENCES: Mapping[str, Reference] = {
    "Criteo-3": Reference(MlpSpec((32, 144, 24)), 1027, 1, 41_153),  # 13 numbers, 26 categories in 39 numbers each
    "Volkert-4": Reference(MlpSpec((48, 160, 32, 144)), 180, 10, 27_882),
    "Aloi-4": Reference(MlpSpec((64, 192, 48, 32)), 128, 1000, 64_568),
    "Criteo-5": Reference(MlpSpec((48, 240, 24, 256, 8)), 1027, 1, 75_353),
}
