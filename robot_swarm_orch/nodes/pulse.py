# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The beat of a process: one periodic step, and the few topics whose words cannot wait for it.

An executor looks at each of its entities at every wake-up, in Python; for a coordinator, which
wakes up some hundred times a second, that costs more than consensus itself. A pulse waits in rcl
for what it is told to hear or for the next step, and for nothing else.
"""

import time
from typing import Callable, Iterable, Optional

from rclpy.context import Context
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from robot_swarm_orch.nodes.endpoints import Caller, Desk, Inbox


class Bell:
    """Wakes ears from another thread."""

    def __init__(self, context: Context):
        """Make one for the ears of a context."""
        self.handle = _rclpy.GuardCondition(context.handle)

    def ring(self) -> None:
        """Let the ears wake up, now or as soon as they wait again."""
        self.handle.trigger_guard_condition()


class Ears:
    """Waits in rcl until one of some polled endpoints has something new."""

    def __init__(self, context: Context, inboxes: Iterable[Inbox], desks: Iterable[Desk] = (),
                 callers: Iterable[Caller] = (), bell: Optional[Bell] = None):
        """Listen to subscriptions, services, answers of other services, and a bell."""
        self._inboxes, self._desks = tuple(inboxes), tuple(desks)
        self._callers, self._bell = tuple(callers), bell
        self._wait_set = _rclpy.WaitSet(
            len(self._inboxes), int(bell is not None), 0, len(self._callers), len(self._desks), 0,
            context.handle)

    def wait(self, for_s: float) -> bool:
        """Wait for a word, no longer than `for_s`; return whether there is one."""
        wait_set = self._wait_set
        wait_set.clear_entities()
        for inbox in self._inboxes:
            wait_set.add_subscription(inbox.handle)
        for desk in self._desks:
            wait_set.add_service(desk.handle)
        for caller in self._callers:
            wait_set.add_client(caller.handle)
        if self._bell is not None:
            wait_set.add_guard_condition(self._bell.handle)
        wait_set.wait(int(for_s * 1e9))
        return bool(wait_set.get_ready_entities('subscription')
                    or self._desks and wait_set.get_ready_entities('service')
                    or self._callers and wait_set.get_ready_entities('client')
                    or self._bell and wait_set.get_ready_entities('guard_condition'))


class Pulse:
    """
    Calls `step()` every `period_s`, and `hear()` as soon as the ears have something new.

    Steps follow a fixed grid, as those of a ROS timer do: one that comes late does not shift the
    next, and those that a stall left out are left out. `ears()` is asked at every beat, since what
    must be heard at once may change, as `period_s` may. Whoever is late hears first: what came
    meanwhile may say that nothing is amiss but its own lateness.
    """

    def __init__(self, period_s: float, step: Callable[[], None],
                 ears: Optional[Callable[[], Ears]] = None,
                 hear: Optional[Callable[[], None]] = None):
        """Make the first step due now."""
        self.period_s, self._step, self._ears, self._hear = period_s, step, ears, hear
        self._due_s = time.monotonic()

    def beat(self) -> None:
        """Wait for the next thing to do, and do it."""
        left_s = max(0.0, self._due_s - time.monotonic())
        if self._ears is None:
            time.sleep(left_s)
        elif self._ears().wait(left_s):
            self._hear()
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._step()
            self._due_s += self.period_s * (1 + (now_s - self._due_s) // self.period_s)
