# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""
Messages of an ament_python package: setuptools commands that build and install them.

ament_python has no rule for messages and ament_cmake has none for a symlinked Python package, so
`build_interfaces` runs the CMakeLists.txt beside this file into the build folder, then adds every
file that it installed there to `data_files`. One mechanism thus serves `colcon build`,
`colcon build --symlink-install` and a plain `setup.py install`. The generated Python modules go to
the installed package; `robot_swarm_orch/__init__.py` makes them visible next to symlinked sources.
"""

import collections
import hashlib
import os
from pathlib import Path
import shutil
import subprocess
import sys

from setuptools import Command
from setuptools.command.build import build
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
# CMake installs the Python modules here, apart from the rest.
PYTHON_FOLDER = 'python'
# Written by setup.py, colcon, or the Python package itself; never taken from CMake.
NOT_INSTALLED = (
    f'{PYTHON_FOLDER}/*/__init__.py',
    f'{PYTHON_FOLDER}/*.egg-info/*',
    f'{PYTHON_FOLDER}/*/*.c',
    '__pycache__/*',
    'share/*/environment/*',
    'share/*/local_setup.*',
    'share/*/package.*',
    'share/ament_index/resource_index/packages/*',
    'share/ament_index/resource_index/parent_prefix_path/*',
)


class BuildInterfaces(Command):
    """Generate and compile `msg/*.msg` and `srv/*.srv`, unless nothing changed."""

    description = 'generate and compile the messages and services with CMake'
    user_options = []

    def initialize_options(self):
        """Take no options of its own."""
        self.build_folder = None

    def finalize_options(self):
        """Build beside whatever `build` builds, also when it comes from colcon."""
        build_base = self.get_finalized_command('build').build_base
        self.build_folder = Path(build_base).resolve() / 'interfaces'

    def run(self):
        """Build if needed, then announce the files to install."""
        stamp = self.build_folder / 'built_from'
        inputs = inputs_digest()
        installed = self.build_folder / 'install'
        if not stamp.is_file() or stamp.read_text() != inputs:
            build_with_cmake(self.build_folder, installed)
            stamp.write_text(inputs)
        install = self.get_finalized_command('install')
        python_folder = os.path.relpath(install.install_lib, install.install_data)
        self.distribution.data_files += data_files(installed, python_folder)


class BuildWithInterfaces(build):
    """`build`, messages first."""

    sub_commands = [('build_interfaces', None)] + build.sub_commands


class DevelopWithInterfaces(develop):
    """`develop`, which colcon runs for `--symlink-install`, messages first."""

    def run(self):
        """Build the messages unless the package is being removed."""
        if not self.uninstall:
            self.run_command('build_interfaces')
            self._make_targets()
        super().run()

    def _make_targets(self):
        """
        Make the files that `symlink_data --force` removes before it makes links.

        colcon adds --force where a linked install follows a copied one, and fails on each file
        that the copied one lacked.
        """
        if 'symlink_data' not in self.distribution.commands:
            return
        links = self.get_finalized_command('symlink_data')
        if not links.force:
            return
        for folder, files in self.distribution.data_files:
            for name in files:
                target = Path(links.install_dir, folder, Path(name).name)
                if not target.is_symlink():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.touch()


def inputs_digest():
    """Return a digest of everything that decides what the build makes."""
    digest = hashlib.sha256()
    sources = [ROOT / 'CMakeLists.txt', ROOT / 'package.xml', Path(__file__)]
    sources += sorted(ROOT.glob('msg/*.msg')) + sorted(ROOT.glob('srv/*.srv'))
    for source in sources:
        digest.update(f'{source.name} {source.stat().st_size}\n'.encode())
        digest.update(source.read_bytes())
    digest.update(f'{sys.version} {os.environ.get("AMENT_PREFIX_PATH")}'.encode())
    return digest.hexdigest()


def build_with_cmake(build_folder, installed):
    """Configure, compile and install the CMake project, into `installed`."""
    cmake = shutil.which('cmake')
    if cmake is None:
        raise SystemExit('error: cmake is missing (Debian and Ubuntu: apt install cmake)')
    configure = [
        cmake, '-S', str(ROOT), '-B', str(build_folder),
        f'-DCMAKE_INSTALL_PREFIX={installed}',
        f'-DPYTHON_INSTALL_DIR={PYTHON_FOLDER}',
        f'-DPython3_EXECUTABLE={sys.executable}',
        f'-DPYTHON_EXECUTABLE={sys.executable}',
    ]
    if not (build_folder / 'CMakeCache.txt').exists() and shutil.which('ninja'):
        configure += ['-G', 'Ninja']
    environment = cmake_environment()
    run_checked(configure, environment)
    run_checked([cmake, '--build', str(build_folder), '--target', 'install'], environment)


def run_checked(command, environment):
    """Run a command; if it fails, repeat the end of its output where colcon shows it."""
    tail = collections.deque(maxlen=60)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace') as process:
        for line in process.stdout:
            print(line, end='', flush=True)
            tail.append(line)
    if process.returncode:
        raise SystemExit(f'{"".join(tail)}error: {" ".join(command)} failed')


def cmake_environment():
    """Return the environment without colcon's redirection of Python's prefix, for all cores."""
    environment = dict(os.environ)
    python_path = environment.get('PYTHONPATH', '').split(os.pathsep)
    environment['PYTHONPATH'] = os.pathsep.join(
        entry for entry in python_path if Path(entry).name != 'prefix_override')
    environment.setdefault('CMAKE_BUILD_PARALLEL_LEVEL', str(os.cpu_count() or 1))
    return environment


def data_files(installed, python_folder):
    """Return `(target folder, [file])` pairs for everything under `installed` that we install."""
    entries = []
    for path in sorted(installed.rglob('*')):
        relative = path.relative_to(installed)
        if path.is_dir() or any(relative.match(pattern) for pattern in NOT_INSTALLED):
            continue
        folder = relative.parent
        if folder.parts[:1] == (PYTHON_FOLDER,):
            folder = Path(python_folder, *folder.parts[1:])
        entries.append((str(folder), [str(path)]))
    return entries
