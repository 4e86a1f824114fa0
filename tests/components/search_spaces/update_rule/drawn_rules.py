"""Rules drawn without the grammar's masks: any token that a spec takes, results of earlier groups often."""

from components.search_spaces.update_rule.primitives import BINARIES, OPERANDS, UNARIES
from components.search_spaces.update_rule.spec import Group, RuleSpec

DECAYS = ("ld", "cd", "cd_2", "rd_10", "noise_t")


def drawn_rules(count, seed):
    """`count` rules of 1 to 4 groups in turn."""
    import numpy as np

    rng = np.random.default_rng(seed)
    for index in range(count):
        groups = []
        for number in range(1 + index % 4):
            operands = [*OPERANDS, *DECAYS, *6 * [f"#{earlier + 1}" for earlier in range(number)]]
            tables = (operands, operands, list(UNARIES), list(UNARIES), list(BINARIES))
            groups.append(Group(*(table[rng.integers(len(table))] for table in tables)))
        yield RuleSpec(tuple(groups))
