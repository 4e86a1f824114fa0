"""`kfp.Client` that says within seconds whether Kubeflow answers, waits no longer than a limit, and prints nothing."""

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any, TypeVar

import kfp
from google.auth.exceptions import GoogleAuthError

from components.continue_as_new.kubeflow_api import KubeflowError, NotAllowed, Rest

T = TypeVar("T")


class _Client(kfp.Client):
    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        """Asks once. The SDK's own asks five times, five seconds apart, and logs a stack each time.

        It is the first request of a client, so the time limits are put in here.
        """
        api = self._healthz_api.api_client
        if not isinstance(api.rest_client, Rest):
            api.rest_client = Rest(api.configuration)
        return self._healthz_api.healthz_service_get_healthz()


def connect_client(host: str, namespace: str | None = None, token: str | None = None) -> kfp.Client:
    """Returns a client of an installation that has just answered.

    Args:
        host: address of Kubeflow Pipelines, `http://` or `https://`.
        namespace: of the user, where the installation has many users.
        token: to authenticate by; None leaves that to the SDK (its context file, Google's identity-aware proxy).

    Raises:
        ValueError: where the address has no scheme.
        KubeflowError: where it doesn't answer, or refuses the token.
    """
    if not host.startswith(("http://", "https://")):
        raise ValueError(f"`--host` must begin with http:// or https://. Received: {host}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            client = _Client(host=host, namespace=namespace or "kubeflow", existing_token=token)
        except GoogleAuthError as error:
            raise NotAllowed(f"{host} wants Google credentials: {error}") from None
    client.get_kfp_healthz()
    return client


def quietly(call: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Calls the SDK and drops the links that it prints."""
    with redirect_stdout(io.StringIO()):
        return call(*arguments, **options)


def experiment_id(client: kfp.Client, name: str) -> str:
    """Returns the id of the experiment of a name, which is made where there is none."""
    for last in (False, True):
        try:
            return quietly(client.create_experiment, name).experiment_id  # it looks first
        except KubeflowError:  # another was faster, or the answer was lost
            if last:
                raise
    raise AssertionError("unreachable")
