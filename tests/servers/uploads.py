"""Objects that a person puts into a bucket: by the client libraries alone, with nothing of ours beside them."""

from pathlib import Path
from typing import Any

import boto3
from google.cloud.storage import Client


def put_object(uri: str, data: bytes, **options: Any) -> None:
    """Writes an object.

    Args:
        uri: gs:// or s3://, of a server that the environment names.
        data: its bytes.
        options: of `put_object` of boto3, such as its checksum.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme == "s3":
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=data, **options)
    else:
        Client().bucket(bucket).blob(key).upload_from_string(data)


def put_folder(folder: Path, uri: str) -> None:
    """Writes all files below a folder."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            put_object(f"{uri}/{file.relative_to(folder).as_posix()}", file.read_bytes())
