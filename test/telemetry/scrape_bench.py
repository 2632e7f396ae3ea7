# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a scrape costs: `python test/telemetry/scrape_bench.py [ROBOTS]`.

Runs a demo with metrics and JSON log lines, and in turns lets it alone for five seconds and
scrapes every process twelve times a second for five. Both kinds of windows lie in one run, so what
else keeps the machine busy meets both alike; the difference of processor time is the scrapes'.
"""

import json
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from urllib.request import Request, urlopen

import psutil

BASE, WINDOW_S, PER_S, WINDOWS = 9700, 5.0, 12, 12
SETTLE_S, USUAL_PERIOD_S = 30.0, 5.0


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
    """Return the processor time of each process so far [s]."""
    return {name: sum(process.cpu_times()[:2]) for name, process in fleet.items()}


def window(fleet, targets, scrapes):
    """Return (processor time by process, seconds) of one window."""
    before, began_s = spent_s(fleet), time.monotonic()
    for number in range(scrapes):
        for name in fleet:
            scrape(targets[name])
        time.sleep(max(0.0, began_s + (number + 1) / PER_S - time.monotonic()))
    time.sleep(max(0.0, began_s + WINDOW_S - time.monotonic()))
    after = spent_s(fleet)
    return {name: after[name] - before[name] for name in fleet}, time.monotonic() - began_s


def measure(demo, out):
    """Print what scrapes cost the processes of a running demo."""
    listed = json.loads((out / 'run' / 'prometheus_targets.json').read_text())
    targets = {one['labels']['process']: one['targets'][0] for one in listed}
    fleet = fleet_of(demo, targets)
    quiet, busy = dict.fromkeys(fleet, 0.0), dict.fromkeys(fleet, 0.0)
    seconds, count = [0.0, 0.0], PER_S * int(WINDOW_S)
    for number in range(WINDOWS):
        spent, lasted_s = window(fleet, targets, count if number % 2 else 0)
        seconds[number % 2] += lasted_s
        for name, cpu_s in spent.items():
            (busy if number % 2 else quiet)[name] += cpu_s
    scrapes, whole = count * WINDOWS // 2, 0.0
    for name in sorted(fleet):
        more_s = (busy[name] - quiet[name] * seconds[1] / seconds[0]) / scrapes
        whole += more_s
        print(f'{name}: {quiet[name] / seconds[0]:.3f} core, {1e3 * more_s:.2f} ms a scrape')
    cores = sum(quiet.values()) / seconds[0]
    print(f'all: {cores:.3f} core; a scrape every {USUAL_PERIOD_S:g} s is '
          f'{100.0 * whole / USUAL_PERIOD_S / cores:.2f} % of that')


def main():
    """Run the demo and measure."""
    robots = sys.argv[1] if len(sys.argv) > 1 else '20'
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen([
            sys.executable, '-m', 'robot_swarm_orch.cli', 'demo', '--robots', robots, '--faults',
            'none', '--duration', f'{SETTLE_S + WINDOWS * WINDOW_S + 60.0:g}', '--out', folder,
            '--metrics-port', str(BASE), '--log-format', 'json'])
        try:
            time.sleep(SETTLE_S)
            measure(demo, Path(folder))
        finally:
            demo.terminate()
            demo.wait()


if __name__ == '__main__':
    main()
