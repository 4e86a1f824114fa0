"""A bucket of Amazon S3 or of a server that speaks S3, such as the SeaweedFS or MinIO of a Kubeflow installation."""

import base64
import hashlib
from collections.abc import Mapping
from typing import BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from components.records.bucket import TROUBLE_OF_STATUS, DamagedDownload, Listed, Trouble, content_type

WRITER, MD5 = "writer", "md5"  # kept beside each object
PIECE_BYTES = 2**20
NO_ANSWER = (HTTPClientError, BotoConnectionError, IncompleteReadError, FlexibleChecksumError, DamagedDownload)
NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, SSOError)
TROUBLE_OF_CODE = {  # what is answered with 400
    "BadDigest": Trouble.PASSING,
    "IncompleteBody": Trouble.PASSING,
    "RequestTimeout": Trouble.PASSING,
    "ExpiredToken": Trouble.FORBIDDEN,
    "InvalidToken": Trouble.FORBIDDEN,
}


class S3Bucket:
    """Requests through boto3, with its usual credentials, region and endpoint (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL).

    The library's own retries are off: they end where the headers of an answer came, and don't see a body cut short.
    Its newer checksums are sent only where S3 demands them, since not every other server understands them; the MD5 that
    all of them check goes with each write, and is kept beside the object for each read.
    """

    def __init__(self, name: str):
        self._name = name
        config = Config(
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=10,
            read_timeout=60,
        )
        self._client = boto3.session.Session().client("s3", config=config)

    def put(self, key: str, data: bytes, writer: str) -> bool:
        """Writes an object with its writer's name beside it and returns True; Trouble.TAKEN where the key is."""
        digest = hashlib.md5(data, usedforsecurity=False)
        self._client.put_object(
            Bucket=self._name,
            Key=key,
            Body=data,
            IfNoneMatch="*",
            ContentMD5=base64.b64encode(digest.digest()).decode(),
            ContentType=content_type(key),
            Metadata={WRITER: writer, MD5: digest.hexdigest()},
        )
        return True

    def get(self, key: str) -> bytes:
        """Returns the whole of an object, its checksum checked; Trouble.MISSING where there is none."""
        answer = self._client.get_object(Bucket=self._name, Key=key)
        data = answer["Body"].read()
        _check_md5(key, answer["Metadata"], hashlib.md5(data, usedforsecurity=False).hexdigest())
        return data

    def download(self, key: str, file: BinaryIO) -> None:
        """Writes an object to a file as it comes; Trouble.MISSING where there is none.

        What a person uploaded has no MD5 beside it: of that, the checksum is checked that the server keeps, if any.
        """
        answer = self._client.get_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
        digest = hashlib.md5(usedforsecurity=False)
        for piece in answer["Body"].iter_chunks(PIECE_BYTES):
            digest.update(piece)
            file.write(piece)
        _check_md5(key, answer["Metadata"], digest.hexdigest())

    def writer(self, key: str) -> str:
        """Returns the name of an object's writer, empty where it has none; Trouble.MISSING where there is no object."""
        return self._client.head_object(Bucket=self._name, Key=key)["Metadata"].get(WRITER, "")

    def objects(self, prefix: str, most: int | None = None) -> list[Listed]:
        """Returns the objects, the first `most` in the order of their keys, whose keys begin so."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=prefix, PaginationConfig={"MaxItems": most, "PageSize": most}
        )
        return [Listed(found["Key"], found["Size"]) for page in pages for found in page.get("Contents", ())]

    def remove(self, key: str) -> None:
        """Removes an object; it is no trouble where there is none."""
        self._client.delete_object(Bucket=self._name, Key=key)

    def trouble(self, error: Exception) -> Trouble:
        """Returns what an error of one of these requests means."""
        if isinstance(error, NO_ANSWER):
            return Trouble.PASSING
        if isinstance(error, NO_CREDENTIALS):
            return Trouble.FORBIDDEN
        if isinstance(error, ClientError):
            code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            return TROUBLE_OF_CODE.get(code) or TROUBLE_OF_STATUS.get(status, Trouble.OTHER)
        return Trouble.OTHER


def _check_md5(key: str, about: Mapping[str, str], received: str) -> None:
    # What a person uploaded may lack either, or mean something else by it.
    if WRITER in about and about.get(MD5, received) != received:
        raise DamagedDownload(f"`{key}` must have the MD5 {about[MD5]}. Received: {received}.")
