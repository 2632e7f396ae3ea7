# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Runs a fleet's processes where there is no `ros2 launch`, and leaves none behind.

Each process leads a process group of its own, so that Ctrl-C reaches the supervisor alone, and is
tethered to it (`tether.py`), so that it ends even when the supervisor is killed. CPU time
and peak memory of every process, restarts included, are kept for the report.

The supervisor must be used from one thread: Linux ties a tethered process to the thread that
started it.
"""

from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Callable, Dict, Iterable, List, Optional

from robot_swarm_orch.bringup import PACKAGE, ProcessSpec, write_parameters
from robot_swarm_orch.errors import SwarmError

TETHER = str(Path(__file__).with_name('tether.py'))
SHARED_MEMORY = Path('/dev/shm')
SEGMENT_PREFIXES = ('fastrtps_', 'fastdds_', 'sem.fastrtps_', 'sem.fastdds_', 'fast_datasharing_')
_TICKS_PER_S = os.sysconf('SC_CLK_TCK')


class ProcessDied(SwarmError):
    """A process ended by itself; the message names it and shows the end of its log."""


@dataclass(frozen=True)
class Usage:
    """What a process has used so far, all of its restarts together."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    starts: int

    @property
    def cpu_share(self) -> float:
        """Return the mean number of cores used while it ran."""
        return self.cpu_s / self.wall_s if self.wall_s > 0 else 0.0


class _Child:
    """One process and its past: the process running now, and what its earlier starts used."""

    def __init__(self, spec: ProcessSpec, command: List[str], log_path: Path):
        """Remember how to start it."""
        self.spec = spec
        self.command = command
        self.log_path = log_path
        self.process: Optional[subprocess.Popen] = None
        self.expected = False  # whether it runs and should go on
        self.started_s = 0.0
        self.cpu_s = self.wall_s = 0.0
        self.peak_bytes = 0
        self.starts = 0

    def start(self, environment: Dict[str, str]) -> None:
        """Start it, its output appended to its log."""
        tether = [sys.executable, '-I', '-S', TETHER, str(os.getpid())]
        # -I keeps this package's own modules from hiding the standard library's, -S skips the
        # start-up hooks of the ROS wheels; the command itself runs with neither.
        environment = {**dict(self.spec.environment), **environment}
        if self.spec.domain is not None:
            environment['ROS_DOMAIN_ID'] = str(self.spec.domain)
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                tether + self.command, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.started_s = time.monotonic()
        self.starts += 1
        self.expected = True

    def signal(self, number: int) -> None:
        """Send a signal to its process group; nothing happens when it has ended."""
        if self.process is not None and self.process.returncode is None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass

    def sample(self) -> None:
        """Keep its peak memory: the kernel forgets it with the process."""
        if self.process is None or self.process.returncode is not None:
            return
        try:
            status = Path(f'/proc/{self.process.pid}/status').read_text(encoding='ascii')
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith('VmHWM:'):
                self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)

    def reap(self, block: bool = False) -> bool:
        """Collect it if it has ended, or wait for its end; return whether it has ended."""
        if self.process is None or self.process.returncode is not None:
            return True
        try:
            pid, status, used = os.wait4(self.process.pid, 0 if block else os.WNOHANG)
        except ChildProcessError:
            self.process.returncode = 0
            return True
        if pid == 0:
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s += used.ru_utime + used.ru_stime
        self.wall_s += time.monotonic() - self.started_s
        return True

    def usage(self) -> Usage:
        """Return what it has used, its running process included."""
        cpu_s, wall_s = self.cpu_s, self.wall_s
        if self.process is not None and self.process.returncode is None:
            cpu_s += _cpu_s(self.process.pid)
            wall_s += time.monotonic() - self.started_s
        return Usage(cpu_s, wall_s, self.peak_bytes, self.starts)

    def log_tail(self, lines: int = 12) -> str:
        """Return the end of its log."""
        try:
            text = self.log_path.read_text(encoding='utf-8', errors='replace')
        except OSError:
            return '(no log)'
        return '\n'.join(text.splitlines()[-lines:]) or '(empty log)'


