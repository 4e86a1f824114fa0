"""Good files, the way back to text, and what validation must not need."""

import subprocess
import sys

import msgspec
import pytest

from components.controllers.registry import CONTROLLERS
from components.data_split.sklearn_data import LOADERS
from components.records.search import Budget, Search
from components.search_file.data_rows import BUNDLED
from components.search_file.validate import InvalidSearch, canonical_text, read_search
from components.search_file.yaml_text import read_yaml

SMALLEST = "name: digits\ndata: {source: 'sklearn:digits'}\nspace: {name: norm_act_layer}\n"
RULES = (
    "name: rules\ndata: {source: SOURCE}\nspace: {name: update_rule, settings: {networks: [NETWORK]}}\n"
    "scoring: {latency_weight: 0}\n"
)
TEXT = "'csv:reviews.csv', label: stars, text: {column: review, vocabulary: 1, length: 4096}"
TEXTS = RULES.replace("SOURCE", TEXT).replace("NETWORK", "text_rnn")

GOOD_FILES = {
    "smallest": SMALLEST,
    "tfds": SMALLEST.replace("'sklearn:digits'", "'tfds:mnist', image_size: [32, 48]"),
    "tfds_own_size": SMALLEST.replace("'sklearn:digits'", "tfds:mnist:3.0.1"),
    "images": SMALLEST.replace("'sklearn:digits'", "'images:/data/my photos', image_size: [64, 64]"),
    "images_in_a_bucket": SMALLEST.replace("'sklearn:digits'", "'images:s3://no-such-bucket/a', image_size: [64, 64]"),
    "texts_in_a_bucket": TEXTS.replace("csv:reviews.csv", "csv:gs://no-such-bucket/reviews.csv"),
    "random": SMALLEST + "controller: {name: random}\n",
    "settings": SMALLEST + "controller: {name: evolution, settings: {window: 50, tournament: 1, criterion: mean}}\n",
    "exponents": SMALLEST + "training: {learning_rate: 1e-3, weight_decay: 0}\n",
    "estimated": SMALLEST + "scoring: {latency: estimated, device: tpu-v3, latency_target_ms: 2}\n",
    "efficiency": SMALLEST + "scoring: {efficiency_weight: 0.1}\n",
    "limits": SMALLEST + "rejection: {size: {parameters: 100000}, rule: none, stability: {enabled: false}}\n",
    "limited policy": SMALLEST
    + "controller: {name: factorized, settings: {reward: one_sided, weight: -0.07, samples: 5}}\n"
    + "rejection: {size: {memory_bytes: 1000000, latency_ms: 0.5}}\nscoring: {device: tpu-v5e}\n",
    "limited layers of the host": SMALLEST.replace("norm_act_layer", "tabular_mlp")
    + "rejection: {size: {layers_latency_ms: 0.5}}\n",
    "bounds": SMALLEST
    + "rounds: {candidates_per_round: 3, shards_per_round: 3}\nbudget: {candidates: 3, hours: 1e-3, fitness: 1}\n"
    + "training: {probe_steps: 300, warmup_steps: 299}\nensemble: {members: 4}\n"
    + "final_scaling: {rerank: 3, widths: [0.1, 16], depths: [1]}\n",
    "finishing": SMALLEST + "final_scaling: {network: mobilenet_v2, baselines: [EvoNorm-B0, BN-ReLU]}\n",
    "texts": TEXTS,
    "texts_of_tfds": TEXTS.replace("csv:reviews.csv", "tfds:imdb_reviews").replace("label: stars, ", ""),
    "table": RULES.replace("SOURCE", "'sklearn:wine'").replace("NETWORK", "mlp"),
    "images_as_vectors": RULES.replace("SOURCE", "'sklearn:digits'").replace("NETWORK", "mlp, convnet"),
    "json": '{"name": "digits", "data": {"source": "sklearn:digits"}, "space": {"name": "norm_act_layer"}}',
}


@pytest.mark.parametrize("text", GOOD_FILES.values(), ids=GOOD_FILES.keys())
def test_good_file_is_read_and_comes_back_from_its_canonical_text(text):
    search = read_search(text)
    canonical = canonical_text(search)
    assert read_search(canonical.decode()) == search
    assert canonical_text(read_search(canonical.decode())) == canonical


def test_values_arrive_in_their_fields_and_the_rest_is_default():
    text = SMALLEST + "budget: {candidates: 30, hours: 2}\nfinal_scaling: {widths: [1, 2]}\n"
    search = read_search(text)
    assert search.budget == Budget(candidates=30, hours=2.0)
    assert search.final_scaling.widths == (1.0, 2.0) and isinstance(search.final_scaling.widths[0], float)
    assert msgspec.structs.replace(search, budget=Budget(), final_scaling=read_search(SMALLEST).final_scaling) == (
        read_search(SMALLEST)
    )


def test_canonical_text_writes_out_every_field_in_the_order_of_the_sections():
    written = read_yaml(canonical_text(read_search(SMALLEST)).decode())
    assert list(written) == [field.name for field in msgspec.structs.fields(Search)]
    assert written == msgspec.json.decode(msgspec.json.encode(read_search(SMALLEST)))
    assert written["final_scaling"]["widths"] is None


def test_text_differing_only_in_notation_has_one_canonical_text():
    other = "# mine\nspace:\n  name: 'norm_act_layer'\nseed: 0\nname: digits\ndata:\n  source: sklearn:digits\n"
    assert canonical_text(read_search(other)) == canonical_text(read_search(SMALLEST))


def test_controller_that_does_not_drive_the_space_is_refused(monkeypatch):
    monkeypatch.setitem(CONTROLLERS, "random", CONTROLLERS["random"]._replace(spaces=("update_rule",)))
    with pytest.raises(
        InvalidSearch, match=r"`\$\.controller` must be a controller that drives .* Received: \"random\""
    ):
        read_search(SMALLEST + "controller: {name: random}\n")
    assert read_search(SMALLEST).controller.name == "evolution"


def test_bundled_data_sets_are_those_that_are_read():
    assert list(BUNDLED) == list(LOADERS)


def test_validation_imports_nothing_heavy():
    code = (
        "import sys\nfrom components.search_file.validate import read_search\n"
        f"read_search({SMALLEST!r})\n"
        "print(*sorted({'keras', 'tensorflow', 'kfp', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
