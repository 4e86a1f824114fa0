"""Published networks as literal specs, and the skeleton that they share.

Source: EfficientNet-B0 (Tan and Le 2019, arXiv 1905.11946, table 1); EfficientNet-X-B0 (Li et al. 2021, arXiv
2102.05610) as its released code builds it (tensorflow/tpu, efficientnet_x_builder.py).
"""

from collections.abc import Mapping

from components.search_spaces.accelerator_convnet.skeleton import Skeleton, SkeletonStage
from components.search_spaces.accelerator_convnet.spec import ConvnetSpec, StageSpec

B0 = Skeleton(
    stem_channels=32,
    head_channels=1280,
    stages=(
        SkeletonStage(channels=16, blocks=1, stride=1),
        SkeletonStage(channels=24, blocks=2, stride=2),
        SkeletonStage(channels=40, blocks=2, stride=2),
        SkeletonStage(channels=80, blocks=3, stride=2),
        SkeletonStage(channels=112, blocks=3, stride=1),
        SkeletonStage(channels=192, blocks=4, stride=2),
        SkeletonStage(channels=320, blocks=1, stride=1),
    ),
)

KNOWN: Mapping[str, ConvnetSpec] = {
    "EfficientNet-B0": ConvnetSpec(
        "none",
        (
            StageSpec("mbconv", 3, 1, 0.25, "swish", 16, 1),
            StageSpec("mbconv", 3, 6, 0.25, "swish", 24, 2),
            StageSpec("mbconv", 5, 6, 0.25, "swish", 40, 2),
            StageSpec("mbconv", 3, 6, 0.25, "swish", 80, 3),
            StageSpec("mbconv", 5, 6, 0.25, "swish", 112, 3),
            StageSpec("mbconv", 5, 6, 0.25, "swish", 192, 4),
            StageSpec("mbconv", 3, 6, 0.25, "swish", 320, 1),
        ),
    ),
    "EfficientNet-X-B0": ConvnetSpec(
        "convolution",
        (
            StageSpec("mbconv", 3, 1, 1.0, "relu", 16, 1),
            StageSpec("fused", 3, 6, 1.0, "swish", 24, 2),
            StageSpec("fused", 5, 6, 1.0, "swish", 40, 2),
            StageSpec("mbconv", 3, 6, 1.0, "relu", 80, 3),
            StageSpec("mbconv", 5, 6, 1.0, "relu", 112, 3),
            StageSpec("mbconv", 5, 6, 1.0, "relu", 192, 4),
            StageSpec("mbconv", 3, 6, 1.0, "relu", 320, 1),
        ),
    ),
}
