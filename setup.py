# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Build of the ament_python package, its messages included."""

from pathlib import Path
import sys

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
from setup_interfaces import BuildInterfaces, BuildWithInterfaces, DevelopWithInterfaces  # noqa: E402,E501,I100

NAME = 'robot_swarm_orch'


def shared_files(folder, pattern):
    """Return a `data_files` entry that installs files of a source folder."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).glob(pattern))
    return (f'share/{NAME}/{folder}', files)


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(str(ROOT), include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['models/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        shared_files('launch', '*.launch.py'),
        shared_files('config', '*.*'),
        shared_files('deploy', '*.*'),
        shared_files('deploy/targets', '*.*'),
    ],
    cmdclass={
        'build': BuildWithInterfaces,
        'build_interfaces': BuildInterfaces,
        'develop': DevelopWithInterfaces,
    },
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    maintainer='robot_swarm_orch contributors',
    maintainer_email='maintainers@robot-swarm-orch.invalid',
    description='Fleets of mobile robots that elect their own head over DDS.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'coordinator_node = {NAME}.nodes.coordinator_node:main',
            f'edge_node = {NAME}.nodes.edge_node:main',
            f'gateway_node = {NAME}.nodes.gateway_node:main',
            f'sim_node = {NAME}.nodes.sim_node:main',
            f'swarm = {NAME}.cli:main',
            f'viz_node = {NAME}.nodes.viz_node:main',
            f'viz_picture = {NAME}.nodes.viz_picture:main',
        ],
    },
)
