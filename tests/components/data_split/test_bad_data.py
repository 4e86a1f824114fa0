"""One table of data that no search can use: each is refused with what was wrong and where."""

import numpy as np
import pytest
from PIL import Image

from components.data_split.errors import DataError

HEADER = "x,y\n"
GOOD = "1,a\n2,a\n3,a\n1,b\n2,b\n3,b\n"
LABEL = {"label": "y"}
NUMBERS = {"label": "y", "task": "regression"}

# name: (bytes of the file, options, part of the message)
CSV = {
    "empty": ("", LABEL, "must have a header"),
    "blank lines": ("\n\n", LABEL, "must have a header"),
    "header alone": (HEADER, LABEL, "must have rows below its header"),
    "one class": (HEADER + "1,a\n" * 9, LABEL, "must have at least 2 classes. Received: only 'a'."),
    "small class": (HEADER + GOOD + "4,c\n4,c\n", LABEL, "at least 3 rows of each class"),
    "small class, count": (HEADER + GOOD + "4,c\n4,c\n", LABEL, "Received: 2 of class 'c'."),
    "no label column": (HEADER + GOOD, {"label": "z"}, "`data.label` must be one of the columns 'x', 'y'"),
    "label empty": (HEADER + GOOD + "4,\n", LABEL, "must have a value in each row. Received: '' in line 8."),
    "label NaN": (HEADER + "4,NaN\n" + GOOD, LABEL, "Received: 'NaN' in line 2."),
    "label missing after a blank line": (HEADER + "\n4,?\n" + GOOD, LABEL, "Received: '?' in line 3."),
    "label alone": ("y\na\nb\n", LABEL, "must have a column beside the label"),
    "short row": (
        HEADER + GOOD + "4\n",
        LABEL,
        "must have 2 cells in each row, as its header has. Received: 1 in line 8",
    ),
    "long row": (HEADER + "1,a,b\n" + GOOD, LABEL, "Received: 3 in line 2"),
    "two columns of a name": ("x,y,x\n1,a,1\n", LABEL, "columns of different names. Received: 'x' twice."),
    "unnamed column": (",x,y\n0,1,a\n", LABEL, "must name each column in its header. Received: none for column 1."),
    "infinite number": (HEADER + GOOD + "inf,a\n", LABEL, "finite numbers in the column 'x'. Received: inf in line 8."),
    "number beyond float64": (HEADER + "-1e999,a\n" + GOOD, LABEL, "Received: -1e999 in line 2."),
    "columns without values": (
        "e,y\n" + ",a\n" * 4 + "NA,b\n" * 4,
        LABEL,
        "a column beside the label that can be an input. Received: none ('e': no training row has a value).",
    ),
    "columns of one value": (
        "e,y\n" + "7,a\n" * 4 + "7,b\n" * 4,
        LABEL,
        "none ('e': constant: 7 in each training row)",
    ),
    "dates alone": ("d,y\n" + "2026-01-31,a\n" * 4 + "2026-02-01,b\n" * 4, LABEL, "none ('d': dates are no inputs)"),
    "texts as numbers to predict": (
        HEADER + GOOD,
        NUMBERS,
        "`data.task` must be null or classification where labels are no numbers. Received: the label 'a' in line 2.",
    ),
    "numbers as classes": (
        HEADER + "".join(f"{i},{i / 7}\n" for i in range(9)),
        LABEL,
        "(where labels are numbers to predict, say `data.task: regression`). Received: 1 of class '0.0'.",
    ),
    "infinite number to predict": (
        HEADER + "1,2\n2,inf\n",
        NUMBERS,
        "`data.label` must hold finite numbers. Received: inf in line 3.",
    ),
    "number to predict missing": (HEADER + "1,2\n2,NA\n", NUMBERS, "a value in each row. Received: 'NA' in line 3."),
    "few numbers to predict": (
        HEADER + "1,2\n" * 5,
        NUMBERS,
        "must have at least 6 rows, 2 for each part. Received: 5.",
    ),
    "one number to predict": (HEADER + "1,2\n" * 20, NUMBERS, "differ among the train rows. Received: 2 in each"),
    "numbers to predict beyond measure": (
        HEADER + "1,1e300\n2,-1e300\n" * 9,
        NUMBERS,
        "`data.label` must have a finite variance. Received: numbers to 1e+300.",
    ),
    "open quote": (HEADER + GOOD + '"4,a\n', LABEL, "must be valid CSV. Received: line 8"),
    "not UTF-8": (b"x,y\n\xff\xfe,a\n", LABEL, "must be UTF-8 text"),
    "no label option": (HEADER + GOOD, {}, "`data.label` must be given with a source csv:…. Received: label=null."),
    "image size": (
        HEADER + GOOD,
        {**LABEL, "image_size": (8, 8)},
        "`data.image_size` must not be given with a source csv:",
    ),
}

