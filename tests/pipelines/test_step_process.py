"""Steps as forks: real processes of Kubeflow's executor, each with its imports done, none hurt by another's end."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
from kfp.local import subprocess_task_handler

from pipelines import forked_steps
from pipelines.cli import FAILED
from pipelines.step_process import FOLDER, NOT_STARTED, begin_imports, run_in_fork
from pipelines.workers import ChangedRunner
from tests.faults.reference import TINY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def imported():
    begin_imports()


def run(folder, body, environment=None, number=0):
    """Runs a component of these lines, with the folder as `to`; returns the exit code."""
    program = "from kfp import dsl\n\ndef step(to: str):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    inputs = {"parameterValues": {"to": str(folder)}}
    given = {"inputs": inputs, "outputs": {"outputFile": str(folder / f"outputs-{number}.json")}}
    arguments = ["--executor_input", json.dumps(given), "--function_to_execute", "step"]
    return run_in_fork(program, arguments, environment or {})


def test_a_step_is_a_process_of_its_own_that_has_tensorflow_at_once(tmp_path):
    body = """
        import json, os, sys
        there = "tensorflow" in sys.modules and "keras" in sys.modules
        from components.training.runtime import IMPORTED, prepare_tensorflow
        product = prepare_tensorflow().linalg.matmul([[2.0]], [[3.0]]).numpy().tolist()
        stages = [name for name in sys.modules if name.startswith("components.") and name.endswith(".stage")]
        told = [os.getpid(), stages, there, IMPORTED["seconds"], product, os.environ["GIVEN"], sys.argv[0]]
        open(f"{to}/told.json", "w").write(json.dumps(told))
    """
    assert run(tmp_path, body, {"GIVEN": "value"}) == 0
    pid, stages, *told = json.loads((tmp_path / "told.json").read_text())
    assert told == [True, 0.0, [[6.0]], "value", "kfp.dsl.executor_main"]
    every = {f"components.{path.parent.name}.stage" for path in ROOT.glob("components/*/stage.py")}
    assert set(stages) == every - {"components.continue_as_new.stage"}  # which submits runs on a cluster
    assert pid != os.getpid() and "GIVEN" not in os.environ
    assert not list(Path(tempfile.gettempdir()).glob(f"{FOLDER.format(pid)}*"))


@pytest.mark.parametrize(
    "body, code",
    [
        ("raise ValueError('broken')", 1),
        ("import sys; sys.exit(143)", 143),
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
    ],
)
def test_how_a_step_ended_is_known_and_the_next_is_as_the_first(body, code, tmp_path):
    assert run(tmp_path, body) == code
    assert run(tmp_path, "pass") == 0


def test_steps_are_at_work_at_the_same_time(tmp_path):
    """Each ends only when it has seen the other."""
    body = """
        import pathlib, time
        pathlib.Path(to, "{own}").touch()
        while not pathlib.Path(to, "{other}").exists():
            time.sleep(0.01)
    """
    codes = {}

    def start(own, other):
        codes[own] = run(tmp_path, body.format(own=own, other=other), number=own)

    threads = [threading.Thread(target=start, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {1: 0, 2: 0}


def test_how_each_of_many_short_steps_ended_is_known(tmp_path):
    """Python tells it once; a thread that starts a step must not take it from the one whose step has just ended."""
    codes = []

    def start(thread):
        codes.extend(run(tmp_path, f"import sys; sys.exit({i % 3})", number=thread) - i % 3 for i in range(30))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 120


def kill_server():
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)


def test_where_the_process_that_steps_are_forked_from_dies_its_step_ends_too_and_the_next_is_as_ever(tmp_path):
    body = f"""
        import os, pathlib, time
        pathlib.Path({str(tmp_path)!r}, "pid").write_text(str(os.getpid()))
        time.sleep(600)
    """
    codes = []
    thread = threading.Thread(target=lambda: codes.append(run(tmp_path, body)))
    thread.start()
    while not (tmp_path / "pid").exists() or not (pid := (tmp_path / "pid").read_text()):
        time.sleep(0.02)
    kill_server()
    thread.join()
    assert codes == [NOT_STARTED]
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
    assert run(tmp_path, "pass") == 0


def test_a_step_that_waits_for_imports_whose_process_dies_is_not_started(tmp_path):
    kill_server()
    begin_imports()
    threading.Timer(0.5, kill_server).start()
    assert run(tmp_path, "pass") == NOT_STARTED
    assert any(run(tmp_path, "pass") == 0 for _ in range(3))  # at first the dead one may seem to live


def test_what_is_imported_beforehand_computes_nothing():
    """TensorFlow takes other threads only as long as nothing has run; forks would lack the threads that had."""
    check = "import pipelines.preloaded, tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(2)"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0
    used = check.replace("; tf.config", "; tf.zeros(1) + 1; tf.config")
    assert subprocess.run([sys.executable, "-c", used], cwd=ROOT, check=False, stderr=subprocess.PIPE).returncode == 1


def test_the_runners_own_way_comes_back_and_serves_systems_without_forks(monkeypatch):
    own = subprocess_task_handler.run_local_subprocess
    with forked_steps.forked_steps():
        assert subprocess_task_handler.run_local_subprocess is not own
    assert subprocess_task_handler.run_local_subprocess is own
    monkeypatch.setattr(forked_steps, "AVAILABLE", False)
    with forked_steps.forked_steps():
        assert subprocess_task_handler.run_local_subprocess is own


@pytest.mark.parametrize(
    "command", [["python3", "-m", "kfp.dsl.executor_main"], ["sh", "-c", "run another", "program", "--argument"]]
)
def test_another_command_than_the_executors_is_told(command):
    with (
        forked_steps.forked_steps(),
        pytest.raises(ChangedRunner, match="kfp.local starts a step by another command"),
    ):
        subprocess_task_handler.run_local_subprocess(command)


def test_a_changed_runner_is_told(monkeypatch):
    monkeypatch.setattr(subprocess_task_handler, "run_local_subprocess", lambda full_command: 0)
    with (
        pytest.raises(ChangedRunner, match=r"no run_local_subprocess\(full_command, env_vars\) any more"),
        forked_steps.forked_steps(),
    ):
        pass


def test_a_folder_for_temporary_files_may_have_a_long_name(tmp_path):
    """The name of a socket may not."""
    long = tmp_path / ("long-" * 20)
    long.mkdir()
    script = """
        import tempfile
        from pipelines.step_process import begin_imports, run_in_fork
        if __name__ == "__main__":
            begin_imports()
            program = "def step():\\n    import tempfile; open(tempfile.gettempdir() + '/told', 'w')"
            given = '{"inputs": {}, "outputs": {"outputFile": "%s"}}' % (tempfile.gettempdir() + "/outputs.json")
            assert run_in_fork(program, ["--executor_input", given, "--function_to_execute", "step"], {}) == 0
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(long)}, check=True)
    assert (long / "told").exists()


