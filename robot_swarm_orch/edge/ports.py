# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What goes into a robot's agent at each tick, and what comes out (`agent.py`)."""

from dataclasses import dataclass
from math import nan
from typing import Optional, Tuple

from robot_swarm_orch.bids import Bid, CallForBids
from robot_swarm_orch.types import (
    Ack, Command, EmergencyStop, FleetView, Grant, Lease, LoadReading, LoadRequest, Motion, Nodes,
    Odometry, Peer, Report, Safety, Scan, Sight)


@dataclass(frozen=True)
class Inputs:
    """
    What the world said: messages that are new since the last tick, sensors as last known.

    `now_s` is the steady clock, for leases and silence; `control_s` is ROS time, for sensor age.
    """

    now_s: float
    control_s: float
    odometry: Optional[Odometry] = None
    scan: Optional[Scan] = None
    sight: Optional[Sight] = None
    load: Optional[LoadReading] = None
    battery: float = nan
    grants: Tuple[Grant, ...] = ()
    leases: Tuple[Lease, ...] = ()
    commands: Tuple[Command, ...] = ()
    stops: Tuple[EmergencyStop, ...] = ()
    view: Optional[FleetView] = None
    call: Optional[CallForBids] = None
    active: bool = True
    manual: bool = False


@dataclass(frozen=True)
class Outputs:
    """What the robot does and says; None or empty: nothing this time."""

    motion: Motion
    report: Optional[Report] = None
    state: Optional[Peer] = None
    acks: Tuple[Ack, ...] = ()
    load_request: Optional[LoadRequest] = None
    safety: Optional[Safety] = None
    route: Nodes = ()
    bid: Optional[Bid] = None
