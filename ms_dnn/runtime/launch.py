"""Several workers on one machine, or this machine's part of several: ``msrun``, watched until it ends.

``msrun`` itself ends the workers when one has failed, but then waits for its scheduler for as long as a node may be
silent, logs little, and kills on Ctrl-C. So it is watched here: Ctrl-C becomes a stop request to worker 0, which lets
all finish a step and saves; and when a worker was lost, the others are ended and one sentence names it.
"""

import contextlib
import ctypes
import math
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from ms_dnn.errors import WorkerError
from ms_dnn.runtime.distributed import TERMINAL

WORKERS = "workers"
_INTERRUPTED = 130
_HIGHEST_PORT = 65535
_POLL_SECONDS = 0.2
_SECONDS_TO_END = 30.0
_FAILED = re.compile(r"Worker process (\d+) exit with exception\. Error code: (-?\d+)")
_SENTENCE = re.compile(r"^ms-dnn: (.+)$", re.MULTILINE)

# What is not set by the user. A worker that waits for a lost one gives up after a minute, and the cluster forms in
# about a second; MindSpore would wait up to 5 s between two attempts.
_DEFAULTS = {"MS_CPU_COMM_OP_TIMEOUT": "60", "MS_RETRY_INTERVAL_LOWER": "0.2", "MS_RETRY_INTERVAL_UPPER": "0.5"}


@dataclass(frozen=True)
class Cluster:
    """Where the workers are.

    Attributes:
        workers: number of all workers.
        local: those on this machine.
        node: number of this machine; 0 has the scheduler and worker 0.
        address: of machine 0.
        port: a free one there; 0 chooses, which is for one machine only.
    """

    workers: int
    local: int
    node: int = 0
    address: str = "127.0.0.1"
    port: int = 0

    @staticmethod
    def of_environment(workers: int, environment: Mapping[str, str]) -> "Cluster":
        """Return the cluster of ``MASTER_ADDR``, ``MASTER_PORT``, ``NODE_RANK`` and ``LOCAL_WORKERS``.

        Raises:
            WorkerError: when they do not fit together.
        """
        values = {"LOCAL_WORKERS": workers, "NODE_RANK": 0, "MASTER_PORT": 0}
        for name in values:
            given = environment.get(name, str(values[name]))
            if not given.isdecimal():
                raise WorkerError(f"{name}: got '{given}', expected a whole number: correct it, or unset it")
            values[name] = int(given)
        if values["MASTER_PORT"] > _HIGHEST_PORT:
            raise WorkerError(
                f"MASTER_PORT: got {values['MASTER_PORT']}, expected at most {_HIGHEST_PORT}: choose a free port there"
            )
        cluster = Cluster(
            workers, values["LOCAL_WORKERS"], values["NODE_RANK"], environment.get("MASTER_ADDR", "127.0.0.1"),
            values["MASTER_PORT"],
        )  # fmt: skip
        if workers < 1 or cluster.local < 1 or workers % cluster.local:
            raise WorkerError(
                f"--workers: got {workers} with {cluster.local} on this machine (LOCAL_WORKERS), expected a multiple "
                "of that: every machine has as many"
            )
        if cluster.node >= workers // cluster.local:
            machines = workers // cluster.local
            raise WorkerError(
                f"NODE_RANK: got {cluster.node}, expected the number of this machine, counted from 0, of {machines}: "
                "correct it, or LOCAL_WORKERS, the workers on each machine"
            )
        if cluster.local < workers and not {"MASTER_ADDR", "MASTER_PORT", "NODE_RANK"} <= environment.keys():
            raise WorkerError(
                "workers on several machines: set MASTER_ADDR, MASTER_PORT and NODE_RANK (0 on the first) on each"
            )
        return cluster

    @property
    def log_name(self) -> str:
        """Name of the folder for the logs of this machine's workers, in the run folder."""
        return WORKERS if self.node == 0 else f"{WORKERS}-node-{self.node}"


