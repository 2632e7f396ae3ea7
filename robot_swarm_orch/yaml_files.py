# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads YAML files that people write, and says where they are wrong: file, line and column.

A key that stands twice in one mapping is refused too: YAML forbids it, parsers do not notice, and
the earlier value would be lost without a word.
"""

from pathlib import Path

from robot_swarm_orch.errors import ConfigError
import yaml


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node, deep=False):
        """Return the mapping; MarkedYAMLError for a key that was there before."""
        seen = {}
        for key, _ in node.value:
            if key.tag == 'tag:yaml.org,2002:merge':
                continue
            before = seen.setdefault(key.value, key) if isinstance(key, yaml.ScalarNode) else key
            if before is not key:
                raise yaml.MarkedYAMLError(
                    problem=f'the key {key.value!r} stands twice, first in line '
                    f'{before.start_mark.line + 1}', problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


# launch_ros writes lists so into the parameter files that it makes; rcl takes no notice of it.
_Loader.add_constructor('tag:yaml.org,2002:python/tuple', yaml.SafeLoader.construct_yaml_seq)


def read_yaml(path, what: str):
    """
    Return the content of a YAML file; `what` names its purpose, as in 'site file'.

    Raises ConfigError with file, line, column and what is wrong there.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode('utf-8')
    except OSError as error:
        raise ConfigError(f'cannot read the {what} {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise ConfigError(f'the {what} {path} is no text in UTF-8: byte {error.start} is '
                          f'0x{error.object[error.start]:02x}') from error
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(f'the {what} {_place(path, error)}: {_trouble(error)}') from error
    except (yaml.YAMLError, ValueError) as error:  # a date that is none, a character that is none
        raise ConfigError(f'the {what} {path} is not YAML: {" ".join(str(error).split())}'
                          ) from error


def _place(path, error) -> str:
    """Return `file:line:column` as editors understand it, counted from 1."""
    mark = error.problem_mark or error.context_mark
    return f'{path}:{mark.line + 1}:{mark.column + 1}' if mark is not None else str(path)


def _trouble(error) -> str:
    """Return what the parser says, and what it was busy with if that began elsewhere."""
    words = error.problem or 'this is not YAML'
    if error.context and error.context_mark is not None:
        words += f' ({error.context} that begins in line {error.context_mark.line + 1})'
    if "'\\t'" in words:
        words += '; indent with spaces, not with tabs'
    return words
