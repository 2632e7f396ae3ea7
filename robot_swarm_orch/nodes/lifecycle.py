# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What all nodes of this package share: start, lifecycle, health, and an end without a traceback.

A process has one lifecycle node, the host. Its constructor declares and checks parameters, so a
wrong one ends the process with one line and exit code 2. Configure builds, activate lets robots
move, deactivate and error stop them safely, cleanup takes everything down.
"""

import contextlib
from dataclasses import replace
import gc
import os
from pathlib import Path
import resource
import signal
import sys
import time
import traceback

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import SetParametersResult
import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import (
    ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor)
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.errors import ConfigError, StorageError
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.endpoints import Endpoints, Traffic
from robot_swarm_orch.nodes.params import (
    check_files, check_given, check_ids, declare, HostParams, LIVE_PARAMETERS)
from robot_swarm_orch.nodes.refusals import Troubles
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.site import load_site
from robot_swarm_orch.telemetry.event_log import EventLog
from robot_swarm_orch.telemetry.exporter import Collector, Exporter
from robot_swarm_orch.telemetry.health import HealthParams, judge_process, Window, worst

SUCCESS = TransitionCallbackReturn.SUCCESS
EXIT_CONFIG, EXIT_STORAGE, EXIT_FAILED = 2, 3, 4
HEALTH_PERIOD_S = 1.0
# A node with a pulse serves its parameters and lifecycle this often [s].
HOST_PERIOD_S = 0.05
# A node that is asked to end may hand over what others wait for, no longer than this [s].
PARTING_S = 0.5
# Signals to end that come within this time after the first one are the same wish [s].
SECOND_SIGNAL_S = 1.0
_LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)


class Host(LifecycleNode):
    """
    The one lifecycle node of a process.

    A subclass gives `build` (make endpoints, and a timer or a `pulse`), `dismantle` (take them
    down). It may give `stop_safely` (called by deactivate and error) and what is to be said of it:
    `health`, `troubles`, `samples`, `robot_statuses`, `words`. The flag `active` says whether the
    robots may move.
    """

    def __init__(self, name: str, map_frame: str = 'map'):
        """Declare what all nodes need and load the site; raises ConfigError."""
        super().__init__(name)
        self.shared = declare(self, HostParams)
        self.limits = declare(self, HealthParams)
        site_file = self.shared.site_file or default_site_file()
        self.site = load_site(site_file)
        self.site_id = self.shared.site_id or self.site.name
        check_ids(self.site_id)
        self.active = False
        self.failure = None
        self.metrics = Metrics()
        self.traffic = Traffic()
        self.wire = Wire(self.site_id, self.site.node_count, map_frame)
        self.endpoints = Endpoints(self, self.site_id, self.traffic)
        self.steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.pulse = None
        self._troubles = Troubles(self.wire)
        self.event_log = EventLog(self.get_fully_qualified_name().lstrip('/'),
                                  self.shared.log_format)
        self._window = Window()
        self._exporter = None
        self._health = None
        self._started_s = time.monotonic()
        self.add_on_set_parameters_callback(self._change)

    # -- what subclasses give -------------------------------------------------------------------

    def build(self) -> None:
        """Make endpoints, cores and timers; may raise SwarmError."""
        raise NotImplementedError

    def dismantle(self) -> None:
        """Take down what `build` made, beyond the endpoints."""

    def stop_safely(self) -> None:
        """Bring everything that moves to rest."""

    def part(self) -> bool:
        """Do what others wait for before the end; asked until True, for 0.5 s at most."""
        return True

    def health(self):
        """Return (level, word): 0 and a word when all is well, 1 to warn, 2 for an error."""
        return 0, 'active' if self.active else 'inactive'

    def troubles(self) -> list:
        """Return (level, sentence) of all that is wrong around this process and needs a person."""
        return []

    def samples(self):
        """Return (metric, label values, value) kept beside `metrics`; a scraper's thread asks."""
        return ()

    def robot_statuses(self) -> list:
        """Return a DiagnosticStatus for each robot of this process."""
        return []

    def words(self) -> dict:
        """Return more to say on /diagnostics: texts by their key."""
        return {}

    # -- transitions ----------------------------------------------------------------------------

    def on_configure(self, state) -> TransitionCallbackReturn:
        """Build; a failure leaves the node unconfigured, with its reason in the log."""
        try:
            self._open_endpoint()
            self.build()
        except Exception as error:
            self.failure = error
            if not self.shared.autostart:
                self.get_logger().fatal(f'cannot configure: {error}')
            self._take_down()
            return TransitionCallbackReturn.FAILURE
        if self._health is None:
            self._health = self.endpoints_of_host().outlet(self, topics.DIAGNOSTICS)
            self.create_timer(HEALTH_PERIOD_S, self.tell_health, clock=self.steady)
        self.traffic.settled = True
        # Collections that search everything take longer than a control or consensus tick.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)
        return SUCCESS

    def _open_endpoint(self) -> None:
        """Serve metrics from now on, if a port is given; raises ConfigError."""
        if self.shared.metrics_port and self._exporter is None:
            self._exporter = Exporter(
                Collector(self.metrics, self.site_id, self.samples), self.shared.metrics_port,
                self.shared.metrics_address)

    def close_telemetry(self) -> None:
        """Write the last log lines and serve metrics no longer."""
        self.event_log.close()
        if self._exporter is not None:
            self._exporter.close()
            self._exporter = None

    def endpoints_of_host(self) -> Endpoints:
        """Return the maker of endpoints that outlive a cleanup."""
        return Endpoints(self, self.site_id, self.traffic)

    def on_activate(self, state) -> TransitionCallbackReturn:
        """Let robots move."""
        self.active = True
        return SUCCESS

    def on_deactivate(self, state) -> TransitionCallbackReturn:
        """Stop safely, and stay at rest."""
        self.active = False
        self.stop_safely()
        return SUCCESS

    def on_cleanup(self, state) -> TransitionCallbackReturn:
        """Take everything down."""
        self.active = False
        self.stop_safely()
        self._take_down()
        return SUCCESS

    def on_shutdown(self, state) -> TransitionCallbackReturn:
        """Stop safely and take everything down."""
        return self.on_cleanup(state)

    def on_error(self, state) -> TransitionCallbackReturn:
        """Stop safely; the node may be configured again."""
        return self.on_cleanup(state)

    def _take_down(self):
        self.dismantle()
        self.endpoints.close()
        self.pulse = None

    # -- health ---------------------------------------------------------------------------------

    def gather(self) -> None:
        """Bring the metrics up to date; subclasses add theirs."""
        usage, metrics = resource.getrusage(resource.RUSAGE_SELF), self.metrics
        cpu_s, now_s = usage.ru_utime + usage.ru_stime, time.monotonic()
        self.traffic.tell(metrics)
        metrics.set('cpu_s', cpu_s)
        metrics.set('wall_s', now_s - self._started_s)
        metrics.set('memory_peak_bytes', usage.ru_maxrss * 1024)
        metrics.set('log_lines_dropped', self.event_log.dropped)
        self._window.add(now_s, cpu_s, metrics.counters)
        metrics.set('cpu_utilization', self._window.cpu_cores)
        for reason, number in self.wire.counters.refused.items():
            self.metrics.set(f'refused.{reason}', number)

    def _judged(self):
        """Return level and word of the health, with troubles; what is new is logged too."""
        level, word = worst([self.health(), *judge_process(self._window, self.limits)])
        grave, current, news = self._troubles.look(time.monotonic(), self.troubles())
        for text in news:
            self.get_logger().warning(text)
        return max(level, grave), '; '.join([word, *current])

    def _change(self, changes) -> SetParametersResult:
        """Take new values of the parameters that may change while the node runs, all or none."""
        values = {item.name: item.value for item in changes if item.name in LIVE_PARAMETERS}
        try:
            self.shared = replace(self.shared, **values)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.event_log.set_format(self.shared.log_format)
        return SetParametersResult(successful=True)

    def tell_health(self) -> None:
        """Publish one diagnostic status for this process."""
        if not self.shared.diagnostics:
            return
        self.gather()
        level, word = self._judged()
        counters = self.metrics.counters
        values = {'metrics': self.metrics.to_json(), 'pid': str(os.getpid()),
                  'cpu_share': f"{counters['cpu_s'] / max(counters['wall_s'], 1e-3):.3f}",
                  'memory_peak_mib': f"{counters['memory_peak_bytes'] / 2 ** 20:.1f}",
                  'endpoints': str(self.traffic.endpoints), **self.words()}
        for name, histogram in self.metrics.histograms.items():
            p99 = histogram.quantile(0.99)
            if p99 is not None:
                values[f'{name}.p99'] = f'{p99:.6f}'
        status = DiagnosticStatus(
            level=_LEVELS[level], name=self.get_fully_qualified_name(), message=word,
            hardware_id=self.site_id,
            values=[KeyValue(key=key, value=value) for key, value in values.items()])
        msg = DiagnosticArray(status=[status, *self.robot_statuses()])
        msg.header.stamp = self.get_clock().now().to_msg()
        self._health.send(msg)