@dataclass
class Job:
    """A running ``msrun`` and what is known of its workers.

    Attributes:
        local: number of workers on this machine.
        logs: folder with ``msrun.log``, ``scheduler.log`` and ``worker_0.log``, …
        ranks: of the workers, by process.
        interrupted: whether Ctrl-C or SIGTERM asked for the end, and when.
    """

    msrun: "subprocess.Popen[bytes]"
    local: int
    logs: Path
    ranks: dict[psutil.Process, int] = field(default_factory=dict)
    interrupted: float | None = None

    def find_workers(self) -> None:
        """Take note of the workers that ``msrun`` has started by now."""
        try:
            for process in psutil.Process(self.msrun.pid).children():
                environment = process.environ()
                # msrun shows the logs by a tail of each, which has the same environment.
                if environment.get("MS_ROLE") == "MS_WORKER" and process.name() != "tail":
                    self.ranks[process] = int(environment.get("RANK_ID", -1))
        except (psutil.Error, ProcessLookupError):
            return  # one has just ended; what it was started as is known, or asked again

    def first_done(self) -> bool:
        """Whether this machine's first worker, which the others let end first, has ended and ``msrun`` noted it."""
        first = min(self.ranks, key=self.ranks.__getitem__, default=None)
        return first is not None and len(self.ranks) == self.local and not first.is_running()

    def failure(self) -> tuple[int | None, int] | None:
        """Return rank and exit code of the worker that failed first, or None."""
        found = _FAILED.search((self.logs / "msrun.log").read_text(encoding="utf-8", errors="replace"))
        if found is None:
            return None
        ranks = {process.pid: rank for process, rank in self.ranks.items()}
        return ranks.get(int(found[1])), int(found[2])

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        """Pass the stop request on to this machine's first worker, which tells the others.

        A second request, or one before there are workers, ends all at once.
        """
        at_once = self.interrupted is not None or not self.ranks
        self.interrupted = -math.inf if at_once else time.monotonic()
        if not at_once:
            first = min(self.ranks, key=self.ranks.__getitem__)
            with contextlib.suppress(psutil.NoSuchProcess):
                first.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Kill what is left: the workers, which have sessions of their own, msrun and the scheduler."""
        self.find_workers()
        for process in self.ranks:
            if process.is_running():  # psutil knows a process from another that has its number now
                process.kill()
        if psutil.pid_exists(self.msrun.pid):
            os.killpg(self.msrun.pid, signal.SIGKILL)
        self.msrun.wait()
        psutil.wait_procs(list(self.ranks), timeout=_SECONDS_TO_END)


def check_system() -> None:
    """Raise :class:`WorkerError` where no workers can be started: ``msrun`` is for Linux, and /proc leads to them."""
    if platform.system() != "Linux" or not Path("/proc/self/fd").exists():
        raise WorkerError(
            f"workers: got {platform.system()}{' without /proc' * (platform.system() == 'Linux')}, expected Linux, "
            "where alone MindSpore's msrun starts them: train in one process with ms-dnn train"
        )


def launch(arguments: Sequence[str], run: Path, cluster: Cluster) -> int:
    """Run ``ms-dnn train`` with the given arguments on every worker of this machine, and return its exit code.

    The run's folder, there already or not, gets the logs.

    Raises:
        WorkerError: when a worker was lost or failed; its own message where it left one.
    """
    run.parent.mkdir(parents=True, exist_ok=True)
    logs = Path(tempfile.mkdtemp(prefix=f".{run.name}-{cluster.log_name}-", dir=run.parent))
    job = Job(_start(arguments, logs, cluster), cluster.local, logs)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, job.interrupt)
    try:
        failure = _watch(job)
        done = job.first_done()
    finally:
        job.end()
        job.logs = _keep_logs(logs, run, cluster)
    if job.interrupted is not None:
        return _INTERRUPTED
    if failure is None and done:
        return 0
    raise _explained(job, failure, run, cluster.workers)


def msrun_command(cluster: Cluster, logs: Path) -> list[str]:
    """Return the command that starts the workers of this machine, without what they are to run."""
    options = {
        "worker_num": cluster.workers,
        "local_worker_num": cluster.local,
        "node_rank": cluster.node,
        "master_addr": cluster.address,
        "master_port": cluster.port or _free_port(),
        "log_dir": logs,
        "join": True,
    }
    return [sys.executable, "-m", "mindspore.parallel.cluster.run", *(f"--{k}={v}" for k, v in options.items())]


def _start(arguments: Sequence[str], logs: Path, cluster: Cluster) -> "subprocess.Popen[bytes]":
    environment = {
        **_DEFAULTS,
        **os.environ,
        "GLOG_v": "3",  # what goes wrong is to be found in the logs
        # msrun starts the first python on PATH.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        TERMINAL: f"/proc/{os.getpid()}/fd/{sys.stdout.fileno()}",
    }
    with (logs / "msrun.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the arguments are the user's own
            [*msrun_command(cluster, logs), "python", "-m", "ms_dnn", "train", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )


def _end_with_parent() -> None:
    """Let the system interrupt this process, which then kills its workers, when its parent is no more (Linux)."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _watch(job: Job) -> tuple[int | None, int] | None:
    """Return when the first worker has ended well or ``msrun`` has, or a worker failed: then its rank and exit code."""
    while job.msrun.poll() is None:
        job.find_workers()
        failure = job.failure()
        if failure is not None:
            return failure
        if job.first_done():
            time.sleep(_POLL_SECONDS)  # for msrun to write that it failed
            break
        if job.interrupted is not None and time.monotonic() - job.interrupted > _SECONDS_TO_END:
            return None
        time.sleep(_POLL_SECONDS)
    return job.failure()


def _keep_logs(logs: Path, run: Path, cluster: Cluster) -> Path:
    """Move the logs into the run folder and return their place; where there is no run folder they stay."""
    if not run.is_dir():
        return logs
    place = run / cluster.log_name
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.move(logs, place))


def _explained(job: Job, failure: tuple[int | None, int] | None, run: Path, workers: int) -> WorkerError:
    """Return the error that a worker reported, or one that names the worker that was lost and what to do."""
    for log in sorted(job.logs.glob("worker_*.log")):
        sentence = _SENTENCE.search(log.read_text(encoding="utf-8", errors="replace"))
        if sentence is not None:
            reported = WorkerError(sentence[1])
            if failure is not None and failure[1] > 0:
                reported.exit_code = failure[1]  # as of one process: 1 where the training diverged
            return reported
    rank, code = failure if failure is not None else (None, job.msrun.returncode)
    who = "msrun" if failure is None else f"worker {'' if rank is None else f'{rank} '}of {workers}"
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
    hint = " (out of memory?)" if code == -signal.SIGKILL else ""
    log_name = "msrun.log" if rank is None else f"worker_{rank}.log"
    go_on = ""
    if (run / "checkpoint.json").exists():
        go_on = (
            f"; the last checkpoint is whole: go on with --resume {run} and any number of workers, or in one process "
            f"with ms-dnn train --resume {run}"
        )
    return WorkerError(f"{who} {how}{hint}, so all were ended: see {job.logs / log_name}{go_on}")
