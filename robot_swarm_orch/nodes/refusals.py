# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What is wrong around a process, said once in the log and shown in diagnostics while it goes on.

A sender that is wrong is mostly wrong a hundred times a second. So the first message of a kind is
said in full and all are counted (`refused.<Message>.<field>`); the process's health is WARN while
refusals go on. The same holds for troubles that a node finds itself. What was quiet for `QUIET_S`
is said again.
"""

import re
from typing import Dict, List, Tuple

from robot_swarm_orch.nodes.wire import Wire

# A trouble is over when it was not met for so long [s].
QUIET_S = 10.0
_FIGURES = re.compile(r'\b\d+(\.\d+)?')  # not the digits within a name such as r001


class Troubles:
    """What a process said lately about what is wrong."""

    def __init__(self, wire: Wire):
        """Watch the refusals of a wire."""
        self._wire = wire
        self._counts: Dict[str, int] = {}
        self._last_s: Dict[str, float] = {}

    def _is_new(self, key, now_s) -> bool:
        """Return whether something was quiet for a while, and note that it was met now."""
        last_s = self._last_s.get(key)
        self._last_s[key] = now_s
        return last_s is None or now_s - last_s > QUIET_S

    def look(self, now_s: float, own: List[Tuple[int, str]]):
        """
        Return (level, sentences that hold now, sentences to be logged).

        own: (level, sentence) of each trouble that the node itself has found; sentences that
        differ in figures only are the same trouble.
        """
        level, current, news = 0, [], []
        for grave, text in own:
            level = max(level, grave)
            current.append(text)
            if self._is_new(_FIGURES.sub('#', text), now_s):
                news.append(text)
        for kind, text in self._wire.refusals.items():
            count = self._wire.counters.refused.get(kind, 0)
            if count != self._counts.get(kind, 0):
                self._counts[kind] = count
                if self._is_new(kind, now_s):
                    news.append(f'refused, nothing of it was used: {text}. More of this kind are '
                                f'only counted, as refused.{kind}')
            if now_s - self._last_s.get(kind, -QUIET_S) < QUIET_S:
                level = max(level, 1)
                current.append(f'refused {count} times: {text}')
        return level, current, news
