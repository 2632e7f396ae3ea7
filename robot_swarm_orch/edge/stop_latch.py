# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The emergency stop of one robot: it acts at once, and a restart does not undo it.

-   A stop latches in memory in the tick that hears it, and never waits for a disk.
-   What was heard is then made durable by whoever runs the agent, after the outputs of its tick
    were sent: `unsaved` says what to write into the journal, `saved` or `failed` what came of it.
    `keep` does all of that and waits for the disk; a program with more than one robot lets a
    thread wait (`nodes/latch_keeper.py`).
-   A robot that starts anew is latched if its journal says so, by whom it was.
-   A release counts when it is durable. Until then, and while the disk refuses, the robot stands.
    A program that dies in between is latched when it starts again.
-   The same act may be heard many times: operators repeat it, and DDS hands old acts to whoever
    starts later. A stop counts unless this very act was heard before: an operator whose clock was
    set back stops robots all the same. A release counts only if its number is higher than all
    that were heard from its source: it can be lost or late, but it never undoes a newer stop.
"""

from math import inf
from typing import Optional

from robot_swarm_orch.edge.journal import Journal, Latch
from robot_swarm_orch.edge.words import stopped_by
from robot_swarm_orch.errors import StorageError
from robot_swarm_orch.types import EmergencyStop

# Remembered are so many sources, and so many acts of each: as many as a topic keeps.
_SOURCES = 32
_ACTS = 16
# After a write that failed, the next one is tried after this long [s].
_TRY_AGAIN_S = 1.0


class StopLatch:
    """Whether an emergency stop holds a robot, and which acts on it were heard."""

    def __init__(self, kept: Optional[Latch] = None):
        """Go on from what the journal holds; None: it holds nothing about it."""
        kept = kept if kept is not None else Latch()
        self.by = kept.by       # who holds the robot; empty: nobody
        self.trouble = ''       # why the journal does not keep it; empty: it does
        self._wish = kept.by    # what the newest act asks for
        self._seen = {source: tuple(acts) for source, acts in kept.seen}
        self._is_saved, self._again_s = True, -inf

    def hear(self, stop: EmergencyStop) -> bool:
        """Take in an act; return whether it counts."""
        acts = self._seen.get(stop.source, ())
        if stop.seq in acts or not stop.active and stop.seq < max(acts, default=-1):
            return False
        acts += (stop.seq,)
        top = max(acts)  # stays, whatever else is forgotten
        self._seen.pop(stop.source, None)
        self._seen[stop.source] = (*[seq for seq in acts if seq != top][1 - _ACTS:], top)
        if len(self._seen) > _SOURCES:
            del self._seen[next(iter(self._seen))]
        self._wish, self._is_saved = stopped_by(stop) if stop.active else '', False
        if stop.active:
            self.by = self._wish
        return True

    def unsaved(self, now_s: float) -> Optional[Latch]:
        """Return what must be written into the journal now [steady s], None if nothing must."""
        if self._is_saved or now_s < self._again_s:
            return None
        return self._record()

    def saved(self, latch: Latch) -> None:
        """Take in that a record is durable; a release that it holds counts from now on."""
        self._is_saved, self._again_s, self.trouble = latch == self._record(), -inf, ''
        if not latch.by and not self._wish:
            self.by = ''

    def failed(self, error: Exception, now_s: float) -> None:
        """Take in that the journal refused: try again later; a robot that is held stays so."""
        self.trouble, self._again_s = str(error), now_s + _TRY_AGAIN_S

    def keep(self, journal: Journal, now_s: float) -> None:
        """Write what must be written now [steady s]."""
        latch = self.unsaved(now_s)
        if latch is None:
            return
        try:
            journal.write(latch)
        except StorageError as error:
            self.failed(error, now_s)
        else:
            self.saved(latch)

    def _record(self):
        """Return what the journal should hold."""
        return Latch(self._wish, tuple(self._seen.items()))
