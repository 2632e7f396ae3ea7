# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What MuJoCo is told of a warehouse and its robots: the model as MJCF text, and where MuJoCo is.

A robot is a base that stays level (it moves in x, y and z and turns about the vertical), two
driven wheels at its middle, and casters without friction. The casters' part is to carry a fixed
share of the weight, and that is how they are modelled (`gravcomp`): with a contact of their own,
soft contacts would shift weight to whichever wheel slips. Wheels touch the floor and nothing else.
The hull is a sphere of the footprint's radius: all centres are at one height, so hulls meet where
the circles of the footprints meet on the floor, and no shape's contacts cost less. Hulls touch
each other, racks (boxes) and things that stand about, and slide along them without friction.

The floor has no friction of its own: how much a wheel has is the wheel's, and
`mujoco_bodies.py` changes it where the floor is slippery.
"""

from dataclasses import dataclass
import os
import sys

from robot_swarm_orch.errors import ConfigError

WHEEL_RADIUS_M = 0.1
BASE_KG = 150.0
# Of a geared motor, as the wheel feels it [kg m^2]: gear ratio squared times the rotor's.
ROTOR_KGM2 = 0.3
_WHEEL_KG = 4.0
_CASTER_SHARE = 0.4  # of the base's weight, load included
_RACK_HALF_HEIGHT_M = 1.5
# Where a thing is kept that does not stand anywhere [m]: out of everybody's reach.
AWAY_M = -1000.0
# Bits of who touches whom.
_FLOOR, _HULL = 1, 2


class NoPhysics(ConfigError):
    """MuJoCo is not here; the message says what to install."""


@dataclass(frozen=True)
class Chassis:
    """The measures of a base, from its footprint; the inertia is that of a disc of 0.6 of it."""

    radius_m: float

    @property
    def track_m(self) -> float:
        """Return the distance between the wheels."""
        return 0.8 * self.radius_m

    def inertia_kgm2(self, load_kg: float = 0.0) -> float:
        """Return the moment of inertia about the vertical, load included."""
        return 0.5 * (BASE_KG + load_kg) * (0.6 * self.radius_m) ** 2


def load_mujoco():
    """
    Return the module; raises NoPhysics where it is missing.

    Importing it settles how it draws, too: as the cameras want it (`cameras.py`) where that
    works, else not at all, since physics needs no OpenGL.
    """
    chosen = os.environ.setdefault('MUJOCO_GL', 'osmesa')
    try:
        import mujoco
        return mujoco
    except ModuleNotFoundError as error:
        raise NoPhysics('the physics mujoco needs MuJoCo: python3 -m pip install mujoco, or '
                        f'choose the physics kinematic ({error})') from error
    except (ImportError, OSError, AttributeError, RuntimeError):
        for name in [name for name in sys.modules if name.split('.')[0] in ('mujoco', 'OpenGL')]:
            del sys.modules[name]
    os.environ['MUJOCO_GL'] = 'disable'
    try:
        import mujoco
        return mujoco
    except (ImportError, OSError, AttributeError, RuntimeError) as error:
        raise NoPhysics(f'the physics mujoco needs MuJoCo, which does not load here: {error}. '
                        'python3 -m pip install --force-reinstall mujoco, or choose the physics '
                        'kinematic') from error
    finally:
        os.environ['MUJOCO_GL'] = chosen


def model_xml(racks, chassis: Chassis, wheel_radii, things: int, step_s: float) -> str:
    """
    Return the MJCF text of a warehouse, all its robots at the origin.

    racks: (m, 4) boxes [x min, y min, x max, y max; m]. wheel_radii: (n, 2) of n robots, left and
    right [m]. things: how many may stand about at once.
    """
    boxes = ''.join(map(_rack, racks))
    robots = ''.join(_robot(i, chassis, radii) for i, radii in enumerate(wheel_radii))
    about = ''.join(
        f'<body name="thing{i}" mocap="true" pos="{i} 0 {AWAY_M}">'
        f'<geom type="sphere" size="0.1" {_bits(_HULL, _HULL)}/></body>' for i in range(things))
    motors = ''.join(f'<motor joint="{i}{side}"/>' for i in range(len(wheel_radii))
                     for side in 'lr')
    return (
        f'<mujoco><option timestep="{step_s}" integrator="Euler" cone="elliptic" '
        'solver="CG" iterations="30"><flag autoreset="disable"/></option>'
        '<compiler inertiafromgeom="false" autolimits="false"/>'
        '<default><geom condim="1" friction="0 0 0"/></default><worldbody>'
        f'<geom type="plane" size="0 0 1" {_bits(_FLOOR, 0)}/>'
        f'{boxes}{about}{robots}</worldbody><actuator>{motors}</actuator></mujoco>')


def _bits(kind: int, touches: int) -> str:
    """Return the attributes that say what a body is and what it touches."""
    return f'contype="{kind}" conaffinity="{touches}"'


def _rack(box) -> str:
    """Return one rack; as a body of its own it is left out early where no robot is near."""
    x0, y0, x1, y1 = map(float, box)
    half = f'{0.5 * (x1 - x0):.4f} {0.5 * (y1 - y0):.4f} {_RACK_HALF_HEIGHT_M}'
    middle = f'{0.5 * (x0 + x1):.4f} {0.5 * (y0 + y1):.4f} {_RACK_HALF_HEIGHT_M}'
    return f'<body><geom type="box" size="{half}" pos="{middle}" {_bits(_HULL, _HULL)}/></body>'


def _robot(index, chassis, radii) -> str:
    """Return one robot; its joints are x, y, z, yaw, left wheel, right wheel."""
    inertia = chassis.inertia_kgm2()
    wheels = ''.join(
        _wheel(f'{index}{side}', y, float(radius)) for side, y, radius in
        zip('lr', (0.5 * chassis.track_m, -0.5 * chassis.track_m), radii))
    slides = ''.join(
        f'<joint type="slide" axis="{axis}"/>' for axis in ('1 0 0', '0 1 0', '0 0 1'))
    return (
        f'<body name="base{index}" pos="0 0 {WHEEL_RADIUS_M}" gravcomp="{_CASTER_SHARE}">'
        f'<inertial pos="0 0 0" mass="{BASE_KG}" diaginertia="{inertia} {inertia} {inertia}"/>'
        f'{slides}<joint type="hinge" axis="0 0 1"/>'
        f'<geom type="sphere" size="{chassis.radius_m}" {_bits(_HULL, _HULL)}/>'
        f'{wheels}</body>')


def _wheel(name, left_m, radius) -> str:
    """Return a wheel that just reaches the floor; a ball, which touches it in one point."""
    spin = 0.5 * _WHEEL_KG * radius ** 2
    return (
        f'<body pos="0 {left_m} {radius - WHEEL_RADIUS_M:.6f}">'
        f'<inertial pos="0 0 0" mass="{_WHEEL_KG}" diaginertia="{spin} {spin} {spin}"/>'
        f'<joint name="{name}" type="hinge" axis="0 1 0" armature="{ROTOR_KGM2}"/>'
        f'<geom name="{name}" type="sphere" size="{radius:.6f}" condim="3" priority="1" '
        f'{_bits(0, _FLOOR)}/></body>')
