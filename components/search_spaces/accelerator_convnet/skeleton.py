"""What all networks of a space have: stem, head, and for each stage its middle size and whether it halves the image."""

from typing import Annotated, Literal

import msgspec

from components.records.section import Section
from components.search_spaces.accelerator_convnet.spec import Blocks, Channels


class SkeletonStage(Section, frozen=True, kw_only=True):
    """A stage before anything is chosen.

    Fields:
        channels: that the choices of `channel_factors` multiply, [1, 65536].
        blocks: that the choices of `block_steps` are added to, [1, 256].
        stride: 2 halves the image in the first block, 1 doesn't.
    """

    channels: Channels
    blocks: Blocks = 1
    stride: Literal[1, 2] = 1


class Skeleton(Section, frozen=True, kw_only=True):
    """A stem, stages, and a head.

    Fields:
        stem_channels: of the 3x3 convolution that images go through first, [1, 65536].
        head_channels: of the 1x1 convolution after the last stage, [1, 65536].
        stages: 1 to 32.
    """

    stem_channels: Channels = 32
    head_channels: Channels = 1280
    stages: Annotated[tuple[SkeletonStage, ...], msgspec.Meta(min_length=1, max_length=32)]
