"""Where the seconds of a step went, and why one failed."""

from components.records.results import Record


class StepTiming(Record, frozen=True, kw_only=True):
    """Where a step's seconds went.

    Fields:
        stage, at: which step, and the shard or round it worked on (may be empty).
        process_start_seconds: when its process started, since the epoch.
        start_seconds: seconds from there until the stage began (interpreter, Kubeflow's executor, imports).
        tensorflow_seconds: of the rest, importing TensorFlow; 0.0 where it was not needed.
        store_seconds: of the rest, reading and writing records.
        total_seconds: from the start of the process to the end of the stage.
        peak_bytes: most memory that the process held at once; of a fork, which a local run's steps are, with what it
            shares with the others and has touched.
    """

    stage: str
    at: str
    process_start_seconds: float
    start_seconds: float
    tensorflow_seconds: float
    store_seconds: float
    total_seconds: float
    peak_bytes: int


class Failure(Record, frozen=True, kw_only=True):
    """Why a step failed: stage, shard or round, the error in one line, and the file of its output."""

    stage: str
    at: str
    reason: str
    log: str
    finished_seconds: float

    @property
    def where(self) -> str:
        """The stage, and the shard or round if there is one: `data_split`, or `candidate_training (rounds/00001)`."""
        return f"{self.stage} ({self.at})" if self.at else self.stage
