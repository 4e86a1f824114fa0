"""Width and depth multipliers of the networks that a design is tried in: one for all of them, or one for each."""

from collections.abc import Sequence

from components.records.search import Multiplier

Multipliers = Multiplier | dict[str, Multiplier]  # the type of a space's settings `width` and `depth`


def check_multipliers(name: str, multipliers: Multipliers, networks: Sequence[str]) -> None:
    """Checks that multipliers by network name each of the networks, and no other.

    Args:
        name: of the setting, such as `width`.
        multipliers: its value.
        networks: where a design is tried.

    Raises:
        ValueError: where one is missing or is of no use.
    """
    if isinstance(multipliers, dict) and sorted(multipliers) != sorted(networks):
        raise ValueError(
            f"`{name}` must be a number, or give one for each of `networks` ({', '.join(networks)}) and no other."
            f" Received: {name}={multipliers}."
        )


def multiplier(multipliers: Multipliers, network: str) -> float:
    """Returns the multiplier of a network."""
    return multipliers[network] if isinstance(multipliers, dict) else multipliers
