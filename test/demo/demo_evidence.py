# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Evidence and ground truth of demos that never ran, for testing the verdict."""

import json

from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.demo.evidence import Evidence, FaultRecord
from robot_swarm_orch.demo.observation import Observation
from robot_swarm_orch.demo.options import DemoOptions
from robot_swarm_orch.demo.orders import OrderDesk
from robot_swarm_orch.demo.timeline import timeline
from robot_swarm_orch.demo.truth import read_truth
from robot_swarm_orch.metrics import Metrics
from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import (
    Lease, Mode, OrderState, OrderStatus, Pose, Reason, Report)

SITE = load_site(default_site_file())
ROBOTS = ('r001', 'r002')
START_S = 1000.0
DURATION_S = 600.0
BOUND_S = 3.0


def evidence(faults='default', duration_s=DURATION_S, robots_per_process=50):
    """Return the evidence of a run in which nothing was heard yet."""
    options = DemoOptions(robots=len(ROBOTS), duration_s=duration_s, faults=faults,
                          robots_per_process=robots_per_process)
    found = Evidence(
        options, timeline(duration_s, faults), Observation(SITE, ROBOTS),
        OrderDesk(OrderStream(SITE, 1, len(ROBOTS), backlog=4)), BOUND_S, START_S,
        START_S + duration_s)
    found.observation.hear_lease(START_S, Lease(1, 'c1', 1, 1.0, ()))
    found.observation.hear_metrics(START_S, 'edge', healthy())
    return found


def healthy():
    """Return the figures of a process in good health."""
    metrics = Metrics()
    metrics.count('ticks', 10_000)
    metrics.count('tick_overruns', 3)
    metrics.count('messages_sent', 1000)
    metrics.count('endpoints', 40)
    for _ in range(1000):
        metrics.observe('decision_s', 0.001)
        metrics.observe('route_s', 0.004)
        metrics.observe('commit_s', 0.003)
    return metrics


def handed_in(found, count=2):
    """Hand orders in and have them accepted; return their names."""
    found.desk.refill(START_S)
    names = [order.order_id for order in found.desk.due(START_S)][:count]
    for seq, name in enumerate(names):
        found.desk.hear(START_S + 1.0, OrderStatus(name, 't', 1, 10 + seq, OrderState.ACCEPTED))
    return names


def done(found, name, at_s):
    """Have the leader call an order done."""
    found.desk.hear(at_s, OrderStatus(name, 't', 1, 900, OrderState.DONE))


def truth(*happenings):
    """Return the ground truth of (seconds from the start, event, values)."""
    lines = [{'t': START_S - 5.0, 'event': 'start', 'robots': list(ROBOTS)}]
    lines += [{'t': START_S + t, 'event': event, **values} for t, event, values in happenings]
    lines.append({'t': START_S + 10_000.0, 'event': 'end', 'overlaps': 0})
    return read_truth(json.dumps(line) for line in lines)


def killed(found, index=0):
    """Note that a fault of the timeline was carried out; return when [s]."""
    fault = found.timeline.faults[index]
    record = FaultRecord(fault, ('coordinator_c1',), START_S + fault.at_s,
                         START_S + fault.until_s)
    found.faults.append(record)
    return record.begun_s


def report(robot, node=0, away_m=0.0, safety=Reason.NONE, seq=1, goal=5, held=None):
    """Return a report of a robot that stands `away_m` before a node that it holds."""
    x_m, y_m = SITE.xy[node]
    return Report(robot, 7, seq, Mode.AUTOMATIC, SITE.hash, (node,) if held is None else held, (),
                  Pose(float(x_m) - away_m, float(y_m), 0.0), goal=goal, safety=safety)
