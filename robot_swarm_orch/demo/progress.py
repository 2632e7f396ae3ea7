# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The live progress line: rewritten each second on a terminal, a line every 10 s elsewhere."""

import shutil
import time

OFF_TERMINAL_S = 10.0


class Progress:
    """Writes how a demo goes to a stream."""

    def __init__(self, stream, evidence):
        """Show the given evidence as it grows."""
        self._stream = stream
        self._evidence = evidence
        self._live = stream.isatty()
        self._shown_s = float('-inf')
        self._open_line = False
        self._begun_s = time.monotonic()

    def show(self, now_s: float) -> None:
        """Show the present state; off a terminal, not too often."""
        if not self._live and now_s - self._shown_s < OFF_TERMINAL_S:
            return
        self._shown_s = now_s
        line = self._line(now_s)
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write('\r' + line[:width].ljust(width))
            self._open_line = True
        else:
            self._stream.write(line + '\n')
        self._stream.flush()

    def tell(self, text: str) -> None:
        """Write an event on a line of its own."""
        start_s = self._evidence.start_s
        self.close()
        when = f'{time.monotonic() - start_s:6.1f} s  ' if start_s else ''
        self._stream.write(f'{when}{text}\n')
        self._stream.flush()

    def close(self) -> None:
        """End a line that is still being rewritten."""
        if self._open_line:
            self._stream.write('\n')
            self._open_line = False

    def _line(self, now_s: float) -> str:
        evidence, seen = self._evidence, self._evidence.observation
        robots = evidence.options.robots
        leader = f'leader {seen.leader} term {seen.term}' if seen.leader else 'no leader'
        if seen.lease_s is not None and now_s - seen.lease_s > 1.0:
            leader = f'no leader for {now_s - seen.lease_s:.0f} s'
        if not evidence.start_s:
            return (f'{now_s - self._begun_s:6.1f} s  starting: {robots - len(seen.missing())}/'
                    f'{robots} robots under way, {leader}')
        worst, late = seen.worst('decision_s'), seen.late_ticks()
        return (f'{now_s - evidence.start_s:6.1f}/{evidence.timeline.duration_s:.0f} s  '
                f'done {len(evidence.desk.done_s)}  moving {seen.moving()}/{robots}  {leader}  '
                + (f'worst decision {1000 * worst:.1f} ms' if worst else 'no decision yet')
                + (f'  late ticks {100 * late:.1f} %' if late is not None else ''))
