# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Why a robot stands, in one sentence: the chain of causes, from what robots and leader publish.

`explain` follows the first cause to whoever brings it about, and on from there:

    r017 stands: waiting for node 412 held by r031, which waits for node 410 held by r005, which is
    picking at storage_01_1_01

Robots that wait for each other in a circle are named as a ring. A sentence whose last cause needs
a person ends with what to do.
"""

from dataclasses import asdict, dataclass
from typing import Tuple

from robot_swarm_orch.insight.causes import Cause, cause_of
from robot_swarm_orch.insight.picture import Picture

# Longest chain that is told; a longer one is cut, and says so.
_LINKS_MAX = 12


@dataclass(frozen=True)
class Answer:
    """A sentence for people and its causes for programs; `unheard` names robots to listen to."""

    subject: str
    text: str
    causes: Tuple[Cause, ...]
    unheard: Tuple[str, ...] = ()

    def to_plain(self) -> dict:
        """Return the answer as values for JSON."""
        return {'subject': self.subject, 'text': self.text,
                'person_needed': any(cause.remedy for cause in self.causes),
                'causes': [{key: value for key, value in asdict(cause).items() if key != 'link'}
                           for cause in self.causes]}


def explain(picture: Picture, robot: str) -> Answer:
    """Return why a robot stands, or what it does."""
    causes, ring = chain(picture, robot)
    return Answer(robot, sentence(causes, ring), causes, unheard(picture, causes))


def chain(picture: Picture, robot: str) -> Tuple[Tuple[Cause, ...], Tuple[str, ...]]:
    """Return the causes from a robot on, and the robots of the ring that they end in, or ()."""
    causes, path = [], []
    while robot and len(causes) < _LINKS_MAX:
        if robot in path:
            return tuple(causes), tuple(path[path.index(robot):])
        path.append(robot)
        cause = cause_of(picture, robot)
        causes.append(cause)
        robot = cause.holder
    return tuple(causes), ()


def sentence(causes, ring=()) -> str:
    """Return the sentence that tells a chain of causes."""
    first = causes[0]
    words = f'{first.who} {first.text}'
    for cause in causes[1:]:
        words += f', which {cause.link or cause.text}'
    if ring:
        return (f'{words}, which closes a ring of {len(ring)} robots that wait for each other '
                f'({", ".join(ring)}); they look for other ways within seconds, so if it lasts, '
                f'switch one of them to manual and drive it out')
    if len(causes) == _LINKS_MAX and causes[-1].holder:
        words += ', and so on'
    remedy = causes[-1].remedy
    return f'{words}; {remedy}' if remedy else words


def unheard(picture, causes):
    """Return the robots of a chain whose limiter was not heard yet."""
    names = dict.fromkeys(name for cause in causes for name in (cause.who, cause.holder) if name)
    return tuple(name for name in names
                 if picture.is_known(name) and name not in picture.safeties)
