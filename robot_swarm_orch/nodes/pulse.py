# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The beat of a process: one periodic step, and at most one topic whose words cannot wait for it.

An executor looks at each of its entities at every wake-up, in Python; for a coordinator, which
wakes up some hundred times a second, that costs more than consensus itself. A pulse waits in rcl
for the one subscription or for the next step, and for nothing else.
"""

import time
from typing import Callable, Optional

from rclpy.context import Context
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from robot_swarm_orch.nodes.endpoints import Inbox


class Pulse:
    """
    Calls `step()` every `period_s`, and `hear()` as soon as `inbox` has something new.

    Steps follow a fixed grid, as those of a ROS timer do: one that comes late does not shift the
    next, and those that a stall left out are left out.
    """

    def __init__(self, context: Context, period_s: float, step: Callable[[], None],
                 inbox: Optional[Inbox] = None, hear: Optional[Callable[[], None]] = None):
        """Make the first step due now."""
        self._period_s, self._step, self._hear = period_s, step, hear
        self._due_s = time.monotonic()
        self._wait_set = None
        if inbox is not None:
            self._inbox = inbox
            self._wait_set = _rclpy.WaitSet(1, 0, 0, 0, 0, 0, context.handle)

    def beat(self) -> None:
        """Wait for the next thing to do, and do it."""
        left_s = self._due_s - time.monotonic()
        if left_s > 0.0:
            if self._wait_set is None:
                time.sleep(left_s)
            elif self._heard(left_s):
                self._hear()
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._step()
            self._due_s += self._period_s * (1 + (now_s - self._due_s) // self._period_s)

    def _heard(self, wait_s: float) -> bool:
        """Wait for a word, no longer than `wait_s`; return whether there is one."""
        wait_set = self._wait_set
        wait_set.clear_entities()
        wait_set.add_subscription(self._inbox.handle)
        wait_set.wait(int(wait_s * 1e9))
        return bool(wait_set.get_ready_entities('subscription'))
