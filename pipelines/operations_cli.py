"""The commands for a cluster: `archloom compile | upload | schedule`, and `run` and `status` with a host."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pipelines.packages import (
    Package,
    all_of,
    check_pipeline,
    compile_options,
    compiled,
    given,
    of_commit,
    package_options,
    version_name,
    wanted_package,
)

if TYPE_CHECKING:
    import kfp

    from pipelines.submissions import Submitted, Target
    from pipelines.versions import Version

HOST, TOKEN_PATH = "KF_PIPELINES_ENDPOINT", "KF_PIPELINES_SA_TOKEN_PATH"
PIPELINE = "architecture-search"


class Installation(NamedTuple):
    """A Kubeflow Pipelines, and who asks it: the options that every command here takes."""

    host: str
    namespace: str | None = None
    token_file: Path | None = None

    def connect(self) -> "kfp.Client":
        """Returns a client, once it has answered."""
        from pipelines.kubeflow_client import connect_client

        token = self.token_file.read_text(encoding="ascii").strip() if self.token_file else None
        return connect_client(self.host, self.namespace, token)

    def page(self, path: str) -> str:
        """Address of a page of the user interface."""
        return f"{self.host.rstrip('/')}/#/{path}"


def installation_options(required: bool = True) -> Callable[[Callable], Callable]:
    """Adds the options that make an Installation.

    Args:
        required: whether the command needs one. Where it doesn't, only the option itself sends it to a cluster, and not
            a variable that happens to be set.
    """
    token_type = click.Path(exists=True, dir_okay=False, path_type=Path)
    variable = HOST if required else None
    return all_of(
        click.option(
            "--host", envvar=variable, show_envvar=True, required=required, help="Address of Kubeflow Pipelines."
        ),
        click.option("--namespace", help="The user's namespace, where there are many users."),
        click.option("--token-file", envvar=TOKEN_PATH, show_envvar=True, type=token_type, help="Holds the token."),
    )


def job_options(command: Callable) -> Callable:
    """Adds the options of runs and recurring runs."""
    return all_of(
        click.option("--service-account", help="That the steps run as. Default: Kubeflow's."),
        click.option("--pipeline-root", help="Where Kubeflow keeps what its pages show. Default: Kubeflow's."),
    )(command)


@click.command("compile")
@compile_options
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), default=Path(f"{PIPELINE}.yaml"))
def compile_package(output: Path, **options: Any) -> None:
    """Compile the pipeline, with the released image, to the YAML that Kubeflow's upload form takes."""
    with told():
        if not output.parent.is_dir():
            raise ValueError(f"`--output` must name a file in a folder that exists. Received: {output}.")
        click.echo(f"Compiled: {compiled(output, given(options))}")


@click.command("pools")
def show_pools() -> None:
    """Show the node pools that --train-on and --benchmark-on name."""
    from pipelines.node_pools import NODE_POOLS

    click.echo(f"{'pool':18} {'device':10} {'accelerator':18} {'asks for':14}  nodes")
    for pool in NODE_POOLS.values():
        chips = f"{pool.chips} {pool.resource}" if pool.resource else "-"
        where = " ".join(f"{key}={value}" for key, value in pool.selector)
        click.echo(f"{pool.name:18} {pool.device or '-':10} {chips:18} {pool.cpu:>3} CPU {pool.memory:>6}  {where}")


@click.command()
@installation_options()
@package_options
def upload(host: str, namespace: str | None, token_file: Path | None, **package: Any) -> None:
    """Upload the pipeline as a version that is named by the commit; once more changes nothing."""
    with told():
        installation, wanted = Installation(host, namespace, token_file), wanted_package(**package)
        _upload(installation, installation.connect(), wanted)


@click.command()
@click.argument("search_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--search-dir", required=True, help="gs:// or s3:// URI; may hold [[ScheduledTime]].")
@click.option("--cron", required=True, help='Six fields, seconds first: "0 0 2 * * *" is every night at 2.')
@click.option("--replace", is_flag=True, help="Take the place of this search's other schedule.")
@installation_options()
@package_options
@job_options
def schedule(search_file: Path, search_dir: str, cron: str, replace: bool, **options: Any) -> None:
    """Start, or go on with, a search again and again: one run at a time, and none to make up for missed ones."""
    from pipelines.schedules import check_cron
    from pipelines.schedules import schedule as make_recurring_run

    with told():
        check_cron(cron)
        installation, client, target = _target(search_file, search_dir, **options)
        made = make_recurring_run(client, target, cron, replace)
        _say(made, "Scheduled", "Scheduled already", installation.page(f"recurringrun/details/{made.id}"))


