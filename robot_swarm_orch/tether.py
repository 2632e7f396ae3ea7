# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run a command that dies with its parent: `python tether.py PARENT_PID COMMAND ...`.

Linux sends the tethered process SIGKILL when its parent ends, however it ends (prctl(2),
PR_SET_PDEATHSIG); the setting survives exec. Doing this in a small program of its own, instead of
between fork and exec, keeps it safe where the parent runs threads. It uses the standard library
alone, so that it starts in some 20 ms.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Lead a process group, tie this process to its parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    # A group of its own keeps the terminal's Ctrl-C away. Not a session: Linux shares the cores
    # out by session first (sched_autogroup), and a priority counts only within its own.
    os.setpgid(0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f'prctl: {os.strerror(ctypes.get_errno())}')
    if os.getppid() != parent:
        sys.exit('the parent has already ended')
    os.execvpe(command[0], command, os.environ)


if __name__ == '__main__':
    main()
