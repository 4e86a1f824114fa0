"""Contents of a finished search, made up but of the size and shape of a real one, and of one that has just begun."""

import numpy as np
import pytest

from components.objectives.metrics import reliability
from components.records.manifest import DataManifest, Split
from components.records.results import ScoredCandidate, VariantProfile
from components.report import contents as c
from components.report import predictions as p
from components.report.binning import histogram, reliability_bins
from components.report.thumbnail import image_of
from components.search_spaces.space import Box

DRAWING = (
    Box("x", (), True),
    Box("zero", (), False),
    Box("v0", (), False),
    Box("v1", (), True),
    Box("std_bwh", (0,), True),
    Box("mul", (3, 0), True),
    Box("tanh", (5,), False),
    Box("std_wh", (0,), True),
    Box("add", (5, 7), True),
    Box("max", (4, 8), True),
    Box("div", (0, 9), True),
    Box("square", (6,), False),
    Box("mul", (10, 10), True),
)
EVONORM_B0 = "x / max(std[bwh](x), v1 * x + std[wh](x))"
NETWORKS = ("preact_resnet", "mobilenet", "efficientnet")
REASONS = {
    "quality": "validation accuracy 0.104 in preact_resnet is below 0.200 after 100 steps",
    "stability": "gradient norm 3.1e+11 in mobilenet is above 1.0e+08",
    "non_finite": "the loss was NaN at step 7 in preact_resnet",
    "size": "activation_bytes 9,437,184 is above 4,194,304",
}


def tried(index: int, rng: np.random.Generator) -> c.Tried:
    """A candidate of a round of eight; about half of them are rejected, and the later ones are better."""
    common = {"id": f"{index:012x}", "round": f"rounds/{index // 8 + 1:05d}", "spec": {}}
    if rng.random() < 0.5 and index not in (0, 17):
        reason = str(rng.choice(list(REASONS), p=[0.6, 0.15, 0.15, 0.1]))
        scored = ScoredCandidate(**common, reason=reason, detail=REASONS[reason])
        return c.Tried(scored=scored, formula="exp(x) * v0", seconds=float(rng.uniform(0.3, 2)))
    accuracy = np.clip(0.55 + 0.4 * (1 - np.exp(-index / 6)) + rng.normal(0, 0.06, 3), 0.2, 0.987)
    scored = ScoredCandidate(
        **common, reason=None, fitness=tuple(accuracy.tolist()), quality=float(accuracy.mean()),
        latency_ms=float(rng.lognormal(2.2, 0.35)), reward=float(accuracy.mean() * rng.uniform(0.96, 1.02)),
    )  # fmt: skip
    return c.Tried(scored=scored, formula=EVONORM_B0, seconds=float(rng.uniform(4, 9)))


def baseline(name: str, quality: float, latency_ms: float) -> c.Tried:
    """A published layer beside the candidates."""
    scored = ScoredCandidate(
        id=name, round="scaling/00001", role="baseline", spec={}, reason=None, quality=quality, latency_ms=latency_ms
    )
    return c.Tried(scored=scored, name=name)


def front_of(candidates: tuple[c.Tried, ...]) -> tuple[str, ...]:
    """Ids of those that no other beats in both quality and latency."""
    points = [t.scored for t in candidates if t.scored.quality is not None]
    return tuple(
        a.id
        for a in points
        if not any(b.quality >= a.quality and b.latency_ms <= a.latency_ms and b is not a for b in points)
    )


def predictors() -> p.Ensemble:
    """Three members and what is made of them."""

    def row(name: str, *numbers: float) -> p.Predictor:
        return p.Predictor(
            name=name,
            validation=p.Quality(accuracy=numbers[0], nll=numbers[1], ece=numbers[2]),
            test=p.Quality(accuracy=numbers[3], nll=numbers[4], ece=numbers[5]),
        )

    return p.Ensemble(
        members=(
            row("initialisation 0", 0.981, 0.0712, 0.0121, 0.975, 0.0853, 0.0144),
            row("initialisation 2", 0.978, 0.0744, 0.0133, 0.972, 0.0881, 0.0152),
            row("initialisation 3", 0.975, 0.0769, 0.0119, 0.978, 0.0824, 0.0131),
        ),
        single_best=row("single best (initialisation 0)", 0.981, 0.0712, 0.0121, 0.975, 0.0853, 0.0144),
        mean_member=row("mean of the members", 0.978, 0.0742, 0.0124, 0.975, 0.0853, 0.0142),
        together=row("ensemble of 3", 0.986, 0.0541, 0.0098, 0.983, 0.0612, 0.0107),
    )


