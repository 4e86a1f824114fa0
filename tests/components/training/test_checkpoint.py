"""Weights as bytes: nothing lost, nothing of another model taken, nothing executed."""

import numpy as np
import pytest
from safetensors.numpy import load, save

from components.training.checkpoint import (
    DamagedWeights,
    load_weights,
    read_beside,
    read_metadata,
    save_weights,
    without_slots,
)
from components.training.runtime import prepare_tensorflow
from tests.components.training.small_trial import build


@pytest.fixture
def make():
    prepare_tensorflow()
    return build


def filled(model, seed):
    """Gives every variable a value of its own and returns the values."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        variable.assign(rng.integers(0, 100, variable.shape).astype(variable.dtype))
    return [np.array(variable) for variable in model.variables]


def test_every_variable_and_slot_comes_back(make):
    tf = prepare_tensorflow()
    model, other = make(), make()
    values, slots = filled(model, 1), [tf.Variable(3.0), tf.Variable([1.0, 2.0])]
    fresh = [tf.Variable(0.0), tf.Variable([0.0, 0.0])]
    load_weights(other, save_weights(model, slots), fresh)
    assert len(values) == 8  # kernel, 4 of the normalisation, dropout's seed, kernel and bias
    for variable, value in zip(other.variables, values, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert [slot.numpy().tolist() for slot in fresh] == [3.0, [1.0, 2.0]]


def test_arrays_of_others_come_back_beside_the_weights_and_are_no_part_of_them(make):
    model, other = make(), make()
    values = filled(model, 1)
    logits = np.array([[1 / 3, np.pi], [-0.0, 1e-300]])  # float64, which float32 would not hold
    data = save_weights(model, beside={"policy.": save({"logits": logits, "variable/0000": np.zeros(1)})})
    load_weights(other, data)
    for variable, value in zip(other.variables, values, strict=True):
        np.testing.assert_array_equal(variable, value)
    kept = load(read_beside(data, "policy."))
    assert sorted(kept) == ["logits", "variable/0000"]
    assert kept["logits"].tobytes() == logits.tobytes()
    assert read_beside(save_weights(model), "policy.") is None
    assert read_beside(without_slots(data, {}), "policy.") is None


def test_bytes_do_not_depend_on_what_else_was_built(make):
    first, second = make(), make()  # Keras names the second's layers differently
    filled(first, 1), filled(second, 1)
    assert save_weights(first, metadata={"spec": [1], "step": 2}) == save_weights(
        second, metadata={"step": 2, "spec": [1]}
    )


def test_slots_can_be_dropped_and_metadata_read(make):
    tf = prepare_tensorflow()
    model = make()
    filled(model, 1)
    whole = save_weights(model, [tf.Variable(np.ones(1000, np.float32))], {"step": 3})
    kept = without_slots(whole, {"spec": [["neg", [0]]]})
    assert len(whole) - len(kept) >= 4000
    assert read_metadata(whole) == {"step": 3}
    assert read_metadata(kept) == {"spec": [["neg", [0]]]}
    other = make()
    load_weights(other, kept)
    assert save_weights(other) == save_weights(model)


def test_weights_of_another_model_are_refused(make):
    import keras

    other = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    with pytest.raises(DamagedWeights, match=r"`weights` must hold the model's variables, shaped \[\(6, 3\), \(3,\)\]"):
        load_weights(other, save_weights(make()))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:20] + b"\xff" + data[21:]]
)
def test_damaged_bytes_are_refused(make, damage):
    model = make()
    with pytest.raises(DamagedWeights, match="`weights` must be safetensors bytes"):
        load_weights(model, damage(save_weights(model)))
