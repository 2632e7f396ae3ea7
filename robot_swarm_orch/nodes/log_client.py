# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The event log of a running fleet, read page by page from whoever leads."""

from robot_swarm_orch.coordinator.chronicle import LINES_MAX
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.fleet_client import FleetClient

_STAMPED = 8  # of so many lines at least one says when it was


class FleetLog:
    """The leader's event log, as `cli.log` reads it."""

    def __init__(self, client: FleetClient, timeout_s: float):
        """Read through a client; each answer may take `timeout_s`."""
        self._client, self._timeout_s = client, timeout_s

    def now_ms(self) -> int:
        """Return the ROS time [ms]."""
        return self._client.now_ns() // 1_000_000

    def page(self, after: int, order_id: str = '', robot: str = '', limit: int = LINES_MAX):
        """Return (lines, next `after`)."""
        wire = self._client.wire
        answer = self._client.ask(topics.GET_LOG, topics.GET_LOG.message.Request(
            after=after, limit=limit, order_id=order_id, robot_id=robot), self._timeout_s)
        lines = [wire.hear(wire.read_log_line, line) for line in answer.lines]
        return [line for line in lines if line is not None], answer.next

    def index_at(self, time_ms: int) -> int:
        """Return an index before which nothing was proposed after a ROS time [ms]."""
        low, step = 0, 1
        while self._is_before(low + step, time_ms):
            low += step
            step *= 2
        high = low + step  # nothing behind it was proposed before the time
        while high - low > 1:
            middle = (low + high) // 2
            if self._is_before(middle, time_ms):
                low = middle
            else:
                high = middle
        return low

    def _is_before(self, after, time_ms):
        """Return whether the first line behind an index is older than a ROS time [ms]."""
        lines, _ = self.page(after, limit=_STAMPED)
        stamps = [line.time_s for line in lines if line.time_s]
        return bool(stamps) and 1000.0 * stamps[0] < time_ms
