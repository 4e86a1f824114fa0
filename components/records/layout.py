"""Where each record of a search lies, and what can be told from the store alone about how far it is."""

from components.records.results import Kind, Plan, Scores
from components.records.store import Store, read_record, require_record

SEARCH = "search.yaml"
MANIFEST = "data/manifest.json"
SUMMARY = "summary.json"
REPORT = "report.html"
CLAIMS = "claims"
ENCODING = "encoding.json"  # below the folder of a task's rows, and below model/
MODEL_PROBABILITIES = "model/test-probabilities.npy"  # of each member, [members, rows, classes] float32
MODEL_VALUES = "model/test-values.npy"  # for regression: of each member in the label's unit, [members, rows] float64
ROUND_OF_KIND: dict[Kind, str] = {
    "rerank": "scaling/00001",
    "grid": "scaling/00002",
    "winner": "scaling/00003",
    "ensemble": "ensemble/00001",
}


def search_round(number: int) -> str:
    """Path of the search round of a number, from 1."""
    return f"rounds/{number:05d}"


def kind_of(round_path: str) -> Kind:
    """What the round of a path is for."""
    return next((kind for kind, path in ROUND_OF_KIND.items() if path == round_path), "search")


def manifest_path(folder: str) -> str:
    """Path of what commits the split of a task's rows, from the task's folder, `data` or `target`."""
    return f"{folder}/manifest.json"


def plan_path(round_path: str) -> str:
    """Path of what a round proposes."""
    return f"{round_path}/candidates.json"


def controller_path(round_path: str) -> str:
    """Path of the arrays of the controller's state from which a round was proposed."""
    return f"{round_path}/controller.safetensors"


def scores_path(round_path: str) -> str:
    """Path of what commits a round."""
    return f"{round_path}/scores.json"


def shard_path(round_path: str, index: int) -> str:
    """Path of a shard of a round."""
    return f"{round_path}/shards/{index:04d}"


def claims_path(round_path: str, run: str, queue: str) -> str:
    """Path of what a run's shards have claimed of a round's queue."""
    return f"{round_path}/{CLAIMS}/{run}/{queue}"


def claim_path(round_path: str, run: str, queue: str, candidate: str) -> str:
    """Path of a run's claim of one candidate of a round's queue."""
    return f"{claims_path(round_path, run, queue)}/{candidate}.json"


def trials_path(round_path: str) -> str:
    """Path of everything about a round's candidates."""
    return f"{round_path}/trials"


def trial_path(round_path: str, candidate: str) -> str:
    """Path of everything about a candidate of a round."""
    return f"{trials_path(round_path)}/{candidate}"


def profile_path(round_path: str, candidate: str, device: str) -> str:
    """Path of a candidate's latency on a device."""
    return f"{trial_path(round_path, candidate)}/profile-{device}.json"


def measured_layers_path(device: str, number: int) -> str:
    """Path of a part of the table of single layers' latencies on a device, counted from 0."""
    return f"hardware/layers-{device}/{number:05d}.json"


def weights_path(round_path: str, candidate: str, phase: str, variant: str) -> str:
    """Path of a variant's weights after a phase."""
    return f"{trial_path(round_path, candidate)}/{phase}-{variant}.safetensors"


def shards_of(plan: Plan) -> list[str]:
    """Paths of a round's shards; never empty."""
    return [shard_path(plan.round, index) for index in range(plan.shards)]


def round_of(shard: str) -> str:
    """Path of the round that a shard belongs to."""
    return shard.split("/shards/")[0]


def committed_rounds(store: Store) -> list[str]:
    """Paths of the search rounds that are committed, oldest first."""
    paths: list[str] = []
    while store.exists(scores_path(search_round(len(paths) + 1))):
        paths.append(search_round(len(paths) + 1))
    return paths


def last_scores(store: Store) -> Scores | None:
    """Scores of the newest committed search round, None before the first."""
    committed = committed_rounds(store)
    return read_record(store, scores_path(committed[-1]), Scores) if committed else None


def search_is_over(store: Store) -> bool:
    """Whether the search rounds are over, so that scaling may begin."""
    scores = last_scores(store)
    return scores is not None and not scores.another_round


def require_scores(store: Store, round_path: str) -> Scores:
    """Returns what commits a round that must be committed.

    Raises:
        FileNotFoundError: where it isn't.
    """
    return require_record(store, scores_path(round_path), Scores)