def uncertain(rng: np.random.Generator) -> tuple[tuple[p.ReliabilityBin, ...], p.Uncertainty]:
    """Reliability bins and uncertainties of 360 predictions, of which the unsure ones err more."""
    confidence = 1 - rng.beta(0.35, 9, 360) * 0.9
    right = rng.random(360) < confidence
    probabilities = np.full((360, 10), 0.0)
    probabilities[:, 0], probabilities[:, 1] = confidence, 1 - confidence
    probabilities.sort(axis=1)
    labels = np.where(right, 9, 0)
    entropy = -(confidence * np.log(confidence) + (1 - confidence) * np.log(np.maximum(1 - confidence, 1e-12)))
    mutual = entropy * rng.uniform(0.1, 0.4, 360)
    rows = tuple(
        p.UncertainRow(
            row=int(row),
            true=str(row % 10),
            predicted=str(row % 10 if right[row] else (row + 5) % 10),
            probability=float(confidence[row]),
            entropy=float(entropy[row]),
            mutual_information=float(mutual[row]),
            image=image_of(digit(rng), 0.0, 16.0),
        )
        for row in np.argsort(-entropy)[:8]
    )
    distributions = {"mutual_information": histogram(mutual, right), "entropy": histogram(entropy, right)}
    return reliability_bins(reliability(probabilities, labels)), p.Uncertainty(**distributions, rows=rows)


def digit(rng: np.random.Generator) -> np.ndarray:
    """A blurred ring on eight by eight pixels, `[8, 8, 1]`, values in [0, 16]."""
    y, x = np.mgrid[:8, :8] - 3.5
    radius = np.hypot(x * rng.uniform(0.9, 1.6), y)
    return (16 * np.exp(-((radius - 2.6) ** 2)))[..., None]


def compared() -> c.Comparison:
    """The winner, two runners-up and three baselines, one of which failed."""
    rows = (
        ("winner", "winner", (0.978, 0.969, 0.972), 9.21, 77_322, EVONORM_B0, ""),
        ("runner-up 1", "searched", (0.969, 0.961, 0.964), 8.42, 77_290, "x * sigmoid(v1 * x) / std[whcg](x)", ""),
        ("runner-up 2", "searched", (0.956, 0.939, 0.947), 6.88, 77_290, "tanh(x) + v0", ""),
        (
            "EvoNorm-B0",
            "baseline",
            (0.972, 0.967, 0.975),
            9.32,
            77_322,
            "x / max(std[bwh](x), v1 * x + std[wh](x))",
            "",
        ),
        ("BN-ReLU", "baseline", (0.967, 0.958, 0.961), 5.12, 77_322, "max(v1 * (x - mean) / std + v0, 0)", ""),
        ("EvoNorm-S2", "baseline", (0.956, None, None), None, 77_290, "x", "stability: norm 2.0e+09 in mobilenet"),
    )
    return c.Comparison(
        networks=NETWORKS,
        steps=600,
        rows=tuple(
            c.Compared(
                name=name,
                role=role,
                accuracy=accuracy,
                latency_ms=latency,
                parameters=parameters,
                formula=formula,
                note=note,
                mean=None if None in accuracy else sum(accuracy) / 3,
            )
            for name, role, accuracy, latency, parameters, formula, note in rows
        ),
    )


def scaling() -> c.ScalingGrid:
    """Two widths by two depths."""
    points = [
        c.ScalingPoint(width=1.0, depth=1.0, accuracy=0.967, latency_ms=7.9, reward=0.971, parameters=77_322),
        c.ScalingPoint(
            width=1.5, depth=1.0, accuracy=0.978, latency_ms=12.4, reward=0.973, parameters=172_410, chosen=True
        ),
        c.ScalingPoint(width=1.0, depth=2.0, accuracy=0.972, latency_ms=14.8, reward=0.955, parameters=148_090),
        c.ScalingPoint(width=1.5, depth=2.0, note="non finite: the loss was NaN at step 212"),
    ]
    return c.ScalingGrid(network="preact_resnet", steps=300, points=tuple(points))


