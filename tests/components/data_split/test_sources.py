"""The sources that need no TensorFlow, read from real files."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from components.data_split.errors import DataError
from components.data_split.sources import read_source
from components.records.search import Data


def write_csv(path, rows):
    """Writes lines and returns the source that names them."""
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return f"csv:{path}"


def all_rows(labelled):
    """The inputs of all rows, every one of them a training row."""
    rows = np.arange(len(labelled.labels))
    return labelled.inputs.fit(rows).rows(rows)


def test_digits_are_images_in_0_1():
    labelled = read_source(Data(source="sklearn:digits"))
    x = all_rows(labelled)
    assert x.shape == (1797, 8, 8, 1)
    assert (x.min(), x.max()) == (0, 1)
    np.testing.assert_array_equal(x[..., 0] * 16, load_digits().images)
    assert labelled.classes == tuple("0123456789")


@pytest.mark.parametrize(
    "name, load", [("iris", load_iris), ("wine", load_wine), ("breast_cancer", load_breast_cancer)]
)
def test_bundled_tables_are_standardised(name, load):
    labelled, bunch = read_source(Data(source=f"sklearn:{name}")), load()
    expected = (bunch.data - bunch.data.mean(axis=0)) / bunch.data.std(axis=0)
    np.testing.assert_allclose(all_rows(labelled), expected, atol=1e-5)
    assert labelled.labels.tolist() == bunch.target.tolist()
    assert labelled.classes == tuple(bunch.target_names)


def test_csv_tells_numbers_from_categories_and_labels_from_both(tmp_path):
    source = write_csv(
        tmp_path / "people.csv",
        ["age,job,income", "30,cook,low", "", '50, "baker, pastry",high', "?,NA,low", " 40 ,  cook , low "],
    )
    labelled = read_source(Data(source=source, label="income"))
    encoded = labelled.inputs.fit(np.arange(4))
    assert labelled.classes == ("high", "low")
    assert labelled.labels.tolist() == [1, 0, 1, 1]
    jobs = ("job=baker, pastry", "job=cook", "job=<missing>", "job=<unseen>")
    assert encoded.features == ("age", "age=<missing>", *jobs)
    # Ages 30, 50, 40 (the median), 40 have the mean 40 and the deviation sqrt(50).
    np.testing.assert_allclose(encoded.values[:, 0], np.array([-10, 10, 0, 0]) / np.sqrt(50), rtol=1e-6)
    assert encoded.values[:, 1:].tolist() == [[0, 0, 1, 0, 0], [0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 0]]


def test_csv_takes_age_groups_as_categories(tmp_path):
    """`float("18_24")` is 1824.0 in Python."""
    source = write_csv(tmp_path / "groups.csv", ["group,y", "18_24,a", "25_34,b"])
    assert read_source(Data(source=source, label="y")).inputs.fit(np.arange(2)).features[0] == "group=18_24"


def test_a_column_of_numbers_with_a_slip_is_taken_as_categories_with_a_remark_that_names_it(tmp_path):
    source = write_csv(tmp_path / "t.csv", ["x,z,y", "1,1,a", "12O0,b,a", ",c,b", "3,,b"])
    fitted = read_source(Data(source=source, label="y")).inputs.fit(np.arange(4))
    assert fitted.remarks == {"x": "taken as categories: '12O0' in line 3 is no number, as most of its cells are"}


def test_columns_that_the_search_file_names_are_no_inputs(tmp_path):
    source = write_csv(tmp_path / "t.csv", ["id,x,note,y", "1,1,p,a", "2,5,q,a", "3,2,r,b"])
    fitted = read_source(Data(source=source, label="y", leave_out=("note", "id"))).inputs.fit(np.arange(3))
    assert fitted.features == ("x",)
    assert fitted.left_out == dict.fromkeys(("id", "note"), "the search file leaves it out")
    with pytest.raises(
        DataError, match=r"`data.leave_out` must name columns beside the label \('id', 'x', 'note'\). Received: 'y'"
    ):
        read_source(Data(source=source, label="y", leave_out=("y",)))


def test_csv_labels_may_be_numbers_and_a_byte_order_mark_is_no_name(tmp_path):
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbfy,x\r\n10,1\r\n9,2\r\n10,3\r\n")
    labelled = read_source(Data(source=f"csv:{path}", label="y"))
    assert labelled.classes == ("10", "9")  # sorted as text
    assert labelled.labels.tolist() == [0, 1, 0]


def test_a_relative_csv_path_starts_at_the_current_folder(tmp_path, monkeypatch):
    write_csv(tmp_path / "near.csv", ["x,y", "1,a", "2,b"])
    monkeypatch.chdir(tmp_path)
    assert read_source(Data(source="csv:near.csv", label="y")).classes == ("a", "b")


def write_image(path, mode, size, value):
    """Writes an image of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def test_image_folder_is_grayscale_where_every_image_is(tmp_path):
    write_image(tmp_path / "dark" / "a.png", "L", (6, 4), 0)
    write_image(tmp_path / "light" / "deeper" / "b.png", "1", (3, 9), 1)
    write_image(tmp_path / "light" / "c.png", "L", (5, 5), 51)
    (tmp_path / "light" / ".DS_Store").write_bytes(b"no image")
    labelled = read_source(Data(source=f"images:{tmp_path}", image_size=(4, 5)))
    x = all_rows(labelled)
    assert labelled.classes == ("dark", "light")
    assert x.shape == (3, 4, 5, 1)
    assert dict(zip(x[:, 0, 0, 0].tolist(), labelled.labels.tolist())) == {0: 0, 1: 1, np.float32(0.2): 1}


def test_one_colour_image_makes_the_whole_set_rgb(tmp_path):
    write_image(tmp_path / "a" / "gray.png", "L", (4, 4), 255)
    write_image(tmp_path / "b" / "red.png", "RGBA", (4, 4), (255, 0, 0, 255))
    write_image(tmp_path / "b" / "s.png", "P", (4, 4), 0)
    x = all_rows(read_source(Data(source=f"images:{tmp_path}", image_size=(2, 3))))
    assert x.shape == (3, 2, 3, 3)
    assert x[:, 1, 2].tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]


def test_image_size_is_height_then_width_and_photographs_stand_upright(tmp_path):
    """The photograph's left half is white; its EXIF tag says that the camera was turned, so the top half is."""
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "photo.png", exif=exif)
    x = all_rows(read_source(Data(source=f"images:{tmp_path}", image_size=(16, 8))))
    assert x.shape == (1, 16, 8, 1)
    assert x[0, :7].min() == 1
    assert x[0, 9:].max() == 0