class Supervisor:
    """
    Starts, watches, kills and stops the processes of a fleet.

    folder: where logs and parameter files go. environment: of every process.
    """

    def __init__(self, specs: Iterable[ProcessSpec], folder: Path, environment: Dict[str, str],
                 command: Optional[Callable[[ProcessSpec, str], List[str]]] = None):
        """
        Write the parameter files; start nothing yet.

        command(spec, parameter file): what runs a process, as a list; `module_command` if None.
        """
        self._command = command or module_command
        self._folder = Path(folder)
        self._environment = dict(environment)
        self._segments_before = segments()
        self._children: Dict[str, _Child] = {}
        for spec in specs:
            self.add(spec)

    def add(self, spec: ProcessSpec) -> None:
        """Take in one more process and write its parameter file; start it later, by its name."""
        logs = self._folder / 'logs'
        logs.mkdir(parents=True, exist_ok=True)
        parameter_file = write_parameters(spec, self._folder / 'params')
        log = logs / f'{spec.name}.log'
        log.unlink(missing_ok=True)
        self._children[spec.name] = _Child(spec, self._command(spec, parameter_file), log)

    @property
    def names(self) -> List[str]:
        """Return the names of all processes."""
        return list(self._children)

    def start(self, *names: str) -> None:
        """Start the named processes, or all of them."""
        for name in names or self._children:
            self._children[name].start(self._environment)

    def pid(self, name: str) -> int:
        """Return the process id of the latest start of a process."""
        return self._children[name].process.pid

    def kill(self, *names: str) -> float:
        """Send SIGKILL to processes, all at once; return when [s, steady clock]."""
        for name in names:
            self._children[name].sample()
            self._children[name].expected = False
        killed_s = time.monotonic()
        for name in names:
            self._children[name].signal(signal.SIGKILL)
        for name in names:
            self._children[name].reap(block=True)
        return killed_s

    def pause(self, *names: str) -> float:
        """Send SIGSTOP to processes; return when [s, steady clock]."""
        paused_s = time.monotonic()
        for name in names:
            self._children[name].signal(signal.SIGSTOP)
        return paused_s

    def resume(self, *names: str) -> float:
        """Send SIGCONT to processes; return when [s, steady clock]."""
        for name in names:
            self._children[name].signal(signal.SIGCONT)
        return time.monotonic()

    def ask_to_end(self, *names: str) -> float:
        """Send SIGTERM to processes and don't wait; return when [s, steady clock]."""
        for name in names:
            self._children[name].sample()
            self._children[name].expected = False
            self._children[name].signal(signal.SIGTERM)
        return time.monotonic()

    def ended_with(self, name: str) -> Optional[int]:
        """Return the exit status of the latest start of a process, None while it runs."""
        child = self._children[name]
        return child.process.returncode if child.process and child.reap() else None

    def check(self) -> None:
        """Raise ProcessDied when a process ended that nobody stopped."""
        for name, child in self._children.items():
            if child.expected and child.reap():
                child.expected = False
                raise ProcessDied(
                    f'{name} ended with status {child.process.returncode}; the end of '
                    f'{child.log_path}:\n{child.log_tail()}')

    def sample(self) -> None:
        """Note the memory of all processes; call it about once a second."""
        for child in self._children.values():
            child.sample()

    def usage(self) -> Dict[str, Usage]:
        """Return what each process has used so far."""
        return {name: child.usage() for name, child in self._children.items()}

    def stop(self, patience_s: float = 6.0) -> List[str]:
        """
        Stop everything: SIGINT first, then SIGTERM, then SIGKILL, each after `patience_s`.

        Returns the names of the processes that only SIGKILL stopped.
        """
        self.sample()
        running = [child for child in self._children.values() if not child.reap()]
        for child in running:
            child.expected = False
            child.signal(signal.SIGCONT)  # a paused process could not obey
        for number, wait_s in ((signal.SIGINT, patience_s), (signal.SIGTERM, patience_s)):
            for child in running:
                child.signal(number)
            running = _still_running(running, wait_s)
        for child in running:
            child.signal(signal.SIGKILL)
            child.reap(block=True)
        return [child.spec.name for child in running]

    def segments_left(self) -> List[str]:
        """
        Return shared-memory segments that appeared since this supervisor was made.

        Those that somebody uses belong to others, who run ROS on this machine too.
        """
        left = segments() - self._segments_before
        return sorted(left - segments_in_use() if left else left)


def module_command(spec: ProcessSpec, parameter_file: str) -> List[str]:
    """Return the command that runs a process as a module of this package."""
    return [sys.executable, '-m', f'{PACKAGE}.nodes.{spec.executable}',
            *spec.arguments(parameter_file)]


def segments() -> set:
    """Return the names of Fast DDS's shared-memory segments on this machine."""
    if not SHARED_MEMORY.is_dir():
        return set()
    return {path.name for path in SHARED_MEMORY.iterdir()
            if path.name.startswith(SEGMENT_PREFIXES)}


def segments_in_use() -> set:
    """Return the names of shared-memory segments, with their locks, that a process has mapped."""
    names = set()
    for maps in Path('/proc').glob('[0-9]*/maps'):
        try:
            lines = maps.read_text(encoding='utf-8', errors='replace').splitlines()
        except OSError:
            continue
        prefix = f'{SHARED_MEMORY}/'
        names.update(line.partition(prefix)[2] for line in lines if prefix in line)
    return names | {other for name in names for other in (f'{name}_el', f'sem.{name}_mutex')}


def stolen_ratio(before, after) -> Optional[float]:
    """
    Return the share of the cores' time that the host of a virtual machine gave to others.

    before, after: psutil.cpu_times(). None where the system does not tell.
    """
    if not hasattr(after, 'steal'):
        return None
    passed = sum(after[:8]) - sum(before[:8])  # those after the eighth count twice
    return (after.steal - before.steal) / passed if passed > 0.0 else None


def own_usage(since_s: float, cpu_before_s: float) -> Usage:
    """Return what this process used since a time [s, steady clock], given its CPU time then."""
    peak = 0
    for line in Path('/proc/self/status').read_text(encoding='ascii').splitlines():
        if line.startswith('VmHWM:'):
            peak = int(line.split()[1]) * 1024
    return Usage(time.process_time() - cpu_before_s, time.monotonic() - since_s, peak, 1)


def _still_running(children: List[_Child], wait_s: float) -> List[_Child]:
    """Wait until all children have ended or the time is over; return those still running."""
    until_s = time.monotonic() + wait_s
    while True:
        children = [child for child in children if not child.reap()]
        if not children or time.monotonic() >= until_s:
            return children
        time.sleep(0.02)


def _cpu_s(pid: int) -> float:
    """Return the CPU time of a running process [s]; 0 when it has just ended."""
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as stat:
            fields = stat.read().rpartition(')')[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
