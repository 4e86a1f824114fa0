"""The bucket of a scheme and a name, through the client library of its scheme."""

from components.records.bucket import Bucket

SCHEMES = ("gs", "s3")


def open_bucket(scheme: str, name: str, argument: str, uri: str) -> Bucket:
    """Returns a bucket; nothing is asked of it yet.

    Args:
        scheme: one of `SCHEMES`.
        name: the bucket's.
        argument: that named it, such as `search`, for the error.
        uri: what was given for it.

    Raises:
        ModuleNotFoundError: where the client library of the scheme is not installed.
    """
    try:  # client libraries take half a second to import, and what is local needs none
        if scheme == "gs":
            from components.records.gcs_bucket import GcsBucket

            return GcsBucket(name)
        from components.records.s3_bucket import S3Bucket

        return S3Bucket(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"`{argument}` needs a client library: pip install 'archloom[s3]'. Received: {argument}={uri!r}, {error}."
        ) from error
