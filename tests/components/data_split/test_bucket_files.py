"""Data in a bucket give the rows that the same files give on this machine, and what is wrong with them is named."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from components.data_split.errors import DataError
from components.data_split.sources import read_source
from components.data_split.stage import split_data
from components.records import retrying
from components.records.layout import MANIFEST
from components.records.rows import PARTS, read_part
from components.records.search import Choice, Data, FinalScaling, Search, Target
from components.records.store import open_search
from tests.components.data_split.conftest import ROOT
from tests.servers.object_stores import BUCKET, SERVERS, new_search, unreliable
from tests.servers.unreliable_proxy import cut_short, lost_answer, nothing, one_bit_flipped, reset, status
from tests.servers.uploads import put_folder, put_object

TABLE = "x,town,y\n" + "".join(f"{number / 7},{'ab'[number % 2]},{number % 3}\n" for number in range(90))


@pytest.fixture(params=SERVERS)
def kind(request, monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE_SECONDS", 0.002)
    return request.param


@pytest.fixture
def proxy(kind):
    return unreliable(kind)


@pytest.fixture
def uri(kind, proxy, monkeypatch):
    """The URI of an empty folder, behind the proxy."""
    return new_search(kind, monkeypatch, proxy.url)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files, which each test must leave empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def a_table(folder):
    (folder / "rows.csv").write_text(TABLE, encoding="utf-8")
    return "csv", "rows.csv", {"label": "y"}


def texts(folder):
    lines = [f"a review of {['good', 'bad'][number % 2]} book {number},{number % 2}" for number in range(60)]
    (folder / "reviews.csv").write_text("\n".join(["review,y", *lines]), encoding="utf-8")
    return "csv", "reviews.csv", {"label": "y", "text": {"column": "review", "vocabulary": 20, "length": 5}}


def a_parquet_file(folder):
    pq.write_table(pa.table({"x": np.arange(60) / 7, "y": list("abc") * 20}), folder / "rows.parquet")
    return "parquet", "rows.parquet", {"label": "y"}


def parquet_parts(folder):
    """Written in another order than that of their names, beside what engines leave."""
    (folder / "parts").mkdir()
    columns = pa.table({"x": np.arange(60) / 7, "y": list("abc") * 20})
    for name, first in {"part-10": 20, "part-9": 40, "part-1": 0}.items():
        pq.write_table(columns.slice(first, 20), folder / "parts" / f"{name}.parquet")
    for name in ("_SUCCESS", ".part-1.parquet.crc", "_metadata.parquet", ".hidden.parquet"):
        (folder / "parts" / name).write_text("no rows")
    return "parquet", "parts", {"label": "y"}


def images(folder):
    """Of two classes, at two depths, beside what a file manager leaves."""
    rng = np.random.default_rng(0)
    for number in range(40):
        deeper = "more" if number % 3 else "."
        file = folder / "shapes" / ("round", "square")[number % 2] / deeper / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (6, 5), np.uint8)).save(file)
    for name in ("README.md", "round/.DS_Store", ".git/config"):
        (folder / "shapes" / name).parent.mkdir(exist_ok=True)
        (folder / "shapes" / name).write_text("no image")
    return "images", "shapes", {"image_size": [4, 4]}


def search(source, target=None, **options):
    return Search(
        name="test",
        data=data_of(source, options),
        space=Choice(name="any"),
        final_scaling=FinalScaling(target=Target(data=target)),
    )


def data_of(source, options):
    return msgspec.convert({"source": source, **options}, Data)


def records(folder, source, **options):
    """The records of a split of a source, by path; in the manifest, the source is `SOURCE`."""
    store = open_search(str(folder))
    split_data(store, search(source, **options))
    found = {path: store.read(path) for path in store.paths("")}
    named = found[MANIFEST].replace(source.encode(), b"SOURCE")
    assert named != found[MANIFEST]
    return {**found, MANIFEST: named}


@pytest.mark.parametrize(
    "make", [a_table, texts, a_parquet_file, parquet_parts, images], ids=lambda make: make.__name__
)
def test_rows_and_manifest_are_those_of_the_same_files_here(make, uri, tmp_path):
    """Byte for byte; also by `file://`, and with a slash behind a folder."""
    (tmp_path / "here").mkdir()
    scheme, name, options = make(tmp_path / "here")
    put_folder(tmp_path / "here", uri)
    here = records(tmp_path / "1", f"{scheme}:{tmp_path}/here/{name}", **options)
    assert records(tmp_path / "2", f"{scheme}:{uri}/{name}", **options) == here
    assert records(tmp_path / "3", f"{scheme}:file://{tmp_path}/here/{name}", **options) == here
    if "." not in name:
        assert records(tmp_path / "4", f"{scheme}:{uri}/{name}/", **options) == here


def test_only_what_is_read_is_downloaded(uri, proxy, tmp_path):
    """Neither neighbours whose names begin alike, nor what lies beside the parts or above the classes."""
    parquet_parts(tmp_path)
    images(tmp_path)
    put_folder(tmp_path / "parts", f"{uri}/parts")
    put_folder(tmp_path / "shapes", f"{uri}/shapes")
    for name in ("parts2/a.parquet", "parts/notes.txt", "shapes2/c/a.png", "shapes/a.png", "shapes/"):
        put_object(f"{uri}/{name}", b"not to be read")
    asked = len(proxy.asked)
    read_source(Data(source=f"parquet:{uri}/parts", label="y"))
    labelled = read_source(Data(source=f"images:{uri}/shapes", image_size=(4, 4)))
    assert (len(labelled.labels), labelled.classes) == (40, ("round", "square"))
    fetched = [path for method, path in proxy.asked[asked:] if "prefix" not in path]
    assert len(fetched) == 3 + 40
    beside = ("parts2", "shapes2", "notes", "README", "_SUCCESS", ".crc")
    assert not [path for path in fetched if any(name in path for name in beside)]


def test_an_object_is_asked_for_once_and_nothing_is_listed(uri, proxy):
    """So that leave to read this object alone is enough."""
    put_object(f"{uri}/rows.csv", TABLE.encode())
    asked = len(proxy.asked)
    assert len(read_source(Data(source=f"csv:{uri}/rows.csv", label="y")).labels) == 90
    assert [(method, "prefix" in path) for method, path in proxy.asked[asked:]] == [("GET", False)]


def test_a_bucket_may_be_a_folder(kind, uri):
    """It holds the tables of other tests in folders, which a folder of parts may not have."""
    put_object(f"{uri}/deeper/rows.parquet", b"")
    put_object(f"{uri.partition(BUCKET)[0]}{BUCKET}/rows.parquet", b"")
    with pytest.raises(DataError, match=rf"without folders between. Received: {kind[:2]}://{BUCKET}/.+/.+parquet\."):
        read_source(Data(source=f"parquet:{uri.partition(BUCKET)[0]}{BUCKET}", label="y"))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("csv:URI/none.csv", "name an object or a folder that there is. Received: URI/none.csv ("),
        ("parquet:URI/none", "name an object or a folder that there is. Received: URI/none ("),
        ("csv:URI/folder", "name an object or a folder that there is. Received: URI/folder ("),
        ("parquet:URI/none/", "be a Parquet file or a folder with *.parquet files in it. Received: URI/none/ without"),
        (
            "parquet:URI/folder",
            "be a Parquet file or a folder with *.parquet files in it. Received: URI/folder without",
        ),
        ("images:URI/none", "have a folder of images for each class. Received: URI/none without images"),
        ("images:URI/folder/", "have a folder of images for each class. Received: URI/folder without images"),
        ("csv:URI/bad.csv", "have 2 cells in each row, as its header has. Received: 3 in line 3 of URI/bad.csv"),
        ("parquet:URI/bad.csv", "be a readable Parquet file. Received: URI/bad.csv ("),
        ("parquet:URI/damaged", "be a readable Parquet file. Received: URI/damaged/b.parquet ("),
        ("parquet:URI/years", "hold its *.parquet files without folders between. Received: URI/years/2026/b.parquet."),
        ("images:URI/pictures", "hold readable images alone. Received: URI/pictures/cats/bad.png ("),
    ],
)
def test_what_is_wrong_is_named_with_the_uri(uri, source, says):
    """`URI` is that of the folder."""
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1], "y": [1]}), parquet)
    part = parquet.getvalue().to_pybytes()
    objects = {
        "folder/notes.txt": b"",
        "bad.csv": b"x,y\n1,2\n1,2,3\n",
        "damaged/a.parquet": part,
        "damaged/b.parquet": part[:40],
        "years/a.parquet": part,
        "years/2026/b.parquet": part,
        "pictures/cats/bad.png": b"no image",
    }
    for name, data in objects.items():
        put_object(f"{uri}/{name}", data)
    option = {"image_size": (4, 4)} if source.startswith("images") else {"label": "y"}
    with pytest.raises(DataError) as caught:
        read_source(Data(source=source.replace("URI", uri), **option))
    assert f"`data.source` must {says.replace('URI', uri)}" in str(caught.value)


@pytest.mark.parametrize("source", ["csv:URI/rows.csv", "parquet:URI/rows"])
def test_a_bucket_that_does_not_exist_is_named(uri, source):
    elsewhere = source.replace("URI", uri.replace(BUCKET, "no-such-bucket"))
    said = r"^`data.source` must name an object .* Received: .*/no-such-bucket/.*(404|NoSuchBucket)"
    with pytest.raises(DataError, match=said):
        read_source(Data(source=elsewhere, label="y"))


@pytest.mark.parametrize("source", ["csv:URI/rows.csv", "parquet:URI/rows/"])
@pytest.mark.parametrize("code", [401, 403])
def test_data_that_are_not_allowed_are_named_at_once(uri, proxy, source, code):
    """The first is refused as it is read, the second as it is listed."""
    proxy.plan(*[status(code)] * 3)
    asked = len(proxy.asked)
    named = source.partition(":")[2].replace("URI", uri)
    with pytest.raises(
        DataError, match=rf"^`data.source` must lie where your credentials may read. Received: {named} \("
    ):
        read_source(Data(source=source.replace("URI", uri), label="y"))
    assert len(proxy.asked) == asked + 1


def test_a_server_that_stays_busy_is_given_up_with_the_uri(uri, proxy):
    put_object(f"{uri}/rows.csv", TABLE.encode())
    proxy.plan(*[status(503)] * retrying.ATTEMPTS)
    with pytest.raises(ConnectionError, match=rf"`data.source` must be reachable; 10 .*'{uri}/rows.csv'.*503"):
        read_source(Data(source=f"csv:{uri}/rows.csv", label="y"))
    assert proxy.unmet() == 0


def test_downloads_outlast_breaks_and_cuts_and_are_whole(uri, proxy, tmp_path):
    """Every second of the first 40 requests fails; what came before a cut is not kept twice."""
    _, name, options = images(tmp_path)
    put_folder(tmp_path / name, f"{uri}/{name}")
    proxy.plan(*[status(503), nothing, cut_short, nothing, reset, nothing, lost_answer, nothing] * 5)
    received = read_source(data_of(f"images:{uri}/{name}", options))
    assert proxy.unmet() == 0
    expected = read_source(data_of(f"images:{tmp_path}/{name}", options))
    assert received.inputs.pixels.tobytes() == expected.inputs.pixels.tobytes()


def test_a_damaged_download_is_noticed_by_the_checksum_that_the_server_keeps(kind, uri, proxy):
    checksum = {"ChecksumAlgorithm": "SHA256"} if kind == "s3" else {}
    put_object(f"{uri}/rows.csv", TABLE.rstrip().encode(), **checksum)
    proxy.plan(one_bit_flipped, one_bit_flipped)  # in the last label, which would be 3 and not 2
    assert read_source(Data(source=f"csv:{uri}/rows.csv", label="y")).classes == ("0", "1", "2")
    assert proxy.unmet() == 0


@pytest.mark.parametrize("names", [["cats/../../out.png"], ["cats//a.png"], ["cats/a", "cats/a/b.png"], ["cats/./a"]])
def test_objects_whose_names_are_no_paths_are_refused(names, tmp_path, monkeypatch):
    """Only our own server keeps such names as they are: moto's tidies them, as paths of addresses."""
    uri = new_search("gs", monkeypatch)
    for name in names:
        put_object(f"{uri}/{name}", b"")
    with pytest.raises(
        DataError, match=rf"hold objects whose names can be those of files. Received: {uri}/? with 'cats/"
    ):
        read_source(Data(source=f"images:{uri}", image_size=(4, 4)))
    assert not list(tmp_path.rglob("out.png"))


