"""Which triangles of a shape enter the volume of a proximity sensor, and where.

A shape is a surface here, as in CoppeliaSim: one that encloses the whole volume is
not detected. Everything is reckoned in the sensor's frame, whose origin distances
are measured from.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrep_mujoco.scene.frames import FloatArray
from pyrep_mujoco.scene.surfaces import Surface
from pyrep_mujoco.scene.triangle_blocks import TriangleBlocks
from pyrep_mujoco.ttm.proximity_sensors import ProximitySensor, VolumeKind

Point = tuple[float, float, float]

_AT_ONCE = 256
"""Triangles tested together; the first that is inside ends the search."""

PARALLEL = 1e-12
"""Determinant below which a ray runs along a triangle [m^2]."""


class Detection(NamedTuple):
    """What a sensor found."""

    point: Point
    """Of the surface, in the sensor's frame [m]."""
    normal: Point
    """Of the triangle there, a unit vector in the sensor's frame."""
    distance: float
    """Of the point from the sensor's origin [m]."""


class DetectionVolume:
    """The volume of a sensor, ready for tests."""

    def __init__(self, sensor: ProximitySensor) -> None:
        volume = sensor.volume
        self.ray = sensor.kind is VolumeKind.RAY
        """Whether it is a line, which detects neither points nor edges."""
        planes = np.array(volume.planes or [(0, 0, 0, 1)], np.float64)
        self._begin = volume.offset
        self._end = volume.offset + volume.range
        if self.ray:
            # A box around the line is enough to leave blocks of triangles out.
            planes = np.array(
                [(0, 0, 1, -self._end), (0, 0, -1, self._begin)]
                + [(1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, -1, 0, 0)],
                np.float64,
            )
        self._normals = np.ascontiguousarray(planes[:, :3])
        self._offsets = np.ascontiguousarray(planes[:, 3])
        self._planes: list[tuple[float, ...]] = [*map(tuple, planes.tolist())]
        self._hint = self._planes[0]
        """The plane that shut out a point last; most points come again."""
        self._excluded: list[tuple[float, ...]] = [
            tuple(map(float, plane)) for plane in volume.near_planes
        ]

    def holds(self, point: Point) -> bool:
        """Whether a point is in the volume."""
        if self.ray or _above(self._hint, point) > 0:
            return False
        for plane in self._planes:
            if not _above(plane, point) <= 0:
                self._hint = plane
                return False
        return self._is_kept(point)

    def seen_from(
        self, position: FloatArray, rotation: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The volume's planes in a shape's frame.

        Args:
          position: (3,) of the shape in the sensor's frame [m].
          rotation: (3, 3) from the shape's frame to the sensor's.

        Returns:
          normals (p, 3) and offsets (p,); inside is where all are not above 0.
        """
        return self._normals @ rotation, self._normals @ position + self._offsets

    def may_hold(
        self, surface: Surface, position: FloatArray, rotation: FloatArray
    ) -> bool:
        """Whether no plane of the volume shuts out the box around a surface.

        Args:
          surface: of the shape.
          position: as for `seen_from`.
          rotation: as for `seen_from`.
        """
        normals, offsets = self.seen_from(position, rotation)
        reach = np.abs(normals) @ surface.half_size
        return (normals @ surface.middle + offsets - reach).max() <= 0

    def any(
        self,
        blocks: TriangleBlocks,
        position: FloatArray,
        rotation: FloatArray,
        hint: int | None,
    ) -> tuple[int, Point] | None:
        """A triangle of a shape that enters the volume, and a point of it there.

        Args:
          blocks: the shape's triangles.
          position: as for `seen_from`.
          rotation: as for `seen_from`.
          hint: the triangle that did so before, which is tried first.

        Returns:
          the triangle's number and the point in the sensor's frame [m]; None if no
          triangle enters.
        """
        normals, offsets = self.seen_from(position, rotation)
        first = [] if hint is None else [np.array([hint])]
        for some in (*first, None):
            candidates = blocks.within(normals, offsets) if some is None else some
            for start in range(0, len(candidates), _AT_ONCE):
                found = self._first(
                    blocks.corners,
                    candidates[start : start + _AT_ONCE],
                    (normals, offsets),
                    (position, rotation),
                )
                if found:
                    return found
        return None

    def nearest(
        self,
        blocks: TriangleBlocks,
        position: FloatArray,
        rotation: FloatArray,
        sensor: ProximitySensor,
    ) -> Detection | None:
        """The point of a shape in the volume that is nearest to the sensor.

        The sensor's choice of faces and its greatest angle are heeded; where a part
        next to the sensor is excluded, the point is exact up to that part's border.
        """
        normals, offsets = self.seen_from(position, rotation)
        candidates = blocks.within(normals, offsets)
        corners = blocks.corners[candidates] @ rotation.T + position
        middles = corners.mean(axis=1)
        reach = np.linalg.norm(corners - middles[:, None], axis=2).max(axis=1)
        bounds = np.linalg.norm(middles, axis=1) - reach
        best: Detection | None = None
        for number in np.argsort(bounds).tolist():
            if best is not None and bounds[number] >= best.distance:
                break
            found = self._detect(corners[number], sensor)
            if found and (best is None or found.distance < best.distance):
                best = found
        return best

    def _first(
        self,
        corners: FloatArray,
        triangles: NDArray[np.int64],
        planes: tuple[FloatArray, FloatArray],
        place: tuple[FloatArray, FloatArray],
    ) -> tuple[int, Point] | None:
        """The first of some triangles that enters the volume, and a point of it."""
        some = corners[triangles]
        position, rotation = place
        if not self.ray:
            normals, offsets = planes
            above = some @ normals.T + offsets > 0
            if not self._excluded:
                inside = ~above.any(axis=-1)
                if inside.any():
                    number, corner = divmod(int(inside.argmax()), 3)
                    x, y, z = (rotation @ some[number, corner] + position).tolist()
                    return int(triangles[number]), (x, y, z)
            left = ~above.all(axis=-2).any(axis=-1)
            triangles, some = triangles[left], some[left]
        for number, triangle in zip(triangles.tolist(), some, strict=True):
            cut = self._cut(triangle @ rotation.T + position)
            if cut:
                return number, cut[0]
        return None

    def _detect(
        self, triangle: FloatArray, sensor: ProximitySensor
    ) -> Detection | None:
        """The nearest point of a triangle (3, 3) in the volume."""
        across = np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0])
        area = float(np.linalg.norm(across))
        if area == 0.0:
            return None
        unit = across / area
        from_front = float(unit @ triangle[0]) < 0
        if not (sensor.front_faces if from_front else sensor.back_faces):
            return None
        polygon = self._cut(triangle)
        if not polygon:
            return None
        point = _nearest_of(polygon, unit, float(unit @ triangle[0]))
        if not self._is_kept(point):
            kept = [corner for corner in polygon if self._is_kept(corner)]
            point = min(kept, key=lambda corner: math.hypot(*corner)) if kept else point
        distance = math.hypot(*point)
        if sensor.normal_angle is not None and distance > 0:
            along = abs(float(unit @ np.array(point))) / distance
            if along < math.cos(sensor.normal_angle):
                return None
        x, y, z = unit.tolist()
        return Detection(point, (x, y, z), distance)

    def _cut(self, triangle: FloatArray) -> list[Point]:
        """The corners of what a triangle (3, 3) has in the volume; maybe none."""
        if self.ray:
            return self._pierced(triangle)
        polygon: list[Point] = [(x, y, z) for x, y, z in triangle.tolist()]
        for plane in self._planes:
            polygon = _clip(polygon, plane)
            if not polygon:
                return []
        if self._excluded and not any(map(self._is_kept, polygon)):
            return []
        return polygon

    def _pierced(self, triangle: FloatArray) -> list[Point]:
        """Where the ray, which runs along z, goes through a triangle."""
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = triangle.tolist()
        double = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(double) < PARALLEL:
            return []
        v = (-ax * (cy - ay) + (cx - ax) * ay) / double
        u = (-(bx - ax) * ay + ax * (by - ay)) / double
        if u < 0 or v < 0 or u + v > 1:
            return []
        z = az + v * (bz - az) + u * (cz - az)
        return [(0.0, 0.0, z)] if self._begin <= z <= self._end else []

    def _is_kept(self, point: Point) -> bool:
        """Whether a point is not in the excluded part."""
        return not self._excluded or any(
            _above(plane, point) > 0 for plane in self._excluded
        )


def _above(plane: tuple[float, ...], point: Point) -> float:
    a, b, c, d = plane
    return a * point[0] + b * point[1] + c * point[2] + d


def _clip(polygon: list[Point], plane: tuple[float, ...]) -> list[Point]:
    """What of a convex polygon is not above a plane."""
    heights = [_above(plane, point) for point in polygon]
    if all(height <= 0 for height in heights):
        return polygon
    kept: list[Point] = []
    for number, (point, height) in enumerate(zip(polygon, heights, strict=True)):
        before, before_height = polygon[number - 1], heights[number - 1]
        if (height <= 0) != (before_height <= 0):
            share = before_height / (before_height - height)
            x, y, z = (p + share * (q - p) for p, q in zip(before, point, strict=True))
            kept.append((x, y, z))
        if height <= 0:
            kept.append(point)
    return kept


def _nearest_of(polygon: list[Point], normal: FloatArray, height: float) -> Point:
    """The point of a convex polygon that is nearest to the origin.

    Args:
      polygon: its corners.
      normal: unit vector of its plane.
      height: of that plane above the origin along the normal [m].
    """
    if len(polygon) >= 3:
        foot = normal * height
        corners = np.array(polygon)
        edges = np.roll(corners, -1, axis=0) - corners
        sides = np.cross(edges, foot - corners) @ normal
        if np.all(sides >= 0) or np.all(sides <= 0):
            x, y, z = foot.tolist()
            return (x, y, z)
    best, least = polygon[0], math.inf
    for number, end in enumerate(polygon):
        begin = polygon[number - 1]
        along = [q - p for p, q in zip(begin, end, strict=True)]
        length = sum(part * part for part in along)
        share = -sum(p * part for p, part in zip(begin, along, strict=True))
        share = min(max(share / length, 0.0), 1.0) if length > 0 else 0.0
        x, y, z = (p + share * part for p, part in zip(begin, along, strict=True))
        distance = math.hypot(x, y, z)
        if distance < least:
            best, least = (x, y, z), distance
    return best
