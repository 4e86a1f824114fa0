"""Batches: every row once an epoch, a function of (seed, step) alone, the same from memory and from disk."""

import numpy as np
import pytest

from components.training.feed import Feed, shift, shifts

SEED = (3, 1)


def numbered(rows):
    """A feed whose row r holds the number r."""
    x, y = np.arange(rows, dtype=np.float32)[:, None], np.arange(rows, dtype=np.int32)
    return Feed(x, y, x[:1], y[:1])


def test_each_epoch_has_every_row_once_in_an_order_of_its_own():
    indices = numbered(10).batch_rows(SEED, 0, 5, 4).ravel()  # 20 rows: two epochs, the third batch lies across them
    assert sorted(indices[:10]) == sorted(indices[10:]) == list(range(10))
    assert indices[:10].tolist() != indices[10:].tolist()  # equal by luck once in 10! = 3.6 million


@pytest.mark.parametrize("batch_size", [1, 4, 10, 25])
def test_a_step_has_the_same_rows_without_the_steps_before_it(batch_size):
    feed = numbered(10)
    all_steps = feed.batch_rows(SEED, 0, 30, batch_size)
    assert all_steps.shape == (30, batch_size)
    np.testing.assert_array_equal(feed.batch_rows(SEED, 17, 30, batch_size), all_steps[17:])
    x, y = feed.batch(SEED, 23, batch_size)
    np.testing.assert_array_equal(y, all_steps[23])
    np.testing.assert_array_equal(x[:, 0], all_steps[23])
    assert (x.dtype, y.dtype) == (np.float32, np.int32)


def test_another_seed_gives_another_order():
    feed = numbered(20)
    first = feed.batch_rows((3, 1), 0, 1, 20).tolist()
    assert first == feed.batch_rows((3, 1), 0, 1, 20).tolist()
    for other in ((3, 2), (3, 1, 0), (1, 3), (3,)):
        assert feed.batch_rows(other, 0, 1, 20).tolist() != first  # equal by luck once in 20! = 2e18


def test_no_steps_are_no_rows():
    assert numbered(10).batch_rows(SEED, 5, 5, 4).shape == (0, 4)


def test_rows_above_the_limit_stay_on_disk_and_give_the_same_batches(tmp_path):
    x = np.random.default_rng(0).normal(size=(3000, 10, 10, 1)).astype(np.float32)  # 1.14 MiB
    y = np.arange(3000) % 7
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    streamed, held = Feed(mapped, y, x[:9], y[:9], 1), Feed(mapped, y, x[:9], y[:9], 2)
    assert streamed.streamed and not held.streamed
    assert not isinstance(held.train_x, np.memmap)
    for step in (0, 1, 93, 94):  # 3000 rows are 93.75 batches of 32: step 93 lies across two epochs
        for from_disk, from_memory in zip(streamed.batch(SEED, step, 32, 2), held.batch(SEED, step, 32, 2)):
            np.testing.assert_array_equal(from_disk, from_memory)
            assert not isinstance(from_disk, np.memmap)


def test_shifted_images_are_crops_of_the_zero_padded_ones():
    images = np.random.default_rng(0).normal(size=(25, 3, 4, 2)).astype(np.float32)
    offsets = np.array(
        [(down, right) for down in (-4, -1, 0, 2, 5) for right in (-4, -1, 0, 2, 5)]
    )  # some out of sight
    padded = np.pad(images, ((0, 0), (5, 5), (5, 5), (0, 0)))
    moved = shift(images, offsets)
    for image, (down, right), row in zip(padded, offsets, moved, strict=True):
        np.testing.assert_array_equal(row, image[5 - down : 8 - down, 5 - right : 9 - right])


def test_shifts_reach_every_offset_and_differ_between_steps():
    drawn = shifts(SEED, 0, 500, 1)
    assert {tuple(offset) for offset in drawn.tolist()} == {(d, r) for d in (-1, 0, 1) for r in (-1, 0, 1)}
    # A cell stays empty by luck with 9 (8/9)^500 = 2e-25.
    assert not np.array_equal(drawn, shifts(SEED, 1, 500, 1))
    np.testing.assert_array_equal(drawn, shifts(SEED, 0, 500, 1))


def test_rows_that_are_no_images_cant_be_shifted():
    with pytest.raises(ValueError, match=r"`shift_pixels` must be 0 for rows that are no images.*rows of \(1,\)"):
        numbered(10).batch(SEED, 0, 4, shift_pixels=1)


@pytest.mark.parametrize(("rows", "labels"), [(0, 0), (3, 2)])
def test_rows_and_labels_that_disagree_are_refused(rows, labels):
    x, y = np.zeros((rows, 1), np.float32), np.zeros(labels, np.int32)
    with pytest.raises(ValueError, match=f"`train_x` must have as many rows as labels, >= 1.*{rows} and {labels}"):
        Feed(x, y, np.zeros((1, 1)), np.zeros(1))


def test_classes_stay_whole_numbers_and_targets_stay_float32():
    x = np.arange(6, dtype=np.float32)[:, None]
    for given, kept in ((np.arange(6), np.int32), (np.linspace(-1, 1, 6), np.float32)):
        feed = Feed(x, given, x, given)
        rows, y = feed.batch(SEED, 0, 4)
        assert y.dtype == feed.validation_y.dtype == kept
        np.testing.assert_allclose(y, given[rows[:, 0].astype(int)], rtol=1e-6)
