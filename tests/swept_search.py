"""A search for update rules whose records are written by hand: two networks, three learning rates each."""

from components.records.layout import ROUND_OF_KIND, manifest_path, plan_path, scores_path
from components.records.manifest import DataManifest, Split
from components.records.results import Plan, ScoredCandidate, Scores
from components.records.store import open_search, require_record, write_record
from components.rounds.candidates import make_candidate
from components.rounds.context import SearchContext
from components.rounds.learning import controller_of, learnt_state
from tests.round_records import plan, put_training, trial
from tests.small_search import description

ROUND = "rounds/00001"
NETWORKS, RATES = ("convnet", "mlp"), {"1e-03": 0.001, "1e-02": 0.01, "1e-01": 0.1}
PART = Split(rows=2, class_rows=(1, 1), sha256="0")
# Accuracies of the first initialisation by rate, in each network: the best rate is neither the first nor the same.
FOUND = {
    "convnet": {"1e-03": 0.5, "1e-02": 0.875, "1e-01": 0.625},
    "mlp": {"1e-03": 0.25, "1e-02": 0.5, "1e-01": 0.75},
}
BEST = {"convnet": "1e-02", "mlp": "1e-01"}
FURTHER = {"convnet": (0.75, 0.5), "mlp": (0.5, 0.625)}  # of the initialisations after the first, at the best rate


def swept_search(folder, tried=("Adam",), settings=None, **final_scaling):
    """A store in which one round of known rules is committed; the first is the best, the others were not scored."""
    store = open_search(str(folder))
    space = {"networks": NETWORKS, "learning_rates": list(RATES.values()), "groups": 1} | (settings or {})
    text = description(
        space={"name": "update_rule", "settings": {**space, "networks": list(space["networks"])}},
        controller={"name": "random", "settings": {}},
        scoring={"latency_weight": 0.0},
        final_scaling={"rerank": 1, "baselines": ["SGD"]} | final_scaling,
    )
    store.create("search.yaml", text.encode())
    about = {"source": "sklearn:digits", "input_shape": (8, 8, 1), "classes": ("a", "b")}
    write_record(store, manifest_path("data"), DataManifest(**about, train=PART, validation=PART, test=PART))
    context = SearchContext(store)
    specs = [context.space.known[one] if isinstance(one, str) else context.space.from_json(one) for one in tried]
    commit(
        store,
        [make_candidate(context, spec, context.space.variants(), origin="random") for spec in specs],
    )
    return store


def commit(store, candidates):
    """Commits the round: of the first candidate, the rates of `BEST` were the best."""
    context = SearchContext(store)
    controller = controller_of(context)
    state = controller.encode_state(learnt_state(context, controller, []))
    write_record(store, plan_path(ROUND), plan(candidates, controller_state=state.data))
    scored = [ScoredCandidate(id=one.id, round=ROUND, spec=one.spec, reason="quality") for one in candidates]
    names = tuple(f"{network}-{rate}" for network, rate in BEST.items())
    best = ScoredCandidate(
        id=candidates[0].id, round=ROUND, spec=candidates[0].spec, reason=None, variants=names, fitness=(0.875, 0.75),
        quality=0.8125, reward=0.8125,
    )  # fmt: skip
    write_record(
        store, scores_path(ROUND), Scores(kind="search", round=ROUND, scored=(best, *scored[1:]), best=(best,))
    )


def train_again(store, initialisations):
    """Writes the training of every candidate of the re-ranking, as `FOUND` and `FURTHER` say."""
    of = require_record(store, plan_path(ROUND_OF_KIND["rerank"]), Plan)
    for candidate in of.candidates:
        trials = [
            trial(f"{network}-{rate}", accuracy) for network in NETWORKS for rate, accuracy in FOUND[network].items()
        ]
        for number in range(1, initialisations):
            for network in NETWORKS:
                trials += [
                    trial(f"{network}-{rate}-i{number}", FURTHER[network][number - 1])
                    if rate == BEST[network]
                    else trial(f"{network}-{rate}-i{number}", None, status="not_built", steps=0)
                    for rate in RATES
                ]
        put_training(store, of, candidate, trials)
