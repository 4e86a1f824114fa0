"""What every controller keeps to, whatever it does: one table of tests over the registry."""

import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest

from components.controllers.registry import CONTROLLERS, open_controller
from components.records.results import ScoredCandidate
from tests.oracles.planted_space import PlantedSpace, planted_fitness

SMALL = {  # settings that a short test fills
    "evolution": {"window": 12, "tournament": 0.25},
    "factorized": {"learning_rate": 0.1},
    "random": {},
    "rnn": {"batch": 3, "units": 8, "embedding": 4, "learning_rate": 0.01},
}
LEARN_FROM_REJECTED = ("factorized", "rnn")
ORIGINS = {
    "evolution": {"random", "mutation"},
    "factorized": {"policy"},
    "random": {"random"},
    "rnn": {"policy"},
}

HISTORY = """
import sys
import numpy as np
from tests.components.controllers.test_every_controller import history
print(history(sys.argv[1]))
"""

KERAS_FREE = """
import sys
import components.controllers.registry, components.objectives.metrics, components.objectives.reward
import components.hardware.devices, components.hardware.microbenchmark, components.hardware.roofline
import components.hardware.timing, components.ensemble_assembly.greedy, components.objectives.uncertainty
print(sorted({"keras", "tensorflow", "jax"} & sys.modules.keys()))
"""


@pytest.fixture(params=sorted(CONTROLLERS))
def controller(request):
    return open_controller(request.param, SMALL[request.param], PlantedSpace())


def score(number, spec, **changed):
    fields = {"role": "searched", "reason": None, "fitness": planted_fitness(spec), **changed}
    return ScoredCandidate(id=f"{number:012x}", round="rounds/00001", spec=list(spec), **fields)


def start(controller):
    return controller.initial(np.random.default_rng(3))


def rounds(controller, state, count, seed=0, size=5):
    """The state after some rounds of proposals, and all that was proposed."""
    rng, proposed = np.random.default_rng(seed), []
    for _ in range(count):
        batch = [controller.propose(state, rng) for _ in range(size)]
        state = controller.update(state, [score(len(proposed) + i, one.spec) for i, one in enumerate(batch)])
        proposed += batch
    return state, proposed


def history(name):
    """All proposals of eight rounds, as text."""
    controller = open_controller(name, SMALL[name], PlantedSpace())
    return str(rounds(controller, start(controller), 8)[1])


def run(code, *arguments, hash_seed="0"):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_its_name_is_the_one_in_the_registry(controller):
    assert CONTROLLERS[controller.name].controller is type(controller)


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_the_same_seed_proposes_the_same_in_processes_that_hash_differently(name):
    here = history(name)
    assert run(HISTORY, name, hash_seed="1") == run(HISTORY, name, hash_seed="2") == here


def test_another_seed_proposes_something_else(controller):
    first = start(controller)
    assert rounds(controller, first, 2, seed=1)[1] != rounds(controller, first, 2, seed=2)[1]


def written(controller, state):
    """The state as bytes: its JSON data, then its arrays."""
    data, tensors = controller.encode_state(state)
    return msgspec.json.encode(data), tensors


def test_the_first_state_is_that_of_its_generator(controller):
    assert start(controller) == start(controller)


def test_a_state_that_was_written_and_read_goes_on_alike(controller):
    state, _ = rounds(controller, start(controller), 4)
    text, tensors = written(controller, state)
    read = controller.decode_state(msgspec.json.decode(text), tensors)
    assert read == state
    assert rounds(controller, read, 3, seed=9)[1] == rounds(controller, state, 3, seed=9)[1]


def test_a_state_grows_no_further_than_its_window(controller):
    state = start(controller)
    sizes = []
    for number in range(60):
        spec = PlantedSpace().sample(np.random.default_rng(number))
        state = controller.update(state, [score(number, spec, fitness=(0.25, 0.5))])
        sizes.append(len(b"".join(filter(None, written(controller, state)))))
    # The window of 12 is full, and every candidate takes as many bytes. A policy keeps up to 2 candidates that wait, of
    # 16 tokens, as many log-probabilities and a reward each: 400 bytes; its counts and baseline take few. A count of
    # candidates that people read has a digit more from time to time.
    assert max(sizes[12:]) - min(sizes[12:]) <= {"rnn": 500, "factorized": 2}.get(controller.name, 0)


def test_proposing_and_updating_leave_the_state_alone(controller):
    state, _ = rounds(controller, start(controller), 3)
    before = written(controller, state)
    rounds(controller, state, 3, seed=5)
    assert written(controller, state) == before


@pytest.mark.parametrize(
    "changed",
    [{"role": "baseline"}, {"reason": "time_up", "fitness": ()}, {"reason": "quality", "fitness": ()}],
    ids=str,
)
def test_baselines_and_what_time_cut_off_teach_nothing_and_a_rejection_only_whom_it_is_to(controller, changed):
    state, proposed = rounds(controller, start(controller), 2)
    learns = changed.get("reason") == "quality" and controller.name in LEARN_FROM_REJECTED
    assert (controller.update(state, [score(99, proposed[0].spec, **changed)]) != state) == learns


def test_several_proposals_are_at_least_one_and_at_most_as_many_as_asked_for(controller):
    state, _ = rounds(controller, start(controller), 4)
    for count in (1, 2, 20):
        drawn = controller.propose_several(state, np.random.default_rng(1), count)
        assert 1 <= len(drawn) <= count
        assert drawn == controller.propose_several(state, np.random.default_rng(1), count)
        assert {one.origin for one in drawn} <= ORIGINS[controller.name]
    assert controller.propose_several(state, np.random.default_rng(1), 1) == [
        controller.propose(state, np.random.default_rng(1))
    ]


def test_a_mutation_names_its_parent_and_any_other_design_has_none(controller):
    _, proposed = rounds(controller, start(controller), 8)
    for number, one in enumerate(proposed):
        if one.origin != "mutation":
            assert (one.change, one.parent) == ("", None)
        else:
            assert int(one.parent, 16) < number and one.change


def test_what_is_no_state_is_refused(controller):
    with pytest.raises(msgspec.ValidationError, match="unknown field `policy`"):
        controller.decode_state({"policy": []})


def test_an_unknown_controller_is_refused():
    with pytest.raises(
        ValueError, match=r"`name` must be one of evolution, factorized, random, rnn\. Received: name='annealing'\."
    ):
        open_controller("annealing", {}, PlantedSpace())


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_a_space_that_the_table_does_not_give_it_is_refused(name):
    drives = "norm_act_layer, update_rule, tabular_mlp, accelerator_convnet"
    message = rf"drives the space 'poetry' \({name} drives {drives}\)\. Received: name='{name}'\."
    with pytest.raises(ValueError, match=message):
        open_controller(name, {}, PlantedSpace("poetry"))


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_an_unknown_setting_is_refused(name):
    with pytest.raises(ValueError, match="unknown field `population`"):
        open_controller(name, {"population": 10}, PlantedSpace())


def test_nothing_but_a_call_of_timing_imports_a_deep_learning_library():
    assert run(KERAS_FREE) == "[]"
