"""Where a source's files lie, from its text alone."""

import pytest

from components.records.data_location import Location, location_of, location_rule


@pytest.mark.parametrize(
    ("source", "location", "uri"),
    [
        ("csv:rows.csv", Location("file", "", "rows.csv"), "rows.csv"),
        ("csv:~/a: b.csv", Location("file", "", "~/a: b.csv"), "~/a: b.csv"),
        ("images:file:///data/my photos", Location("file", "", "/data/my photos"), "/data/my photos"),
        ("csv:gs://bucket/a/b.csv", Location("gs", "bucket", "a/b.csv"), "gs://bucket/a/b.csv"),
        ("parquet:s3://bucket/a/", Location("s3", "bucket", "a/"), "s3://bucket/a/"),
        ("parquet:s3://bucket", Location("s3", "bucket", ""), "s3://bucket/"),
        ("images:gs://b//c d?e#f%20", Location("gs", "b", "/c d?e#f%20"), "gs://b//c d?e#f%20"),
    ],
)
def test_a_source_of_files_says_where_they_lie(source, location, uri):
    """A key is what it is: neither `?`, `#` and `%`, nor a slash at its beginning, mean anything."""
    assert location_of(source) == location
    assert location.uri == uri
    assert location.is_local == (location.bucket == "")
    assert location_rule(source) is None


@pytest.mark.parametrize("source", ["sklearn:digits", "tfds:mnist", "tfds:gs://bucket/a"])
def test_other_sources_are_no_files(source):
    assert location_of(source) is None
    assert location_rule(source) is None


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("csv:gs://bucket/folder/", "csv:PATH, or csv:gs://BUCKET/KEY or csv:s3://BUCKET/KEY of one object"),
        ("csv:s3://bucket", "csv:PATH, or csv:gs://BUCKET/KEY or csv:s3://BUCKET/KEY of one object"),
        ("csv:http://host/a.csv", "csv:PATH, or csv:gs://BUCKET/KEY or csv:s3://BUCKET/KEY of one object"),
        ("parquet:S3://bucket/a", "parquet:PATH, parquet:gs://BUCKET/KEY or parquet:s3://BUCKET/KEY"),
        ("images:gs:///a", "images:PATH, images:gs://BUCKET/KEY or images:s3://BUCKET/KEY"),
        ("images:gs://my bucket/a", "images:PATH, images:gs://BUCKET/KEY or images:s3://BUCKET/KEY"),
        ("csv:file://rows.csv", "csv:file:///PATH, with an absolute path"),
        ("csv:file://~/rows.csv", "csv:file:///PATH, with an absolute path"),
    ],
)
def test_a_uri_that_can_be_of_no_files_of_its_kind_is_refused_with_the_rule(source, rule):
    assert location_rule(source) == rule
