"""The options of `archloom compile | upload | run --host | schedule` that say what is compiled, and what they make."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from components.records.search import Search
    from pipelines.compile import Settings

IMAGE = "ARCHLOOM_IMAGE"  # variable with the image of what is compiled


class Package(NamedTuple):
    """What to upload, and as which version.

    Fields:
        file: compiled YAML; None compiles it now.
        version: its name; None takes the commit.
        compiled: the options of `compile_options` that were given, for what is compiled now.
    """

    file: Path | None
    version: str | None
    compiled: dict[str, Any]


def all_of(*options: Callable[[Callable], Callable]) -> Callable[[Callable], Callable]:
    """One decorator of several."""

    def add(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def compile_options(command: Callable) -> Callable:
    """Adds the options of what is compiled now."""
    return all_of(
        click.option("--depth", type=click.IntRange(1, 8), help="Rounds of one run. Default: 4."),
        click.option("--train-on", metavar="POOL", help="Node pool of the training steps. Default: cpu."),
        click.option(
            "--benchmark-on", metavar="POOL", multiple=True, help="Node pool to measure on; up to 3. Default: cpu."
        ),
        click.option(
            "--image", metavar="NAME", multiple=True, help="Image by tag or digest; gpu=NAME, tpu=NAME for those pools."
        ),
    )(command)


def package_options(command: Callable) -> Callable:
    """Adds the options that make a Package."""
    file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
    return all_of(
        click.option("--package", type=file_type, help="Compiled pipeline. Default: compiled now."),
        click.option(
            "--version",
            "version_name",
            help="Name of the version. Default: the git commit, with a digest of the options.",
        ),
        compile_options,
    )(command)


def settings_of(options: dict[str, Any]) -> "Settings":
    """What to compile for, from the options of `compile_options` that were given."""
    from pipelines.compile import Settings
    from pipelines.hardware import image_variants

    images = {"images": image_variants(options["image"])} if "image" in options else {}
    return Settings(**{name: value for name, value in options.items() if name != "image"} | images)


def check_pipeline(search: "Search", package: Package) -> None:
    """Checks that what is compiled now has the hardware that a search asks for; a file is checked by its first step.

    Raises:
        WrongPipeline: where it hasn't.
    """
    from components.data_split.description import check_compiled_for

    if package.file is None:
        settings = settings_of(package.compiled)
        check_compiled_for(search, settings.hardware().devices, settings.depth)


def compiled(path: Path, options: dict[str, Any]) -> Path:
    """Compiles the pipeline with the options of `compile_options` that were given."""
    from pipelines.compile import compile_pipeline

    compile_pipeline(path, settings_of(options))
    return path


def version_name(options: dict[str, Any]) -> str:
    """The version of what is compiled now with these options: the commit, and a digest of the options where there are.

    Raises:
        UnnamedVersion: where the source tree is no commit.
    """
    from pipelines.versions import commit_name

    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:6]
    return f"{commit_name()}-{digest}" if options else commit_name()


def of_commit(options: dict[str, Any]) -> dict[str, Any]:
    """Options with an image: the one that is given, else that of the variable IMAGE, else the commit's.

    Raises:
        ValueError: where none of them is known.
    """
    from pipelines.hardware import commit_image
    from pipelines.versions import UnnamedVersion, commit_name

    if "image" in options:
        return options
    if os.environ.get(IMAGE):
        return options | {"image": (os.environ[IMAGE],)}
    try:
        return options | {"image": (commit_image(commit_name()),)}
    except UnnamedVersion as error:
        raise ValueError(
            f"`--image` must be given where there is no commit. Received: none, and {error.why}."
        ) from None


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def wanted_package(package: Path | None = None, version_name: str | None = None, **options: Any) -> Package:
    """Returns what the options of `package_options` mean."""
    wanted = given(options)
    if package is not None and wanted:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in wanted)
        raise click.UsageError(f"{names} is for a pipeline that is compiled now, not for --package.")
    settings_of(wanted).hardware()  # refuses unknown pools and images before anything is sent
    return Package(package, version_name, wanted)
