# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What keeps a robot from an order, with its words.

Each rule of allocation answers with a Bar, or None where it lets the robot pass. So people are
told of the very rules by which robots are chosen.
"""

from collections import Counter
from typing import NamedTuple

from robot_swarm_orch.orders import AT_WORK, CAN_TAKE, NO_ROBOT

_TEXT_MAX = 256  # of the reason in a status


class Bar(NamedTuple):
    """The words of a bar behind one robot, and behind a number of them."""

    one: str
    many: str


NOT_ENROLLED = Bar('is not enrolled', 'are not enrolled')
UNHEARD = Bar('was never heard', 'were never heard')
LOST = Bar('is lost', 'are lost')
WORKS = Bar(*AT_WORK)
AT_DEVICE = Bar('waits for its payload device', 'wait for their payload devices')
CARRIES = Bar('carries a load of no order', 'carry loads of no order')
DRAINED = Bar('is drained', 'are drained')
PAUSED = Bar('is paused', 'are paused')
SILENT = Bar('does not report', 'do not report')
STOPPED = Bar('is latched by an emergency stop', 'are latched by an emergency stop')
MANUAL = Bar('is driven by hand', 'are driven by hand')
JOINING = Bar('joins', 'join')
UNFIT = Bar('is not fit', 'are not fit')
JUST_ENDED = Bar('has just ended a command', 'have just ended a command')
CHARGES = Bar('charges', 'charge')
BATTERY = Bar('has not the battery for it', 'have not the battery for it')
NO_DEVICE = Bar('has no payload device that answers', 'have no payload device that answers')
TOO_HEAVY = Bar('cannot carry {mass} kg', 'cannot carry {mass} kg')
TOOLS = Bar('is without the tools for it ({tools})', 'are without the tools for it ({tools})')


def words(bars, lane) -> str:
    """
    Return who could take the orders of a Lane, in words.

    bars: for each robot that is asked for what keeps it from them (Bar), or None.
    """
    counts = Counter(bars)
    able = counts[None]
    if able:
        return f'{able} robot{"s" * (able > 1)}{CAN_TAKE}'
    if lane.robot:
        told = ', '.join(f'{lane.robot} {bar.one}' for bar in counts)
    else:
        told = ', '.join(f'{count} {bar.one if count == 1 else bar.many}'
                         for bar, count in counts.items())
    tools = ', '.join(lane.tools)
    return NO_ROBOT + (told.replace('{tools}', tools).replace(
        '{mass}', f'{lane.mass_kg:g}') or 'none is enrolled')


def with_words(reason, more) -> str:
    """Return the reason of an order with words on who could take it."""
    text = '; '.join(filter(None, (reason, more)))
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX - 3] + '...'
