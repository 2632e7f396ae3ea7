# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`swarm bench traffic` from its options to its report: seeds, peers, pictures."""

from dataclasses import replace
import json
from typing import List

from robot_swarm_orch.bench.traffic import map_mapping, measure, TrafficBenchOptions
from robot_swarm_orch.bench.traffic_peers import check_peer, compare
from robot_swarm_orch.bench.traffic_plots import check_folder, keep_and_draw
from robot_swarm_orch.bench.traffic_report import over_seeds, report_lines
from robot_swarm_orch.sim.verify import shared_out
from robot_swarm_orch.site import load_site


def run_bench(options: TrafficBenchOptions, as_json: bool = False) -> int:
    """Measure and print; return 0 if the bounds held, else 1. Raises ConfigError, SiteError."""
    check_peer(options)
    if options.plot:
        check_folder(options.plot)
    say = None if as_json else print
    report, tracks = build_report(options, say)
    if options.plot:
        site = load_site(map_mapping(options.map))
        for path in keep_and_draw(options.plot, report, tracks, site):
            if say is not None:
                say(f'wrote {path}')
    print(json.dumps(report, indent=2) if as_json else '\n'.join(report_lines(report)))
    return 1 if report['broken'] else 0


def build_report(options: TrafficBenchOptions, say=None):
    """
    Drive all seeds; return (report as JSON can carry it, where robots of the first seed drove).

    `say` takes lines of progress.
    """
    jobs = jobs_of(options)
    if len(jobs) == 1:
        report, tracks = measure(jobs[0], say)
        return _beside_peers(report, jobs[0], say), tracks
    reports, first_tracks = [], None
    for job, (report, tracks) in zip(jobs, shared_out(measure, jobs, options.workers)):
        reports.append(report)
        first_tracks = first_tracks or tracks
        if say is not None:
            say(f'seed {job.seed}: ratio {report["ghost_ratio"]:.3f}, {report["contacts"]} '
                f'contacts, {report["wall_s"]:.0f} s of this machine')
    # Peers are timed when no other process of this bench runs.
    return over_seeds([_beside_peers(report, job, say)
                       for job, report in zip(jobs, reports)]), first_tracks


def jobs_of(options: TrafficBenchOptions) -> List[TrafficBenchOptions]:
    """Return the options of each seed; only the first keeps what is needed for its picture."""
    seeds = options.seeds or (options.seed,)
    return [replace(options, seed=seed, seeds=(), plot='' if number else options.plot)
            for number, seed in enumerate(seeds)]


def _beside_peers(report, options, say):
    """Return a report with what peers do, its verdict still the last entry."""
    if say is not None and options.peer:
        say(f'seed {options.seed}: PIBT drives the same goals')
    report = {**report, 'peers': compare(report, options)}
    report['broken'] = report.pop('broken')
    return report
