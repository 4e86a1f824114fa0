"""The typed sections: limits of single fields, defaults that keep them, and data that can't be changed."""

import msgspec
import pytest

from components.records.search import Data, Search
from components.search_file.fields import is_section, optional_section

START = {"name": "a", "data": {"source": "sklearn:digits"}, "space": {"name": "s"}}
TINY = 1e-9

# (path, accepted, refused): each limit from both sides, as the description of the field states it
LIMITS = [
    ("name", ["a", "a-9", "a" * 40], ["", "A", "9a", "-a", "a_b", "a" * 41, "a\n"]),
    ("seed", [0, 2**31 - 1], [-1, 2**31, 1.5, "1", True]),
    ("seed_known", [True, False], [0, 1, "no", None]),
    (
        "data.source",
        ["csv:a b.csv", "parquet:parts", "images:/x", "tfds:mnist:3.0.1"],
        ["csv", "csv:", "csv: ", "csv:a\n", "CSV:a", "x:a"],
    ),
    ("data.label", ["y", None], ["", 1]),
    ("data.task", ["classification", "regression", None], ["ranking", "", 1]),
    ("data.image_size", [[1, 4096], None], [[0, 1], [1, 4097], [1], [1, 2, 3], 8]),
    ("data.text", [None, {}], ["words", 1, [], {"words": 1}]),
    ("data.text.column", ["review", None], ["", 1]),
    ("data.text.vocabulary", [1, 10**6], [0, 10**6 + 1, 2.5, None]),
    ("data.text.length", [1, 4096], [0, 4097]),
    ("data.leave_out", [[], ["id", "day"]], ["id", [""], [1], None]),
    ("data.validation", [TINY, 1 - TINY], [0, 1, -0.1]),
    ("data.test", [TINY, 1 - TINY], [0, 1, 1.5]),
    ("data.memory_limit_mib", [1, 10**8], [0, 10**8 + 1, 0.5]),
    ("space.name", ["x"], [None, 1]),
    ("space.settings", [{}, {"a": [1, {"b": None}]}], [None, [], "a"]),
    ("rounds.candidates_per_round", [1, 10_000], [0, 10_001]),
    ("rounds.shards_per_round", [1, 24], [0, 25]),
    ("training.batch_size", [1], [0]),
    ("training.optimizer", ["sgd", "adam"], ["adamw", None]),
    ("training.learning_rate", [TINY, 1], [0, -1]),
    ("training.momentum", [0, 1 - TINY], [-TINY, 1]),
    ("training.weight_decay", [0], [-TINY]),
    ("training.probe_steps", [1], [0]),
    ("training.full_steps", [1], [0]),
    ("training.schedule", ["cosine", "constant"], ["Cosine", "step", None]),
    ("training.warmup_steps", [0], [-1]),
    ("training.shift_pixels", [0, 64], [-1, 65]),
    ("training.accuracy", ["final", "mean", "best"], ["last", None]),
    ("training.last_epochs", [1, 100], [0, 101, 1.5]),
    ("training.weight_sharing", [None, {}], [True, "on", {"steps": 1}]),
    ("training.weight_sharing.warmup", [0, 1 - TINY], [-TINY, 1]),
    ("training.weight_sharing.warmup_of", ["layer", "network"], ["layers", None]),
    ("training.weight_sharing.policy_batch_size", [None, 1], [0, 1.5]),
    ("training.weight_sharing.draws", [1, 10_000], [0, 10_001, None]),
    ("training.weight_sharing.reward_of", ["loss", "accuracy"], ["auc", None]),
    ("training.weight_sharing.choice", ["most_probable", "reward"], ["best", None]),
    ("rejection.quality_threshold", [0, 1], [-TINY, 1 + TINY]),
    ("rejection.rule", ["any", "none"], ["all", None]),
    ("rejection.stability.enabled", [True, False], [1, "off"]),
    (
        "rejection.stability.checkpoints",
        [["initial"], ["probe", "initial"]],
        [[], ["full"], ["initial", "probe", "initial"], "probe"],
    ),
    ("rejection.stability.steps", [1, 1000], [0, 1001]),
    ("rejection.stability.rate", [TINY], [0]),
    ("rejection.stability.batch_size", [1], [0]),
    ("rejection.stability.threshold", [1e8], [0]),
    ("rejection.stability.networks", ["all", "cheapest"], ["first", None]),
    ("rejection.size.parameters", [None, 1, 10**15], [0, 10**15 + 1]),
    ("rejection.size.multiply_adds", [None, 1], [0]),
    ("rejection.size.activation_bytes", [None, 1], [0]),
    ("rejection.size.memory_bytes", [None, 1], [0, 1.5]),
    ("rejection.size.latency_ms", [None, TINY], [0]),
    ("rejection.size.layers_latency_ms", [None, TINY], [0]),
    ("rejection.measured_latency_ms", [None, TINY], [0]),
    ("scoring.latency", ["measured", "estimated"], ["roofline"]),
    ("scoring.batch_size", [1], [0]),
    ("scoring.latency_target_ms", [None, TINY], [0]),
    ("scoring.latency_weight", [-10, 0], [-10.1, TINY]),
    ("scoring.intensity_weight", [0, 10], [-TINY, 10.1]),
    ("scoring.intensity_target", [TINY], [0]),
    ("scoring.efficiency_weight", [0, 10], [-TINY, 10.1]),
    ("scoring.efficiency_target", [TINY, 1], [0, 1 + TINY]),
    ("budget.candidates", [1], [0]),
    ("budget.hours", [None, TINY], [0]),
    ("budget.finishing_hours", [None, TINY], [0]),
    ("budget.fitness", [None, TINY, 1], [0, 1 + TINY]),
    ("final_scaling.rerank", [1, 100], [0, 101]),
    ("final_scaling.rerank_steps", [1], [0]),
    ("final_scaling.sampled", [0, 100], [-1, 101]),
    ("final_scaling.initialisations", [1, 100], [0, 101]),
    ("final_scaling.baselines", [None, [], ["a", "b"]], [[1], "a"]),
    ("final_scaling.network", [None, "resnet"], [1]),
    ("final_scaling.widths", [None, [0.1], [1] * 16], [[], [0.09], [16.1], [1] * 17, 1]),
    ("final_scaling.depths", [None, [0.1], [16]], [[], [0.09], [16.1], [1] * 17, 1]),
    ("final_scaling.grid_steps", [1], [0]),
    ("final_scaling.winner_steps", [1], [0]),
    ("final_scaling.target.data", [None, {"source": "tfds:a"}], [{}, {"source": "a"}, "tfds:a"]),
    ("final_scaling.target.space_settings", [{}, {"a": [1, {"b": None}]}], [None, [], "a"]),
    ("final_scaling.target.training.batch_size", [None, 1], [0]),
    ("final_scaling.target.training.optimizer", [None, "sgd", "adam"], ["adamw"]),
    ("final_scaling.target.training.learning_rate", [None, TINY], [0]),
    ("final_scaling.target.training.momentum", [None, 0, 1 - TINY], [-TINY, 1]),
    ("final_scaling.target.training.weight_decay", [None, 0], [-TINY]),
    ("final_scaling.target.training.schedule", [None, "cosine", "constant"], ["step"]),
    ("final_scaling.target.training.warmup_steps", [None, 0], [-1, 0.5]),
    ("final_scaling.target.training.shift_pixels", [None, 0, 64], [-1, 65]),
    ("ensemble.initialisations", [1, 100], [0, 101]),
    ("ensemble.members", [1, 100], [0, 101]),
]