def test_an_object_whose_name_is_too_long_for_a_file_is_refused(uri):
    put_object(f"{uri}/cats/{'é' * 128}", b"")
    with pytest.raises(DataError, match=rf"have at most 255 bytes between slashes. Received: {uri} with 'cats/é"):
        read_source(Data(source=f"images:{uri}", image_size=(4, 4)))


def test_a_target_of_the_same_objects_holds_out_the_same_rows(uri, tmp_path):
    _, name, options = images(tmp_path)
    put_folder(tmp_path / name, f"{uri}/{name}")
    store = open_search(str(tmp_path / "search"))
    target = data_of(f"images:{uri}/{name}/", {"image_size": [8, 8]})
    split_data(store, search(f"images:{uri}/{name}", target, **options))
    labels = [[read_part(store, part, folder=folder)[1].tolist() for part in PARTS] for folder in ("data", "target")]
    assert labels[0] == labels[1]
    missing = data_of(f"images:{uri}/none", {"image_size": [8, 8]})
    other = open_search(str(tmp_path / "other"))
    with pytest.raises(DataError, match=rf"^`final_scaling.target.data.source` must .*Received: {uri}/none without"):
        split_data(other, search(f"images:{uri}/{name}", missing, **options))


@pytest.mark.parametrize("source", ["csv:https://x/a.csv", "csv:gs://b/", "parquet:s3://", "csv:file://a.csv"])
def test_a_uri_of_no_files_is_refused_before_anything_is_asked(source):
    with pytest.raises(
        DataError, match=rf"^`data.source` must be {source.partition(':')[0]}:.* Received: '{source}'\.$"
    ):
        read_source(Data(source=source, label="y"))


def test_a_step_that_is_ended_removes_what_it_has_downloaded(kind, uri, proxy, temporary):
    """The process is told to end while the server has sent half of the object."""
    put_object(f"{uri}/rows.csv", TABLE.encode())
    half_sent, ended = threading.Event(), threading.Event()

    def stalls(handler, ask):
        answer = ask()
        handler.reply(answer._replace(body=answer.body[:500]), length=len(answer.body))
        half_sent.set()
        ended.wait(30)
        handler.break_off()

    proxy.plan(stalls)
    program = f"from components.records.search import Data\nData = Data(source='csv:{uri}/rows.csv', label='y')\n"
    program += "from components.data_split.sources import read_source\nread_source(Data)"
    step = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)})
    assert half_sent.wait(60)
    until = time.monotonic() + 10
    while not list(temporary.rglob("data")) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(temporary.rglob("data"))
    step.send_signal(signal.SIGTERM)
    assert step.wait(30) == 128 + signal.SIGTERM
    ended.set()
