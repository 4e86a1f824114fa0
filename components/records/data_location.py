"""Where the files of a `csv:`, `parquet:` or `images:` source lie: on this machine, or in a bucket."""

import re
from typing import NamedTuple

from components.records.bucket_client import SCHEMES

KINDS = ("csv", "parquet", "images")  # sources that are files
LOCAL = "file"
BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Location(NamedTuple):
    """A file or a folder.

    Fields:
        scheme: `file` on this machine, `gs` or `s3` in a bucket; `location_rule` refuses any other.
        bucket: its name; empty on this machine.
        path: on this machine its path, in a bucket its key, both as given; empty for a whole bucket.
    """

    scheme: str
    bucket: str
    path: str

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine."""
        return self.scheme == LOCAL

    @property
    def uri(self) -> str:
        """Its URI as given; on this machine, its path."""
        return self.path if self.is_local else f"{self.scheme}://{self.bucket}/{self.path}"


def location_of(source: str) -> Location | None:
    """Returns where the files of a source lie; None of a source that is no files.

    Args:
        source: `data.source` of a search file. `file://PATH` is PATH, in which `%20` is no blank.
    """
    kind, _, given = source.partition(":")
    if kind not in KINDS:
        return None
    scheme, separator, rest = given.partition("://")
    if not separator:
        return Location(LOCAL, "", given)
    if scheme == LOCAL:
        return Location(LOCAL, "", rest)
    bucket, _, key = rest.partition("/")
    return Location(scheme, bucket, key)


def location_rule(source: str) -> str | None:
    """Returns what a source must be, as the end of "must be ...", where its URI can't be of its files; else None."""
    kind, _, given = source.partition(":")
    location = location_of(source)
    if location is None or "://" not in given:
        return None
    if location.is_local:
        return None if location.path.startswith("/") else f"{kind}:file:///PATH, with an absolute path"
    known = location.scheme in SCHEMES and BUCKET_NAME.fullmatch(location.bucket)
    if kind == "csv" and not (known and location.path and not location.path.endswith("/")):
        return "csv:PATH, or csv:gs://BUCKET/KEY or csv:s3://BUCKET/KEY of one object"
    return None if known else f"{kind}:PATH, {kind}:gs://BUCKET/KEY or {kind}:s3://BUCKET/KEY"
