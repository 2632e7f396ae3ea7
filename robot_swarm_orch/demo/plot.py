# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Draws a demo: orders and moving robots over time, and where the robots drove."""

from pathlib import Path
from typing import List

import numpy as np

from robot_swarm_orch.demo.evidence import Evidence
from robot_swarm_orch.demo.truth import Truth
from robot_swarm_orch.plotting import pyplot

INK, ACCENT, SECOND, FAINT = '#22303c', '#1f6fb2', '#d1792c', '#c9d3dc'


def draw(evidence: Evidence, truth: Truth, site, folder: Path) -> List[str]:
    """
    Write report.png and map.png into a folder and return their paths.

    Raises ImportError, saying what to install, where matplotlib is missing.
    """
    paths, plots = [], pyplot()
    for name, size, drawing in (('report.png', (9.0, 5.5), _timeline),
                                ('map.png', (9.6, 6.4), _map)):
        figure = plots.figure(figsize=size, dpi=110, layout='constrained')
        drawing(figure, evidence, truth, site)
        figure.savefig(folder / name)
        plots.close(figure)
        paths.append(str(folder / name))
    return paths


def _timeline(figure, evidence: Evidence, truth: Truth, site) -> None:
    """Draw orders and moving robots over time, faults marked."""
    upper, lower = figure.subplots(2, 1, sharex=True)
    start = evidence.start_s
    for label, times, color in (
            ('accepted', sorted(evidence.desk.accepted_s), FAINT),
            ('done', sorted(evidence.desk.done_s.values()), ACCENT)):
        upper.step([0.0] + [t - start for t in times], range(len(times) + 1), where='post',
                   color=color, label=label, linewidth=1.8)
    upper.set_ylabel('orders')
    upper.legend(loc='upper left', frameon=False)
    counts = [(t - start, count) for t, count in truth.moving_counts() if t >= start]
    lower.plot([t for t, _ in counts], [count for _, count in counts], color=ACCENT,
               linewidth=1.2)
    lower.set_ylabel('robots moving')
    lower.set_xlabel('time [s]')
    lower.set_ylim(0, evidence.options.robots * 1.12)
    lower.set_xlim(0, evidence.end_s - start)
    for axes in (upper, lower):
        _mark(axes, evidence, start, named=axes is lower)
        axes.spines[['top', 'right']].set_visible(False)
    figure.suptitle(f'{evidence.options.robots} robots, seed {evidence.options.seed}',
                    color=INK, fontsize=11)


def _mark(axes, evidence: Evidence, start: float, named: bool) -> None:
    """Mark the steady state and the faults."""
    steady = evidence.timeline.steady
    if steady:
        axes.axvspan(*steady, color=FAINT, alpha=0.25, linewidth=0)
    for record in evidence.faults:
        begin = record.begun_s - start
        axes.axvspan(begin, (record.ended_s or evidence.end_s) - start, color=SECOND,
                     alpha=0.35, linewidth=0)
        if named:
            axes.text(begin, axes.get_ylim()[1], f' {record.fault.kind}', color=SECOND,
                      fontsize=8, va='top')


def _map(figure, evidence: Evidence, truth: Truth, site) -> None:
    """Draw racks, streets, the ways driven and the last positions."""
    axes = figure.subplots()
    from matplotlib.collections import LineCollection, PatchCollection
    from matplotlib.patches import Circle, Rectangle
    axes.add_collection(PatchCollection(
        [Rectangle((x0, y0), x1 - x0, y1 - y0) for x0, y0, x1, y1 in site.racks],
        facecolor=FAINT, edgecolor='none', alpha=0.6))
    streets = [(site.xy[a], site.xy[b]) for a in range(site.real_count)
               for b in site.successors[a]]
    axes.add_collection(LineCollection(streets, colors=FAINT, linewidths=0.5))
    if truth.positions:
        ways = np.asarray([xy for _, xy in truth.positions])
        axes.add_collection(LineCollection(
            list(ways.transpose(1, 0, 2)), colors=ACCENT, linewidths=0.8,
            alpha=min(0.6, 8.0 / len(ways[0]) + 0.07)))
        axes.add_collection(PatchCollection(
            [Circle(xy, site.footprint_radius_m) for xy in ways[-1]], facecolor=SECOND,
            edgecolor=INK, linewidths=0.4))
    x0, y0, x1, y1 = site.bounds
    axes.set_xlim(x0 - 1.0, x1 + 1.0)
    axes.set_ylim(y0 - 1.0, y1 + 1.0)
    axes.set_aspect('equal')
    axes.set_xlabel('x [m]')
    axes.set_ylabel('y [m]')
    axes.set_title(f'where {evidence.options.robots} robots drove in '
                   f'{evidence.end_s - evidence.start_s:.0f} s', color=INK, fontsize=11)
    axes.spines[['top', 'right']].set_visible(False)