def run_on_cluster(search_file: Path, search_dir: str, **options: Any) -> None:
    """Uploads the pipeline where needed and starts a run of a search, unless one is at work on it.

    Args:
        search_file: the search description.
        search_dir: gs:// or s3:// URI.
        options: those of `installation_options`, `package_options` and `job_options`.
    """
    from pipelines.submissions import submit

    with told():
        installation, client, target = _target(search_file, search_dir, **options)
        run = submit(client, target)
        _say(run, "Started", "At work already", installation.page(f"runs/details/{run.id}"))


def show_runs(installation: Installation, search: str, uri: str) -> None:
    """Prints the runs of a search, newest first, with what Kubeflow says of them.

    Args:
        installation: to ask.
        search: the search's name.
        uri: its directory.
    """
    from pipelines.kubeflow_client import experiment_id
    from pipelines.submissions import runs_of

    with told():
        client = installation.connect()
        for run in runs_of(client, experiment_id(client, search), uri):
            why = f": {' '.join(run.error.message.split())}" if run.error and run.error.message else ""
            click.echo(f"{run.state or 'PENDING'}{why}  {run.display_name}")
            click.echo(f"  {installation.page(f'runs/details/{run.run_id}')}")


class _WrongInput(click.ClickException):
    exit_code = 2


@contextmanager
def told() -> Iterator[None]:
    """Ends a command with a message, never with a stack: code 1 where Kubeflow refuses, 2 where the input is wrong."""
    from components.continue_as_new.kubeflow_api import KubeflowError
    from pipelines.schedules import AnotherSchedule
    from pipelines.versions import UnnamedVersion, VersionDiffers

    try:
        yield
    except (KubeflowError, AnotherSchedule, UnnamedVersion, VersionDiffers) as error:
        raise click.ClickException(str(error)) from None
    except CalledProcessError as error:
        raise click.ClickException(f"The pipeline can't be compiled: {error}") from None
    except (ValueError, FileNotFoundError) as error:
        raise _WrongInput(str(error)) from None


def _target(
    search_file: Path,
    search_dir: str,
    host: str,
    namespace: str | None = None,
    token_file: Path | None = None,
    service_account: str | None = None,
    pipeline_root: str | None = None,
    **package: Any,
) -> tuple[Installation, "kfp.Client", "Target"]:
    """Checks a search file and its directory, uploads the pipeline, and returns what to run and where.

    A version that is only named is taken as it is, where Kubeflow has it: a pod that starts searches needs no checkout.
    """
    from components.records.tasks import tasks_with_rows
    from components.search_file.validate import read_search
    from pipelines.submissions import Target, check_remote
    from pipelines.versions import find_version

    text = search_file.read_text(encoding="utf-8")
    search = read_search(text)
    check_remote(search_dir, text, {f"{task.path}.source": task.data.source for task in tasks_with_rows(search)})
    installation, wanted = Installation(host, namespace, token_file), wanted_package(**package)
    only_named = wanted.version if wanted.file is None and not wanted.compiled else None
    if only_named is None:
        check_pipeline(search, wanted)
    client = installation.connect()
    version = find_version(client, only_named) if only_named else None
    if version is None:
        check_pipeline(search, wanted)
        version = _upload(installation, client, wanted)
    return installation, client, Target(search, text, search_dir.rstrip("/"), version, service_account, pipeline_root)


def _upload(installation: Installation, client: "kfp.Client", package: Package) -> "Version":
    """Uploads a package, compiled now where there is no file."""
    from pipelines.versions import upload as upload_version

    name = package.version or version_name(package.compiled)
    with TemporaryDirectory() as folder:
        file = package.file or compiled(Path(folder, "architecture_search.yaml"), of_commit(package.compiled))
        version = upload_version(client, file, name)
    done = "is there already" if version.was_there else "uploaded"
    page = installation.page(f"pipelines/details/{version.pipeline_id}/version/{version.version_id}")
    click.echo(f"Version {name} of {PIPELINE} {done}: {page}")
    return version


def _say(job: "Submitted", made: str, was_there: str, page: str) -> None:
    click.echo(f"{was_there if job.was_there else made}: {job.name}\n  {page}")
