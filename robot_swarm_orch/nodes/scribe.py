# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The thread that keeps a coordinator's event log, beside the path of consensus.

The replica puts notes into a notebook, which takes microseconds; this thread writes them down a
few times a second, many at once, and answers who reads. While the disk refuses it says so and
tries again; what does not fit into the notebook meanwhile is a gap in the event log. Nothing here
ever holds the replica up.
"""

from collections import deque
from threading import Event, Thread
import time

from robot_swarm_orch.coordinator.chronicle_file import ChronicleRefused, NAME, set_aside
from robot_swarm_orch.coordinator.chronicle_writer import Bounds, ChronicleWriter
from robot_swarm_orch.coordinator.notes import Notebook

WRITE_PERIOD_S = 0.25
RETRY_S = 5.0
PRUNE_PERIOD_S = 10.0
_CLOSE_WAIT_S = 5.0
_QUESTIONS_MAX = 1000


class Scribe:
    """
    Keeps the event log in a coordinator's data_dir until it is closed.

    `notes` is for the replica. `trouble` says why the event log is not written, '' while it is.
    """

    def __init__(self, data_dir, bounds: Bounds = Bounds()):
        """Begin to write."""
        self.notes = Notebook()
        self.trouble = ''
        self._path, self._bounds = data_dir / NAME, bounds
        self._questions, self._answers = deque(), deque()
        self._wake, self._ends = Event(), False
        self._retry_s = self._prune_s = 0.0
        self._chronicle = None
        self._thread = Thread(target=self._run, name='event log of the fleet', daemon=True)
        self._thread.start()

    # For the thread of the replica

    def ask(self, question, done) -> bool:
        """
        Ask a question; its answer is told by `deliver`. False: too many wait already.

        question: called in the thread with a Chronicle that holds all that was noted before. done:
        called with what it returned, or with the ChronicleRefused that it raised.
        """
        if len(self._questions) >= _QUESTIONS_MAX:
            return False
        self._questions.append((question, done))
        self._wake.set()
        return True

    def deliver(self) -> None:
        """Tell the answers that have been found."""
        while self._answers:
            done, answer = self._answers.popleft()
            done(answer)

    def close(self) -> None:
        """Write what is left, and end."""
        self._ends = True
        self._wake.set()
        self._thread.join(_CLOSE_WAIT_S)

    # The thread

    def _run(self):
        while True:
            self._wake.wait(WRITE_PERIOD_S)
            self._wake.clear()
            ends = self._ends
            self._keep()
            while self._questions:
                question, done = self._questions.popleft()
                self._answers.append((done, self._answer(question)))
            if ends:
                self._shut()
                return

    def _keep(self):
        """Write what was noted, and remove what is old; notes stay if the disk refuses."""
        now_s = time.monotonic()
        if self.trouble and now_s < self._retry_s and not self._ends:
            return
        notes = self.notes.take()
        try:
            if self._chronicle is None:
                self._chronicle = ChronicleWriter(self._path, self._bounds)
            self._chronicle.write(notes)
            if now_s >= self._prune_s:
                self._prune_s = now_s if self._chronicle.prune() else now_s + PRUNE_PERIOD_S
            self.trouble = ''
        except ChronicleRefused as error:
            self.notes.give_back(notes)
            self._refused(now_s, error)
        except Exception as error:  # an entry that nobody can write must not stop the others
            self._refused(now_s, ChronicleRefused(f'a fault of the program: {error!r}'))

    def _refused(self, now_s, error):
        """Say so, and begin anew in a while."""
        self.trouble = f'the event log is not written: {error}'
        self._retry_s = now_s + RETRY_S
        self._shut()
        if error.is_damaged:
            try:
                set_aside(self._path)
            except ChronicleRefused as worse:
                self.trouble = f'the event log is not written: {worse}'

    def _answer(self, question):
        if self._chronicle is None:
            return ChronicleRefused(self.trouble or 'the event log is closed')
        try:
            return question(self._chronicle)
        except ChronicleRefused as error:
            return error
        except Exception as error:  # who asks about one thing must not end it for all
            return ChronicleRefused(f'a fault of the program: {error!r}')

    def _shut(self):
        chronicle, self._chronicle = self._chronicle, None
        if chronicle is not None:
            chronicle.close()
