"""The spec of a convolutional network: space-to-depth after the stem, and what each stage is, as frozen data."""

from typing import Annotated, Any, Literal

import msgspec

Operation = Literal["mbconv", "fused"]
Activation = Literal["relu", "swish"]
SpaceToDepth = Literal["none", "convolution", "memory"]

Kernel = Annotated[int, msgspec.Meta(ge=1, le=15)]
Expansion = Annotated[int, msgspec.Meta(ge=1, le=32)]
Ratio = Annotated[float, msgspec.Meta(ge=0, le=16)]
Channels = Annotated[int, msgspec.Meta(ge=1, le=65_536)]
Blocks = Annotated[int, msgspec.Meta(ge=1, le=256)]


class StageSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some equal blocks, one after the other; only the first one may halve the image.

    Fields:
        operation: `mbconv`, a 1x1 convolution that expands the channels and a depthwise one; or `fused`, one
            convolution that does both.
        kernel: side of the depthwise or the fused convolution.
        expansion: channels inside a block over those that it is given.
        squeeze: channels of squeeze-and-excitation over those that a block is given; 0 is none.
        activation: of the convolutions and of squeeze-and-excitation; swish is x * sigmoid(x).
        channels: that a block gives, at width 1.
        blocks: at depth 1.
    """

    operation: Operation
    kernel: Kernel
    expansion: Expansion
    squeeze: Ratio
    activation: Activation
    channels: Channels
    blocks: Blocks


class ConvnetSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network's stages, between a stem and a head that all networks of a space have.

    Fields:
        space_to_depth: after the stem, 2 x 2 positions become one with 4 times the channels: by a trained `convolution`
            of stride 2, or by moving numbers in `memory`. The first stage runs on the result, and the next stage that
            would halve the image doesn't.
        stages: in order.
    """

    space_to_depth: SpaceToDepth
    stages: Annotated[tuple[StageSpec, ...], msgspec.Meta(min_length=1)]


def spec_of(data: Any) -> ConvnetSpec:
    """Returns the spec of JSON data. Raises ValueError, naming the field, where it is none."""
    try:
        return msgspec.convert(data, ConvnetSpec)
    except msgspec.ValidationError as error:
        raise ValueError(f"`spec` must be a network: {error}. Received: {data!r:.200}.") from error


def text(spec: ConvnetSpec) -> str:
    """Returns a network in one line, such as `space-to-depth convolution; mbconv 3x3 e1 16x1 se1 relu; ...`."""
    reshaping = [] if spec.space_to_depth == "none" else [f"space-to-depth {spec.space_to_depth}"]
    return "; ".join([*reshaping, *map(stage_text, spec.stages)])


def stage_text(stage: StageSpec) -> str:
    """Returns a stage, such as `fused 3x3 e6 24x2 se0.25 swish`: expansion, channels x blocks, squeeze."""
    squeeze = f" se{stage.squeeze:g}" if stage.squeeze else ""
    sizes = f"{stage.kernel}x{stage.kernel} e{stage.expansion} {stage.channels}x{stage.blocks}"
    return f"{stage.operation} {sizes}{squeeze} {stage.activation}"
