"""Requests to a bucket, asked again while their trouble passes; what remains is named after whose bucket it is."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from components.records.bucket import Bucket, Trouble
from components.records.retrying import ATTEMPTS, retried

T = TypeVar("T")


class BucketRequests:
    """Asks one bucket.

    Args:
        bucket: to ask.
        argument: that named the bucket, such as `search`, for errors.
        uri: what was given for it.
    """

    def __init__(self, bucket: Bucket, argument: str, uri: str):
        self._bucket, self._argument, self._uri = bucket, argument, uri

    def ask(self, request: Callable[[], T], answers: Mapping[Trouble, T] | None = None) -> T:
        """Makes a request, again while its trouble passes; returns what stands for the trouble that remains, if any.

        Args:
            request: of the bucket, safe to be made several times.
            answers: what is returned in place of an error of this kind.

        Raises:
            FileNotFoundError: where there is no such bucket or object.
            PermissionError: where the credentials are missing, wrong or don't allow the request.
            ConnectionError: where nothing answers, or only that it is busy.
            Exception: the client library's own, of any other trouble.
        """
        trouble = self._bucket.trouble
        try:
            return retried(request, lambda error: trouble(error) is Trouble.PASSING)
        except Exception as error:
            if answers and trouble(error) in answers:
                return answers[trouble(error)]
            explained = self._explained(error)
            if explained is None:
                raise
            raise explained from error

    def _explained(self, error: Exception) -> OSError | None:
        name = self._argument
        received = f"Received: {name}={self._uri!r}, {type(error).__name__}: {error}"
        match self._bucket.trouble(error):
            case Trouble.MISSING:
                return FileNotFoundError(f"`{name}` must lie in a bucket that exists. {received}")
            case Trouble.FORBIDDEN:
                return PermissionError(f"`{name}` must lie in a bucket that your credentials may use. {received}")
            case Trouble.PASSING:
                return ConnectionError(f"`{name}` must be reachable; {ATTEMPTS} attempts failed. {received}")
        return None
