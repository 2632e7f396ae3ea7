# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm completion`."""

from robot_swarm_orch.errors import ConfigError


def add_completion(verbs, root) -> None:
    """Add `swarm completion`."""
    command = verbs.add_parser(
        'completion', help='print what a shell needs to complete these commands',
        description='Print a completion script. For bash: swarm completion bash > '
        '~/.local/share/bash-completion/completions/swarm')
    command.add_argument('shell', choices=('bash', 'zsh', 'tcsh'))
    command.set_defaults(verb=lambda options: _completion(root, options.shell))


def _completion(root, shell) -> int:
    try:
        import shtab
    except ImportError as error:
        raise ConfigError('completion needs shtab: pip install shtab') from error
    print(shtab.complete(root, shell))
    return 0
