# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What looking into a fleet costs: `python test/telemetry/observability_bench.py [ROBOTS [WINDOWS]]`.

Runs a demo, and in turns has every process observed (diagnostics once a second, an event as a JSON
line each, a scrape of its metrics every five seconds) and left alone, by the parameters that may
be set while a node runs. Both kinds of windows lie in one run, so what else keeps the machine busy
meets both alike. Prints the fleet's processor time in both, and the spread over pairs of windows.
"""

import json
from pathlib import Path
from statistics import median
import subprocess
import sys
import tempfile
import time
from urllib.request import Request, urlopen

import psutil
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.parameter import Parameter

BASE, DOMAIN, WINDOW_S, SCRAPE_S = 9700, 79, 10.0, 5.0
SETTLE_S, ANSWER_S = 40.0, 10.0


def scrape(target):
    """Fetch the metrics of one process, as Prometheus does."""
    request = Request(f'http://{target}/metrics', headers={'Accept-Encoding': 'gzip'})
    with urlopen(request, timeout=10.0) as answer:
        answer.read()


def fleet_of(demo, names):
    """Return {name: psutil.Process} of the demo's processes; each names its parameter file."""
    return {Path(word).stem: child for child in psutil.Process(demo.pid).children(recursive=True)
            for word in child.cmdline() if Path(word).stem in names and word.endswith('.yaml')}


def spent_s(fleet):
    """Return the processor time of the processes so far [s]."""
    return sum(sum(process.cpu_times()[:2]) for process in fleet.values())


class Switch:
    """Turns observation of all processes on and off."""

    def __init__(self, names):
        """Open a client for each process, on the demo's domain."""
        rclpy.init(domain_id=DOMAIN)
        self._node = rclpy.create_node('observability_bench')
        self._clients = {name: self._node.create_client(SetParameters, f'/{name}/set_parameters')
                         for name in names}

    def turn(self, on):
        """Set the parameters of every process; RuntimeError when one does not obey."""
        request = SetParameters.Request(parameters=[
            Parameter('log_format', value='json' if on else 'text').to_parameter_msg(),
            Parameter('diagnostics', value=on).to_parameter_msg()])
        calls = {}
        for name, client in self._clients.items():
            if not client.wait_for_service(ANSWER_S):
                raise RuntimeError(f'{name} has no parameter service')
            calls[name] = client.call_async(request)
        for name, call in calls.items():
            rclpy.spin_until_future_complete(self._node, call, timeout_sec=ANSWER_S)
            if not call.done() or not all(item.successful for item in call.result().results):
                raise RuntimeError(f'{name} did not take its parameters')


def window(fleet, targets, observed):
    """Return the cores that the fleet used in a window."""
    before_s, began_s = spent_s(fleet), time.monotonic()
    scrape_at_s = began_s if observed else began_s + WINDOW_S
    while (left_s := began_s + WINDOW_S - time.monotonic()) > 0.0:
        if time.monotonic() >= scrape_at_s:
            scrape_at_s += SCRAPE_S
            for target in targets.values():
                scrape(target)
        time.sleep(min(0.05, left_s))
    return (spent_s(fleet) - before_s) / (time.monotonic() - began_s)


def measure(demo, out, pairs):
    """Print what observation costs the processes of a running demo."""
    listed = json.loads((out / 'run' / 'prometheus_targets.json').read_text())
    targets = {one['labels']['process']: one['targets'][0] for one in listed}
    fleet = fleet_of(demo, targets)
    switch, cores = Switch(fleet), {False: [], True: []}
    for number in range(pairs):
        # Which comes first changes, so that a fleet that slows down or speeds up favours neither.
        for observed in ((False, True) if number % 2 else (True, False)):
            switch.turn(observed)
            cores[observed].append(window(fleet, targets, observed))
    off, on = sum(cores[False]) / pairs, sum(cores[True]) / pairs
    ratios = sorted(100.0 * (one / other - 1.0) for one, other in zip(cores[True], cores[False]))
    print(f'{len(fleet)} processes, {pairs} pairs of windows of {WINDOW_S:g} s: left alone '
          f'{off:.3f} cores, observed {on:.3f} cores: {100.0 * (on / off - 1.0):+.2f} %; pairs: '
          f'median {median(ratios):+.2f} %, {ratios[0]:+.2f} to {ratios[-1]:+.2f} %')
    lines = sum(text.count('"event"') for text in (
        path.read_text(errors='replace') for path in (out / 'run' / 'logs').iterdir()))
    print(f'{lines} JSON lines were written')


def main():
    """Run the demo and measure."""
    robots = sys.argv[1] if len(sys.argv) > 1 else '20'
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen([
            sys.executable, '-m', 'robot_swarm_orch.cli', 'demo', '--robots', robots, '--faults',
            'none', '--duration', f'{SETTLE_S + 2 * pairs * (WINDOW_S + 2.0) + 60.0:g}', '--out',
            folder, '--metrics-port', str(BASE), '--domain', str(DOMAIN)])
        try:
            time.sleep(SETTLE_S)
            measure(demo, Path(folder), pairs)
        finally:
            demo.terminate()
            demo.wait()


if __name__ == '__main__':
    main()