# name: (source, options, part of the message)
SOURCES = {
    "no such file": ("csv:nowhere.csv", LABEL, "must be a readable file. Received: nowhere.csv (No such file"),
    "folder as a file": ("csv:.", LABEL, "must be a readable file. Received: . (Is a directory"),
    "unknown bundled set": ("sklearn:mnist", {}, "must be one of sklearn:digits, sklearn:iris"),
    "unknown source": (
        "feather:rows",
        {},
        "must be one of sklearn:…, tfds:…, csv:…, parquet:…, images:…. Received: 'feather:rows'",
    ),
    "images as numbers to predict": (
        "images:.",
        {"image_size": (8, 8), "task": "regression"},
        "`data.task` must be null or classification with the source images:.. Received: task='regression'.",
    ),
    "classes as numbers to predict": (
        "sklearn:iris",
        {"task": "regression"},
        "`data.task` must be null or classification with the source sklearn:iris.",
    ),
    "numbers to predict as classes": (
        "sklearn:diabetes",
        {"task": "classification"},
        "`data.task` must be null or regression with the source sklearn:diabetes.",
    ),
    "no such Parquet file": ("parquet:nowhere.parquet", LABEL, "must be a readable Parquet file. Received: nowhere"),
    "folder without Parquet": ("parquet:.", LABEL, "a folder with *.parquet files in it. Received: . without any."),
    "label of a bundled set": ("sklearn:iris", LABEL, "`data.label` must not be given with a source sklearn:…"),
    "label of tfds": ("tfds:mnist", LABEL, "`data.label` must not be given with a source tfds:…. Received: label='y'."),
    "label of images": ("images:.", {**LABEL, "image_size": (8, 8)}, "`data.label` must not be given"),
    "size of a bundled set": ("sklearn:digits", {"image_size": (8, 8)}, "`data.image_size` must not be given"),
    "images without a size": ("images:.", {}, "`data.image_size` must be given with a source images:…"),
    "no such folder": ("images:nowhere", {"image_size": (8, 8)}, "must be a folder. Received: nowhere, which is none."),
}


def refusal(split, source, options):
    """The message that a source is refused with."""
    with pytest.raises(DataError) as caught:
        split(source, **options)
    return str(caught.value)


@pytest.mark.parametrize("content, options, message", CSV.values(), ids=list(CSV))
def test_bad_csv(split, store, tmp_path, content, options, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert message in refusal(split, f"csv:{path}", options)
    assert store.paths("") == [], "nothing may be written of data that is refused"


@pytest.mark.parametrize("source, options, message", SOURCES.values(), ids=list(SOURCES))
def test_bad_source(split, store, tmp_path, monkeypatch, source, options, message):
    monkeypatch.chdir(tmp_path)
    assert message in refusal(split, source, options)
    assert store.paths("") == []


@pytest.fixture
def folder(tmp_path):
    """A good folder of images: two classes of three."""
    for name in ("cat", "dog"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(3):
            Image.fromarray(np.full((5, 5), 40 * index, np.uint8)).save(tmp_path / "set" / name / f"{index}.png")
    return tmp_path / "set"


def test_the_good_folder_is_taken(split, folder):
    """Otherwise the refusals below would prove nothing."""
    assert split(f"images:{folder}", image_size=(8, 8)).train.class_rows == (1, 1)


def damage_text(folder):
    """A text under the name of an image."""
    (folder / "cat" / "9.png").write_text("no image")
    return f"must hold readable images alone. Received: {folder / 'cat' / '9.png'}"


def damage_cut(folder):
    """An image that ends in its middle."""
    file = folder / "dog" / "1.png"
    file.write_bytes(file.read_bytes()[:-30])
    return f"must hold readable images alone. Received: {file}"


def damage_empty_file(folder):
    """A file of no bytes."""
    (folder / "dog" / "1.png").write_bytes(b"")
    return f"must hold readable images alone. Received: {folder / 'dog' / '1.png'}"


def damage_depth(folder):
    """An image of 16 bits, whose conversion to 8 would clip."""
    Image.fromarray(np.full((5, 5), 40_000, np.uint16)).save(folder / "cat" / "deep.png")
    return "must hold images of 8 bits a channel"


def damage_class(folder):
    """A class without images."""
    (folder / "cow").mkdir()
    return "Received: 0 of class 'cow'."


def damage_all(folder):
    """No image left."""
    for file in folder.rglob("*.png"):
        file.unlink()
    return "must have a folder of images for each class"


def damage_flat(folder):
    """Images without folders of classes."""
    for index, file in enumerate(sorted(folder.rglob("*.png"))):
        file.rename(folder / f"{index}.png")
    for name in ("cat", "dog"):
        (folder / name).rmdir()
    return "must have a folder of images for each class"


@pytest.mark.parametrize(
    "damage",
    [damage_text, damage_cut, damage_empty_file, damage_depth, damage_class, damage_all, damage_flat],
    ids=lambda damage: damage.__name__,
)
def test_bad_image_folder(split, store, folder, damage):
    message = damage(folder)
    assert message in refusal(split, f"images:{folder}", {"image_size": (8, 8)})
    assert store.paths("") == []
