"""What containers of this machine need to reach buckets as its processes do: the client libraries' own settings."""

import os
from pathlib import Path

from docker.types import Mount

INSIDE = "/tmp"  # working and home directory of the images
OF_GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "STORAGE_EMULATOR_HOST")
NAMES_A_FILE = ("GOOGLE_APPLICATION_CREDENTIALS", "_FILE", "_BUNDLE")  # how variables end that do


def bucket_access(scheme: str) -> tuple[tuple[Mount, ...], dict[str, str]]:
    """Returns the mounts and the environment of a container that reads from buckets.

    They are what boto3 or google-auth find on this machine: variables, the files that these name, and credentials below
    the home directory; files are read-only. A cloud's own machine needs none of them.

    Args:
        scheme: `gs` or `s3`.
    """
    if scheme == "gs":
        variables = {name: os.environ[name] for name in OF_GOOGLE if name in os.environ}
        kept = {_gcloud_credentials(): f"{INSIDE}/.config/gcloud/application_default_credentials.json"}
    else:
        variables = {name: value for name, value in sorted(os.environ.items()) if name.startswith("AWS_")}
        kept = {Path("~/.aws").expanduser(): f"{INSIDE}/.aws"}
    named = {name: Path(value).expanduser().absolute() for name, value in variables.items() if _names_a_file(name)}
    mounts = [_read_only(file, str(file)) for file in dict.fromkeys(named.values()) if file.is_file()]
    mounts += [_read_only(path, inside) for path, inside in kept.items() if path.exists()]
    return tuple(mounts), {**variables, **{name: str(file) for name, file in named.items()}}


def _gcloud_credentials() -> Path:
    """Where `gcloud auth application-default login` leaves them."""
    folder = os.environ.get("CLOUDSDK_CONFIG", "~/.config/gcloud")
    return Path(folder).expanduser().absolute() / "application_default_credentials.json"


def _names_a_file(variable: str) -> bool:
    return variable.endswith(NAMES_A_FILE)


def _read_only(path: Path, inside: str) -> Mount:
    return Mount(target=inside, source=str(path.resolve()), type="bind", read_only=True)