def with_field(path, value):
    """The smallest description with one field set."""
    names = path.split(".")
    data = msgspec.json.decode(msgspec.json.encode(START))
    inner = data
    for name in names[:-1]:
        inner = inner.setdefault(name, {})
    inner[names[-1]] = value
    return data


def leaves(section, prefix=""):
    """Paths of all fields that are no section themselves, or may be null; a second Data has the limits of the first."""
    for field in msgspec.structs.fields(section):
        optional = optional_section(field.type)
        if is_section(field.type) or optional not in (None, Data):
            yield from leaves(optional or field.type, f"{prefix}{field.name}.")
        if not is_section(field.type):
            yield prefix + field.name


@pytest.mark.parametrize(("path", "accepted", "refused"), LIMITS, ids=[row[0] for row in LIMITS])
def test_limits_hold_on_both_sides(path, accepted, refused):
    for value in accepted:
        msgspec.convert(with_field(path, value), Search)
    for value in refused:
        with pytest.raises(msgspec.ValidationError, match=rf"`\$\.{path}"):
            msgspec.convert(with_field(path, value), Search)


def test_every_field_has_a_row_of_limits():
    unlimited = {"controller.name", "controller.settings", "scoring.device"}  # the registries and the device table say
    assert sorted(leaves(Search)) == sorted({row[0] for row in LIMITS} | unlimited)


def test_defaults_keep_their_own_limits():
    search = msgspec.convert(START, Search)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(search)), Search) == search


@pytest.mark.parametrize("path", ["colour", "data.colour", "rejection.size.colour", "ensemble.colour"])
def test_unknown_field_is_refused(path):
    with pytest.raises(msgspec.ValidationError, match="unknown field `colour`"):
        msgspec.convert(with_field(path, 1), Search)


def test_a_search_is_not_changed():
    search = msgspec.convert(START, Search)
    with pytest.raises(AttributeError):
        search.seed = 1
    with pytest.raises(AttributeError):
        search.budget.candidates = 1