class _Stop:
    """
    Set by SIGINT and SIGTERM; a second signal has the system's usual effect.

    A terminal and `ros2 launch` may both pass one Ctrl-C on: the second must come a while later.
    """

    def __init__(self):
        self.asked = False
        self._asked_s = 0.0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number, frame):
        now_s = time.monotonic()
        if not self.asked:
            self.asked, self._asked_s = True, now_s
        elif now_s - self._asked_s > SECOND_SIGNAL_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def run(make, args=None) -> int:
    """
    Run the node that `make()` returns until SIGINT, SIGTERM or a failure; return an exit code.

    Errors that a person can mend are one line on stderr; only a fault of the program shows its
    traceback.
    """
    stop = _Stop()
    host = None
    try:
        _init(args)
        host = make()
        check_given(host, host.site_id)
        _spin(host, stop)
        return _end(host)
    except ConfigError as error:
        return _complain(host, f'configuration: {error}', EXIT_CONFIG)
    except (StorageError, OSError) as error:
        return _complain(host, f'storage: {error}', EXIT_STORAGE)
    except ExternalShutdownException:
        return 0
    except Exception:
        traceback.print_exc()
        return _complain(host, 'ended by a fault of the program, see above', EXIT_FAILED)
    finally:
        if host is not None:
            host.close_telemetry()
        rclpy.try_shutdown()


