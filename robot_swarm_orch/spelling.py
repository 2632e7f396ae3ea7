# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant who wrote a name that nobody knows."""

from bisect import bisect
from difflib import get_close_matches
from typing import Iterable

# Comparing two names takes tens of microseconds, and a leader that is asked for thousands of
# unknown places must not miss its heartbeats: so of many names only the alphabetical neighbours of
# the wrong one are compared.
_COMPARED_AT_MOST = 64
_NAMED_AT_MOST = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question such as `: did you mean 'desk'?`, '' when no known name is alike."""
    names = sorted(known)
    if len(names) > _COMPARED_AT_MOST:
        first = max(0, bisect(names, word) - _COMPARED_AT_MOST // 2)
        names = names[first:first + _COMPARED_AT_MOST]
    alike = get_close_matches(word, names, _NAMED_AT_MOST)
    return f': did you mean {" or ".join(map(repr, alike))}?' if alike else ''
