# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A person at another terminal: runs `swarm` commands one after another, while the fleet lives."""

import subprocess
import sys
from typing import List, Optional, Sequence

_TRIES = 3


class Operator:
    """Carries out commands in their order; one that fails is tried again, three times in all."""

    def __init__(self, commands: Sequence[Sequence[str]]):
        """Prepare `swarm` commands, given as their words; start nothing yet."""
        self._commands: List[Sequence[str]] = list(commands)
        self._running: Optional[subprocess.Popen] = None
        self._tries = 0
        self.failure = ''  # of the last command, when it was tried often enough

    @property
    def is_done(self) -> bool:
        """Return whether all commands were carried out."""
        return not self._commands and not self.failure

    def turn(self) -> Optional[str]:
        """Go on; return the command that has just succeeded, if one has."""
        if not self._commands or self.failure:
            return None
        words = self._commands[0]
        if self._running is None:
            self._tries += 1
            self._running = subprocess.Popen(
                [sys.executable, '-m', 'robot_swarm_orch.cli', *words], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return None
        if self._running.poll() is None:
            return None
        text, _ = self._running.communicate()
        status, self._running = self._running.returncode, None
        if status == 0:
            self._tries = 0
            return f'swarm {" ".join(self._commands.pop(0))}'
        if self._tries >= _TRIES:
            self.failure = (f'`swarm {" ".join(words)}` ended with {status}: '
                            f'{" ".join(text.split())}')
        return None

    def leave(self) -> None:
        """End what still runs."""
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
            self._running = None
