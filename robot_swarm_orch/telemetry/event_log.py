# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Log lines of events, one JSON object each, or as text like ROS's own.

`event` only puts a tuple into a queue. A thread formats and writes what has gathered, so a full
pipe or a slow disk never holds a tick up. A limit of lines a second bounds what a fleet in trouble
can write; what is left out is counted, and said in a line.

Text is for people who watch a terminal: it has warnings and errors only. JSON has every event.
"""

from datetime import datetime, timezone
import json
import queue
import sys
from threading import Thread
import time

INFO, WARNING, ERROR = 'info', 'warning', 'error'
FORMATS = ('text', 'json')
FIELDS = ('trace_id', 'order_id', 'robot_id', 'command_id')
"""What every line has, empty where it means nothing."""

LINES_PER_S = 500
_GATHER_S = 0.1
_CLOSE_WAIT_S = 2.0
_WAITING_MAX = 10_000


class EventLog:
    """The event log of one node."""

    def __init__(self, node: str, log_format: str = 'text', stream=None,
                 lines_per_s: int = LINES_PER_S):
        """Write to a text stream, stderr unless another is given; no thread runs before a line."""
        self.dropped = 0
        self._node = node
        self.set_format(log_format)
        self._stream = stream
        self._limit = lines_per_s
        self._second, self._left = 0, lines_per_s
        self._queue = queue.SimpleQueue()
        self._thread = None

    def set_format(self, log_format: str) -> None:
        """Write text or json from now on; lines that wait are written in the new form."""
        self.wants_info = self._as_json = log_format == 'json'

    def event(self, event: str, level: str = INFO, **fields) -> None:
        """
        Note an event; values are texts and numbers.

        The fields of `FIELDS` come first in the line, others after them.
        """
        if level == INFO and not self.wants_info:
            return
        now_s = time.time()
        if int(now_s) != self._second:
            self._second, self._left = int(now_s), self._limit
        if self._left <= 0 or self._queue.qsize() >= _WAITING_MAX:
            self.dropped += 1
            return
        self._left -= 1
        self._queue.put((now_s, level, event, fields))
        if self._thread is None:
            self._thread = Thread(target=self._write, name='event log', daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what is left."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(_CLOSE_WAIT_S)
            self._thread = None

    def _write(self):
        """Write what comes until the log is closed; what comes in a burst is written at once."""
        told, ends = 0, False
        while not ends:
            batch = [self._queue.get()]
            if batch[0] is not None:
                time.sleep(_GATHER_S)
            while not self._queue.empty():
                batch.append(self._queue.get())
            ends = None in batch
            lines = [self._line(*item) for item in batch if item is not None]
            dropped = self.dropped
            if dropped > told:
                lines.append(self._line(time.time(), WARNING, 'lines_dropped',
                                        {'count': dropped - told}))
                told = dropped
            self._put(lines)

    def _put(self, lines):
        """Write lines in one go; a stream that is gone ends no process."""
        stream = self._stream or sys.stderr
        try:
            stream.write(''.join(lines))
            stream.flush()
        except (OSError, ValueError):
            self.dropped += len(lines)

    def _line(self, time_s, level, event, fields):
        """Return a line."""
        if not self._as_json:
            words = ' '.join(f'{name}={value}' for name, value in fields.items() if value != '')
            return f'[{level.upper()}] [{time_s:.9f}] [{self._node}]: {event} {words}\n'
        stamp = datetime.fromtimestamp(time_s, timezone.utc).isoformat(timespec='milliseconds')
        line = {'time': stamp.replace('+00:00', 'Z'), 'node': self._node, 'level': level,
                'event': event, **{name: fields.get(name, '') for name in FIELDS}}
        line.update(fields)
        return json.dumps(line, default=str, ensure_ascii=True) + '\n'
