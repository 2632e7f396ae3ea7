# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a robot's camera sees of the simulated warehouse, drawn by MuJoCo's renderer.

MuJoCo draws, nothing more: there are no dynamics. Its model holds floor and lights; racks, lines,
robots and obstacles are put into its scene frame by frame, those in view only, so that a frame
costs the same with 10 robots as with 1,000. How light, colours, camera and noise are is a `Look`,
drawn from a seed.

Drawing needs OpenGL: OSMesa in software (Debian's `libosmesa6`), or a graphics driver. MuJoCo
chooses by the variable MUJOCO_GL (osmesa, egl, glfw); without it, OSMesa is taken. A renderer
belongs to the thread that made it.
"""

from dataclasses import dataclass
from math import atan, cos, hypot, radians, sin, tan
import os
from typing import Iterable, Sequence, Tuple

import numpy as np

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.obstacles import Obstacle
from robot_swarm_orch.site import Site
from robot_swarm_orch.types import Pose

WIDTH_PX, HEIGHT_PX = 96, 72
# Farther than this nothing is drawn but floor and walls [m].
_SIGHT_M = 16.0
_FLOORS = 8
_GEOMS_MAX = 4000
_LINE_OFF_M, _LINE_Z_M = 0.95, 0.002
_WALL_M = 6.0
RACK_HEIGHT_M = 3.0
_BAY_M = 2.6

Colour = Tuple[float, float, float]


class NoPicture(ConfigError):
    """Nothing can be drawn here; the message says what to install."""


@dataclass(frozen=True)
class Mount:
    """Where the camera sits on the robot, and its lens."""

    forward_m: float = 0.45
    height_m: float = 0.55
    pitch_rad: float = radians(20.0)  # downwards
    field_rad: float = radians(60.0)  # vertical


@dataclass(frozen=True)
class Look:
    """How a warehouse and its pictures look; `Look.draw` makes one from a generator."""

    floor: int = 0
    floor_tint: float = 1.0
    ambient: float = 0.35
    diffuse: float = 0.5
    sun: Tuple[float, float, float] = (0.3, 0.2, -1.0)
    line: Colour = (0.85, 0.75, 0.1)
    line_width_m: float = 0.08
    wall: Colour = (0.6, 0.62, 0.64)
    post: Colour = (0.1, 0.2, 0.5)
    beam: Colour = (0.85, 0.4, 0.1)
    goods_seed: int = 1
    tilt_rad: float = 0.0
    lift_m: float = 0.0
    gain: float = 1.0
    noise: float = 2.0  # standard deviation of 255
    blur: bool = False

    @classmethod
    def draw(cls, rng) -> 'Look':
        """Return a random look; `rng` is a NumPy generator."""
        def colour(low, high):
            return tuple(rng.uniform(low, high, 3).tolist())
        line = ((0.85, 0.75, 0.1), (0.9, 0.9, 0.9), (0.2, 0.35, 0.8))[rng.integers(3)]
        return cls(
            floor=int(rng.integers(_FLOORS)), floor_tint=rng.uniform(0.6, 1.0),
            ambient=rng.uniform(0.25, 0.5), diffuse=rng.uniform(0.2, 0.7),
            sun=(rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0), -1.0),
            line=tuple(np.clip(np.array(line) * rng.uniform(0.6, 1.1), 0.0, 1.0).tolist()),
            line_width_m=rng.uniform(0.05, 0.12), wall=colour(0.3, 0.9), post=colour(0.05, 0.7),
            beam=colour(0.1, 0.9), goods_seed=int(rng.integers(1 << 30)),
            tilt_rad=rng.uniform(-0.01, 0.01), lift_m=rng.uniform(-0.03, 0.03),
            gain=rng.uniform(0.75, 1.25), noise=rng.uniform(0.0, 5.0),
            blur=bool(rng.random() < 0.25))


@dataclass(frozen=True)
class View:
    """What stands around: robots as poses (and whether loaded), and obstacles."""

    robots: Sequence[Tuple[Pose, bool]] = ()
    obstacles: Sequence[Obstacle] = ()
    marks: Sequence[Tuple[float, float, float]] = ()  # stains on the floor: x, y, radius [m]


def _load_mujoco():
    """Return the module; raises NoPicture where it is missing."""
    os.environ.setdefault('MUJOCO_GL', 'osmesa')
    try:
        import mujoco
    except (ImportError, OSError, AttributeError, RuntimeError) as error:
        raise NoPicture(
            f'no pictures: {error}. Cameras of the simulation need MuJoCo (pip install mujoco) '
            'and OpenGL: apt install libosmesa6, or a driver and MUJOCO_GL=egl') from error
    return mujoco


def _scene_xml() -> str:
    """Return MuJoCo's model: a floor with several coats to choose from, and lights."""
    rng = np.random.default_rng(7)
    coats = []
    for number in range(_FLOORS):
        base = rng.uniform(0.3, 0.75) * (1.0 + rng.uniform(-0.08, 0.08, 3))
        spot = np.clip(base * rng.uniform(0.6, 1.3), 0.0, 1.0)
        coats.append(
            f'<texture name="t{number}" type="2d" builtin="flat" mark="random" '
            f'random="{rng.uniform(0.01, 0.2):.3f}" width="256" height="256" '
            f'rgb1="{_words(base)}" markrgb="{_words(spot)}"/>'
            f'<material name="m{number}" texture="t{number}" texuniform="true" '
            f'texrepeat="{rng.uniform(0.3, 2.0):.2f} {rng.uniform(0.3, 2.0):.2f}" '
            'reflectance="0" specular="0.1"/>')
    return ('<mujoco><statistic extent="1" center="0 0 0"/>'
            '<visual><map znear="0.05" zfar="60"/><quality offsamples="0"/></visual>'
            f'<asset>{"".join(coats)}</asset><worldbody>'
            '<light name="sun" directional="true" castshadow="false"/>'
            '<geom name="floor" type="plane" size="0 0 1" material="m0"/>'
            '</worldbody></mujoco>')


def _words(colour) -> str:
    """Return numbers as XML writes them."""
    return ' '.join(f'{value:.3f}' for value in colour)


class Camera:
    """Draws pictures of one site; belongs to the thread that made it."""

    def __init__(self, site: Site, mount: Mount = Mount(), look: Look = Look(), seed: int = 0):
        """Open a renderer; raises NoPicture where nothing can be drawn."""
        self._mujoco = mujoco = _load_mujoco()
        self.mount, self.look = mount, look
        self._model = mujoco.MjModel.from_xml_string(_scene_xml())
        self._model.vis.global_.fovy = np.degrees(mount.field_rad)
        self._data = mujoco.MjData(self._model)
        try:
            self._renderer = mujoco.Renderer(self._model, HEIGHT_PX, WIDTH_PX, _GEOMS_MAX)
        except Exception as error:
            raise NoPicture(
                f'no pictures: OpenGL ({os.environ["MUJOCO_GL"]}) does not start: {error!r}. '
                'apt install libosmesa6 for drawing in software, or set MUJOCO_GL=egl with a '
                'graphics driver') from error
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION,
                     mujoco.mjtRndFlag.mjRND_SKYBOX):
            self._renderer.scene.flags[flag] = 0
        self._eye = mujoco.MjvCamera()
        self._noise = np.random.default_rng(seed)
        self._site = site
        self._lines = _lines_of(site)
        self._floor = self._model.geom('floor').id
        # Half the width of the picture one metre ahead of the lens.
        self.half_width = tan(0.5 * mount.field_rad) * WIDTH_PX / HEIGHT_PX
        self._reach = atan(self.half_width) + 0.1

    def close(self) -> None:
        """Give the renderer's memory back."""
        self._renderer.close()

    def picture(self, pose: Pose, view: View) -> np.ndarray:
        """Return what the camera of a robot at `pose` sees: (72, 96, 3) uint8, RGB."""
        look = self.look
        self._aim(pose)
        self._set_light()
        self._renderer.update_scene(self._data, self._eye)
        self._draw(pose, view)
        picture = self._renderer.render().astype(np.float32)
        if look.blur:
            picture[:, 1:-1] = (picture[:, :-2] + 2.0 * picture[:, 1:-1] + picture[:, 2:]) * 0.25
        picture *= look.gain
        if look.noise:
            picture += self._noise.normal(0.0, look.noise, picture.shape)
        return np.clip(picture, 0.0, 255.0).astype(np.uint8)

    def _aim(self, pose):
        """Put MuJoCo's free camera onto the robot's nose."""
        mount, look = self.mount, self.look
        pitch = mount.pitch_rad + look.tilt_rad
        c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
        self._at = np.array([pose.x_m + mount.forward_m * c, pose.y_m + mount.forward_m * s,
                             mount.height_m + look.lift_m])
        self._ahead = np.array([c, s])
        eye = self._eye
        eye.type = self._mujoco.mjtCamera.mjCAMERA_FREE
        eye.distance = 1.0
        eye.azimuth, eye.elevation = np.degrees(pose.yaw_rad), -np.degrees(pitch)
        eye.lookat[:] = self._at + (c * cos(pitch), s * cos(pitch), -sin(pitch))

    def _set_light(self):
        """Set lamps, floor and their brightness as the look says."""
        look, model = self.look, self._model
        model.vis.headlight.ambient[:] = look.ambient
        model.vis.headlight.diffuse[:] = 0.15
        model.vis.headlight.specular[:] = 0.0
        model.light_dir[0] = np.asarray(look.sun) / np.linalg.norm(look.sun)
        model.light_diffuse[0], model.light_specular[0] = look.diffuse, 0.05
        model.geom_matid[self._floor] = look.floor
        model.mat_rgba[look.floor] = (look.floor_tint,) * 3 + (1.0,)
        self._mujoco.mj_kinematics(model, self._data)
        self._mujoco.mj_camlight(model, self._data)

    # -- what is drawn --------------------------------------------------------------------------

    def _draw(self, pose, view):
        """Add everything in view to the scene."""
        self._draw_walls()
        self._draw_lines()
        for rack in self._site.racks:
            centre, reach = 0.5 * (rack[:2] + rack[2:]), 0.5 * hypot(*(rack[2:] - rack[:2]))
            if self._in_view(*centre, reach):
                self._draw_rack(rack)
        for x, y, radius in view.marks:
            self._disc(x, y, 0.001, radius, 0.001, (0.12, 0.12, 0.12))
        for other, loaded in view.robots:
            if hypot(other.x_m - pose.x_m, other.y_m - pose.y_m) > 0.5 \
                    and self._in_view(other.x_m, other.y_m, 1.0):
                self._draw_robot(other, loaded)
        for thing in view.obstacles:
            if self._in_view(thing.x_m, thing.y_m, thing.radius_m):
                self._draw_obstacle(thing)

    def _in_view(self, x, y, reach) -> bool:
        """Return whether a disc may be in the picture."""
        dx, dy = x - self._at[0], y - self._at[1]
        away = hypot(dx, dy)
        if away < reach + 0.3:
            return True
        if away > _SIGHT_M + reach:
            return False
        along = dx * self._ahead[0] + dy * self._ahead[1]
        across = abs(dy * self._ahead[0] - dx * self._ahead[1])
        # Outside the wedge of the field of view by more than its size?
        return across * cos(self._reach) - along * sin(self._reach) < reach

    def _add(self, kind, size, at, colour, turn=None):
        """Add one geometric body to MuJoCo's scene."""
        scene = self._renderer.scene
        if scene.ngeom >= _GEOMS_MAX:
            return
        mujoco = self._mujoco
        body = scene.geoms[scene.ngeom]
        mujoco.mjv_initGeom(body, kind, np.asarray(size, float), np.asarray(at, float),
                            _UPRIGHT if turn is None else turn,
                            np.array([*colour, 1.0], np.float32))
        body.specular, body.shininess = 0.1, 0.1
        scene.ngeom += 1

    def _box(self, x, y, z, half, colour, yaw=0.0):
        """Add a box by its middle and half sizes [m]."""
        self._add(self._mujoco.mjtGeom.mjGEOM_BOX, half, (x, y, z), colour, _turn(yaw))

    def _disc(self, x, y, z, radius, half_height, colour):
        """Add an upright cylinder by its middle [m]."""
        self._add(self._mujoco.mjtGeom.mjGEOM_CYLINDER, (radius, half_height, 0.0), (x, y, z),
                  colour)

    def _draw_walls(self):
        """Add the four walls of the hall."""
        x0, y0, x1, y1 = self._site.bounds
        x0, y0, x1, y1 = x0 - _WALL_M, y0 - _WALL_M, x1 + _WALL_M, y1 + _WALL_M
        wide, long = 0.5 * (x1 - x0), 0.5 * (y1 - y0)
        for x, y, half in ((x0, 0.5 * (y0 + y1), (0.1, long, 4.0)),
                           (x1, 0.5 * (y0 + y1), (0.1, long, 4.0)),
                           (0.5 * (x0 + x1), y0, (wide, 0.1, 4.0)),
                           (0.5 * (x0 + x1), y1, (wide, 0.1, 4.0))):
            self._box(x, y, 4.0, half, self.look.wall)

    def _draw_lines(self):
        """Add the painted lines at both sides of the lanes."""
        lines = self._lines
        dx, dy = lines[:, 0] - self._at[0], lines[:, 1] - self._at[1]
        for x, y, yaw, half in lines[dx * dx + dy * dy < (0.6 * _SIGHT_M) ** 2]:
            if self._in_view(x, y, half):
                self._box(x, y, _LINE_Z_M, (half, 0.5 * self.look.line_width_m, 0.001),
                          self.look.line, yaw)

    def _draw_rack(self, rack):
        """Add posts, shelves and goods of one rack, goods as its place and the look decide."""
        look = self.look
        x0, y0, x1, y1 = map(float, rack)
        x, y, half_x, half_y = 0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (x1 - x0), 0.5 * (y1 - y0)
        rng = np.random.default_rng([look.goods_seed, int(10 * x0) & 0xffff,
                                     int(10 * y0) & 0xffff])
        lengthwise = half_y >= half_x
        bays = max(1, round(2.0 * max(half_x, half_y) / _BAY_M))
        for level in range(3):
            z = 0.1 + level * 1.1
            self._box(x, y, z, (half_x, half_y, 0.05), look.beam)
            self._draw_goods(rng, (x, y, z), (half_x, half_y), bays, lengthwise)
        for bay in range(bays + 1):
            share = 2.0 * bay / bays - 1.0
            for side in (-1.0, 1.0):
                px, py = (x + side * half_x, y + share * half_y) if lengthwise \
                    else (x + share * half_x, y + side * half_y)
                self._box(px, py, 0.5 * RACK_HEIGHT_M, (0.05, 0.05, 0.5 * RACK_HEIGHT_M),
                          look.post)

    def _draw_goods(self, rng, middle, half, bays, lengthwise):
        """Add the goods of one level."""
        x, y, z = middle
        for bay in range(bays):
            share = (2.0 * bay + 1.0) / bays - 1.0
            high, fill = rng.uniform(0.2, 0.45), rng.uniform(0.5, 0.9)
            colour = rng.uniform(0.15, 0.9) * np.array([1.0, 0.8, 0.55]) \
                if rng.random() < 0.6 else rng.uniform(0.1, 0.9, 3)
            if rng.random() < 0.1:
                continue  # an empty place
            if lengthwise:
                at, size = (x, y + share * half[1]), (0.93 * half[0], fill * half[1] / bays)
            else:
                at, size = (x + share * half[0], y), (fill * half[0] / bays, 0.93 * half[1])
            self._box(*at, z + 0.05 + high, (*size, high), colour)

    def _draw_robot(self, pose, loaded):
        """Add a robot of the fleet: a dark skirt, a teal body, a white lamp ring."""
        x, y = pose.x_m, pose.y_m
        c, s = cos(pose.yaw_rad), sin(pose.yaw_rad)
        self._disc(x, y, 0.09, 0.62, 0.07, (0.08, 0.08, 0.09))
        self._disc(x, y, 0.25, 0.60, 0.09, (0.05, 0.55, 0.55))
        self._disc(x, y, 0.36, 0.55, 0.02, (0.9, 0.95, 0.95))
        self._box(x + 0.5 * c, y + 0.5 * s, 0.45, (0.05, 0.12, 0.1), (0.05, 0.05, 0.05),
                  pose.yaw_rad)
        if loaded:
            self._box(x, y, 0.45, (0.5, 0.4, 0.07), (0.55, 0.4, 0.22), pose.yaw_rad)
            self._box(x, y, 0.82, (0.45, 0.38, 0.3), (0.6, 0.48, 0.3), pose.yaw_rad)

    def _draw_obstacle(self, thing):
        """Add an obstacle; its colours are drawn from its place, so that they stay."""
        rng = np.random.default_rng([self.look.goods_seed, int(thing.x_m * 97.0) & 0xffff,
                                     int(thing.y_m * 89.0) & 0xffff])
        getattr(self, f'_draw_{thing.kind}')(thing, rng)

    def _draw_pallet(self, thing, rng):
        """Add a wooden pallet: three skids and a deck of boards."""
        wood = rng.uniform(0.45, 0.95) * np.array([0.85, 0.65, 0.4]) \
            if rng.random() < 0.8 else rng.uniform(0.1, 0.8, 3)
        along, across = 0.83 * thing.radius_m, 0.55 * thing.radius_m
        c, s = cos(thing.yaw_rad), sin(thing.yaw_rad)
        for off in (-0.85, 0.0, 0.85):
            self._box(thing.x_m - off * across * s, thing.y_m + off * across * c, 0.05,
                      (along, 0.12 * across, 0.05), 0.6 * wood, thing.yaw_rad)
        for off in (-0.85, -0.42, 0.0, 0.42, 0.85):
            self._box(thing.x_m + off * along * c, thing.y_m + off * along * s, 0.122,
                      (0.16 * along, across, 0.022), wood, thing.yaw_rad)

    def _draw_forks(self, thing, rng):
        """Add the two forks of a stacker that somebody left lowered in the lane."""
        steel = rng.choice([np.array([0.2, 0.2, 0.22]), np.array([0.8, 0.35, 0.05]),
                            np.array([0.55, 0.1, 0.1])]) * rng.uniform(0.7, 1.2)
        steel = np.clip(steel, 0.0, 1.0)
        along, off = 0.92 * thing.radius_m, 0.35 * thing.radius_m
        c, s = cos(thing.yaw_rad), sin(thing.yaw_rad)
        for side in (-off, off):
            self._box(thing.x_m - side * s, thing.y_m + side * c, 0.03,
                      (along, 0.16 * thing.radius_m, 0.03), steel, thing.yaw_rad)

    def _draw_box(self, thing, rng):
        """Add a carton or a crate."""
        colour = rng.uniform(0.4, 0.95) * np.array([0.75, 0.58, 0.38]) \
            if rng.random() < 0.6 else rng.uniform(0.05, 0.9, 3)
        half = 0.7 * thing.radius_m
        height = 0.5 * thing.height_m * rng.uniform(0.8, 1.3)
        self._box(thing.x_m, thing.y_m, height, (half, half * rng.uniform(0.7, 1.0), height),
                  colour, thing.yaw_rad)

    def _draw_person(self, thing, rng):
        """Add somebody: legs, a vest, a head."""
        x, y, wide = thing.x_m, thing.y_m, 0.9 * thing.radius_m
        self._disc(x, y, 0.4, 0.75 * wide, 0.4, rng.uniform(0.05, 0.5, 3))
        self._disc(x, y, 1.1, wide, 0.3, rng.uniform(0.1, 0.95, 3))
        self._disc(x, y, 1.58, 0.12, 0.14, rng.uniform(0.3, 0.9) * np.array([1.0, 0.8, 0.7]))


