# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Judges whether a history is linearizable.

It is, if each call could have happened at one instant while it was open. The search is that of
J. Wing and C. Gong, "Testing and Verifying Concurrent Objects", 1993, with the memory of G. Lowe,
"Testing for linearizability", 2017: a set of calls already placed, together with the state that
they lead to, is looked at once. Calls without an answer may have happened at any later time, or
never. A call that may happen now and leaves the state as it is happens now: whatever could follow
without it can follow it too. Otherwise calls that were never answered in an outage would make as
many histories as they have subsets.

Linearizability is local (M. Herlihy and J. Wing, 1990): a history over many orders is linearizable
if that of each order is. So histories stay short, and the search fast.

The object is one order as customers see it (`OrderModel`).
"""

from dataclasses import dataclass
from math import inf
from typing import Hashable, Iterable, Optional

from robot_swarm_orch.types import OrderState


@dataclass(frozen=True)
class Call:
    """
    One call and its answer.

    kind: 'submit' or 'ask'. state, version: what the answer says, None and 0 while there is none:
    the order's state, and the index of the log entry that brought it about.
    """

    kind: str
    key: str
    called_s: float
    answered_s: float = inf
    state: Optional[OrderState] = None
    version: int = 0


class OrderModel:
    """
    What one order may answer, called one at a time.

    The state is the version last seen: 0 while the order is unknown. An accepted order moves on by
    itself, so its version may grow between two calls, but it never goes back.
    """

    start = 0

    @staticmethod
    def after(version: int, call: Call) -> Optional[int]:
        """Return the state after a call, None if its answer is impossible in this state."""
        if call.state is None:
            # Nobody knows what came of it: a submission counts as accepted here, if it does.
            return max(version, 1) if call.kind == 'submit' else version
        if call.state == OrderState.REFUSED:
            return version
        if call.state == OrderState.UNKNOWN:
            return version if call.kind == 'ask' and version == 0 else None
        if call.version < version or call.kind == 'ask' and version == 0:
            return None
        return call.version


def is_linearizable(calls: Iterable[Call], model=OrderModel) -> bool:
    """Return whether the calls on one object could have happened one at a time."""
    ordered = sorted(calls, key=lambda call: (call.called_s, call.answered_s))
    answered = [i for i, call in enumerate(ordered) if call.answered_s < inf]
    if not answered:
        return True
    done_all = sum(1 << i for i in answered)
    seen = set()
    stack = [(0, model.start)]
    while stack:
        done, state = stack.pop()
        if done & done_all == done_all:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        stack += _followers(ordered, done, state, model)
    return False


def _followers(ordered, done: int, state: Hashable, model) -> list:
    """Return the (calls placed, state) that one more call leads to, the best guess last."""
    # No call may be placed before one that was answered before it began.
    deadline = min((call.answered_s for i, call in enumerate(ordered) if not done >> i & 1),
                   default=inf)
    result = []
    for i, call in enumerate(ordered):
        if call.called_s > deadline:
            break
        if not done >> i & 1:
            following = model.after(state, call)
            if following == state:
                return [(done | 1 << i, state)]
            if following is not None:
                result.append((done | 1 << i, following))
    # Who goes far ahead leaves others behind: the smallest step is tried first.
    return sorted(result, key=lambda step: step[1], reverse=True)


def order_violations(calls: Iterable[Call]) -> list:
    """Return what is wrong with a history over many orders, as text."""
    by_key, found = {}, []
    for call in calls:
        by_key.setdefault(call.key, []).append(call)
    for key, of_order in sorted(by_key.items()):
        if not is_linearizable(of_order):
            found.append(f'the calls about {key} are not linearizable: '
                         + '; '.join(map(_told, sorted(of_order, key=lambda c: c.called_s))))
        states = {}
        for call in of_order:
            if call.version and states.setdefault(call.version, call.state) != call.state:
                found.append(f'{key} is called {states[call.version].name} and {call.state.name} '
                             f'after the same entry {call.version}')
    return found


def _told(call) -> str:
    """Return a call for people."""
    answer = 'no answer' if call.state is None else (
        f'{call.state.name} ({call.version}) at {call.answered_s:.2f} s')
    return f'{call.kind} at {call.called_s:.2f} s: {answer}'