def _init(args) -> None:
    """Start rclpy; ConfigError for arguments or parameter files that ROS does not understand."""
    check_files(sys.argv if args is None else args)
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # the base of rclpy's own errors
        raise ConfigError(f'ROS refuses the arguments: {" ".join(str(error).split())}') from error


def step_back(nice: int) -> None:
    """
    Give `nice` to all threads of this process.

    It belongs to threads, and the middleware's began before the parameters were known.
    """
    for thread in map(int, os.listdir('/proc/self/task')):
        with contextlib.suppress(ProcessLookupError):  # it may have ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, nice)


def _spin(host, stop):
    """Serve callbacks until asked to stop."""
    executor = _executor(host)
    executor.add_node(host)
    if host.shared.autostart:
        for trigger in (host.trigger_configure, host.trigger_activate):
            if trigger() != SUCCESS:
                raise host.failure or ConfigError('the node could not be started, see above')
    if host.shared.nice:
        step_back(host.shared.nice)
    due_s = 0.0
    while not stop.asked:
        if host.pulse is None:
            executor.spin_once(timeout_sec=HOST_PERIOD_S)
            continue
        host.pulse.beat()
        now_s = time.monotonic()
        if now_s >= due_s:
            due_s = now_s + HOST_PERIOD_S
            executor.spin_once(timeout_sec=0.0)
    until_s = time.monotonic() + PARTING_S
    while not host.part() and time.monotonic() < until_s:
        host.pulse.beat()
    executor.remove_node(host)


def _executor(host):
    """Return the executor that the parameters ask for."""
    if host.shared.executor == 'multi':
        return MultiThreadedExecutor(context=host.context)
    if host.shared.executor == 'events':
        from rclpy.experimental import EventsExecutor
        return EventsExecutor(context=host.context)
    return SingleThreadedExecutor(context=host.context)


def _end(host) -> int:
    """Bring the robots to rest and take the node down."""
    host.trigger_shutdown()
    host.destroy_node()
    return 0


def _complain(host, text, code) -> int:
    """Say what is wrong, stop safely, and return the exit code."""
    program = Path(sys.argv[0]).stem.replace('__main__', 'swarm')  # a verb of the command line
    print(f'{program}: {text}', file=sys.stderr, flush=True)
    if host is not None:
        host.active = False
        host.stop_safely()
    return code
