# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The saga's transition table as a Mermaid state diagram, for `docs/orders.md`.

`python -m robot_swarm_orch.coordinator.saga_diagram docs/orders.md` writes it into that page.
"""

from pathlib import Path
import sys

from robot_swarm_orch.coordinator.saga import ENDED, TRANSITIONS

BEGIN, END = '```mermaid\n', '```\n'


def diagram() -> str:
    """Return the diagram: one arrow from a state to another, with the events that lead there."""
    lines = ['stateDiagram-v2', '    [*] --> WAITING']
    for state, moves in TRANSITIONS.items():
        arrows = {}
        for event, after in moves.items():
            arrows.setdefault(after, []).append(event.name.lower())
        lines += [f'    {state.name} --> {after.name}: {", ".join(events)}'
                  for after, events in arrows.items()]
    lines += [f'    {state.name} --> [*]' for state in sorted(ENDED)]
    return '\n'.join(lines) + '\n'


def with_diagram(page: str) -> str:
    """Return a page with the diagram in its place, the only Mermaid block."""
    before, rest = page.split(BEGIN, 1)
    return before + BEGIN + diagram() + END + rest.split(END, 1)[1]


def main(path: str) -> None:
    """Write the diagram into a page."""
    page = Path(path)
    page.write_text(with_diagram(page.read_text(encoding='utf-8')), encoding='utf-8')


if __name__ == '__main__':
    main(sys.argv[1])