def winner(id: str) -> c.Winner:
    """The scaled winner with a profile row."""
    profile = VariantProfile(
        variant="preact_resnet", device="host", batch_size=64, latency_ms=12.4, spread_ms=0.6,
        estimated_latency_ms=8.1, flops=4.1e8, traffic_bytes=5.2e7, intensity=7.9, measured_efficiency=0.65,
    )  # fmt: skip
    return c.Winner(
        id=id, formula="a * a, a = x / max(std[bwh](x), v1 * x + std[wh](x))", drawing=DRAWING, network="preact_resnet",
        width=1.5, depth=1.0, parameters=172_410, accuracy=0.981, latency_ms=12.4, steps=1000, profile=(profile,),
    )  # fmt: skip


def manifest() -> DataManifest:
    """Ten digits of eight by eight pixels."""

    def part(rows: int) -> Split:
        return Split(rows=rows, class_rows=tuple(rows // 10 + (i < rows % 10) for i in range(10)), sha256="0" * 64)

    return DataManifest(
        source="sklearn:digits", input_shape=(8, 8, 1), classes=tuple("0123456789"),
        train=part(1078), validation=part(359), test=part(360),
    )  # fmt: skip


def stage_seconds() -> tuple[c.StageSeconds, ...]:
    """Eight stages; those that train import the longest."""
    rows = {
        "data_split": (1, 0.4, 0.5, 0.2, 0.05, 0.3),
        "candidate_generation": (4, 2.6, 1.3, 0.9, 0.2, 1.4),
        "candidate_training": (16, 231.0, 61.2, 3.6, 1.9, 8.2),
        "rejection_screening": (8, 38.5, 30.4, 1.8, 0.8, 3.9),
        "hardware_benchmarking": (8, 21.7, 30.9, 1.7, 0.6, 4.1),
        "multi_objective_scoring": (4, 0.9, 1.0, 0.8, 0.3, 1.2),
        "final_scaling": (3, 61.2, 4.1, 0.7, 0.2, 1.5),
        "ensemble_assembly": (3, 43.9, 8.3, 0.7, 0.4, 1.6),
    }
    return tuple(
        c.StageSeconds(stage=stage, steps=n, work=w, imports=i, process_start=p, store=s, orchestration=o)
        for stage, (n, w, i, p, s, o) in rows.items()
    )


@pytest.fixture(scope="session")
def full() -> c.Contents:
    """A finished search of four rounds."""
    return finished()


def finished() -> c.Contents:
    """See `full`."""
    rng = np.random.default_rng(3)
    candidates = tuple(tried(index, rng) for index in range(32))
    best = max((t.scored for t in candidates if t.scored.reward), key=lambda scored: scored.reward)
    bins, uncertainty = uncertain(rng)
    counts = [(8, 4, 0.871, 3.21), (8, 3, 0.921, 3.55), (8, 5, 0.957, 3.71), (8, 4, 0.969, 3.78)]
    return c.Contents(
        name="digits-norm-act",
        state="finished",
        status="32 candidates tried; ended because the candidate budget is exhausted",
        data=manifest(),
        candidates=(*candidates, baseline("EvoNorm-B0", 0.955, 9.9), baseline("BN-ReLU", 0.93, 6.1)),
        baseline_note="Baselines were trained like the candidates.",
        front=front_of(candidates),
        rounds=tuple(
            c.Round(kind="search", round=f"rounds/{index:05d}", candidates=n, scored=k, best_quality=best_quality,
                    hypervolume=volume, seconds=71.3)
            for index, (n, k, best_quality, volume) in enumerate(counts, 1)
        ),
        proposed=32,
        screened={"ignores_input": 211, "too_few_ops": 24, "non_finite": 41, "seen_before": 3},
        economy=c.Economy(saved_seconds=412.3, screening_seconds=68.9),
        winner=winner(best.id),
        comparison=compared(),
        scaling=scaling(),
        ensemble=predictors(),
        reliability=bins,
        uncertainty=uncertainty,
        seconds=stage_seconds(),
        wall_seconds=402.0,
        bytes_kept={"weights": 4_194_304, "records": 812_000, "data": 466_000, "final model": 2_111_000},
        environment={"archloom": "0.1.0", "python": "3.11.9", "tensorflow": "2.21.0", "keras": "3.15.1",
                     "CPU": "2 × Intel(R) Xeon(R) @ 2.20GHz", "seed": "0"},
        failures=(c.Failure(where="candidate_training rounds/00002/shards/0001", what="the process died; resumed"),),
    )  # fmt: skip


@pytest.fixture(scope="session")
def empty() -> c.Contents:
    """A search that has written nothing but its own description."""
    return c.Contents(name="digits-norm-act", status="running: nothing has been recorded yet")