_UPRIGHT = np.eye(3).flatten()


def _turn(yaw):
    """Return a rotation about the vertical as MuJoCo wants it."""
    if not yaw:
        return _UPRIGHT
    c, s = cos(yaw), sin(yaw)
    return np.array([c, -s, 0.0, s, c, 0.0, 0.0, 0.0, 1.0])


def _lines_of(site: Site) -> np.ndarray:
    """Return the painted lines (n, 4): middle x, y [m], direction [rad], half length [m]."""
    lines, seen = [], set()
    degree = _neighbour_counts(site)
    for a in range(site.real_count):
        for b in site.successors[a]:
            if (b, a) in seen:
                continue
            seen.add((a, b))
            way = site.xy[b] - site.xy[a]
            length = float(hypot(*way))
            unit = way / length
            # No line runs across a crossing lane.
            start = _LINE_OFF_M if degree[a] > 2 else 0.0
            end = length - (_LINE_OFF_M if degree[b] > 2 else 0.0)
            if end - start < 0.1:
                continue
            middle = site.xy[a] + unit * 0.5 * (start + end)
            for side in (-_LINE_OFF_M, _LINE_OFF_M):
                lines.append((middle[0] - side * unit[1], middle[1] + side * unit[0],
                              float(np.arctan2(unit[1], unit[0])), 0.5 * (end - start)))
    return np.asarray(lines, dtype=float).reshape(-1, 4)


def _neighbour_counts(site: Site) -> list:
    """Return how many neighbours each node has."""
    neighbours = [set() for _ in range(site.real_count)]
    for a in range(site.real_count):
        for b in site.successors[a]:
            neighbours[a].add(b)
            neighbours[b].add(a)
    return [len(near) for near in neighbours]


def is_hidden(pose: Pose, thing: Obstacle, racks: Iterable, mount: Mount = Mount()) -> bool:
    """Return whether a rack stands between the camera and the middle of a thing."""
    x = pose.x_m + mount.forward_m * cos(pose.yaw_rad)
    y = pose.y_m + mount.forward_m * sin(pose.yaw_rad)
    boxes = np.asarray(racks, dtype=float).reshape(-1, 4)
    near, far = np.zeros(len(boxes)), np.ones(len(boxes))
    for axis, (start, way) in enumerate(((x, thing.x_m - x), (y, thing.y_m - y))):
        way = way if abs(way) > 1e-9 else 1e-9
        one, two = (boxes[:, axis] - start) / way, (boxes[:, axis + 2] - start) / way
        near = np.maximum(near, np.minimum(one, two))
        far = np.minimum(far, np.maximum(one, two))
    return bool((near < far).any())