def test_the_process_that_steps_are_forked_from_ends_with_the_runner(tmp_path):
    """Killed, it can tell nobody."""
    script = f"""
        import os, time
        from pipelines.step_process import begin_imports
        begin_imports()
        from multiprocessing import forkserver
        open({str(tmp_path / "pid")!r}, "w").write(str(forkserver._forkserver._forkserver_pid))
        time.sleep(600)
    """
    runner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT)
    try:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert runner.poll() is None
            time.sleep(0.02)
    finally:
        runner.kill()
        runner.wait()
    pid = int((tmp_path / "pid").read_text())
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]:
        time.sleep(0.02)  # the suite's own time limit ends a wait that never ends


def test_a_step_that_dies_at_once_is_started_three_times(tmp_path):
    """As where the system's memory killer ends it: it can't say why, and has written nothing."""
    search = tmp_path / "search"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "tests" / "faults" / "deadly"),
        "DEADLY_CALL": "components.data_split.stage:prepare_search",
        "DEADLY_SIGNAL": str(int(signal.SIGKILL)),
    }
    command = [str(Path(sys.executable).with_name("archloom")), "run", str(TINY), "--search-dir", str(search)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == FAILED and "The run's process ended with exit code 1." in done.stdout
    said = (search / "logs" / "run.log").read_text(encoding="utf-8")
    assert said.count("A step died without a word") == 2 and said.count("Running pipeline") == 3
