"""Joint positions that bring the tip to poses, for many arms at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.engines.builtin.kinematics import ArmKinematics
from rlbench_puffer.poses import (
    matrix_from_quat,
    quat_conjugate,
    quat_from_matrix,
    quat_multiply,
)

FloatArray = NDArray[np.float64]

POSITION_TOLERANCE = 1e-4
"""How near the tip must come to its goal by default [m]."""

ROTATION_TOLERANCE = 1e-3
"""How far it may stay turned then [rad]."""

MAX_ITERATIONS = 60
"""Of one start. What is not found by then is hardly ever found later."""

_PATIENCE = 6
"""Iterations without a hundredth gained after which a start is given up."""

NEARBY_STARTS = 5
"""Further starts around the first that :meth:`InverseKinematics.solve_anywhere`
tries by default."""

DISTANT_STARTS = 10
"""Further starts anywhere within the limits that it tries after those."""

_NEARBY = 0.4
"""Standard deviation of a joint of a nearby start from the first [rad]."""

_LEAST_DAMPING = 1e-6
"""Added to the squared error, which is the damping otherwise: Sugihara,
"Solvability-Unconcerned Inverse Kinematics by the Levenberg-Marquardt Method",
IEEE Transactions on Robotics 27(5), 2011, equation 21."""

_POSTURE_GAIN = 0.1
"""Part of the way to the preferred posture taken in each iteration, as far as the tip
does not feel it."""

_LARGEST_MOVE = 0.5
"""Of a joint in one iteration [rad]: beyond it the Jacobian says little."""

_TIP_TO_WRIST = 0.25
"""Just above the distance from the tip to the wrist [m]."""

_AT_ONCE = 32
"""Rows up to which several starts are solved together."""

_HALF_TURN = -0.99
"""Cosine of the angle beyond which the axis of a rotation is read from its
quaternion: at a half turn the skew part of its matrix vanishes."""


class InverseKinematics:
    """Damped least squares on the batch's Jacobians, within the joint limits.

    The iteration ends within 1e-4 m and 1e-3 rad of a goal; wider tolerances accept
    as well what stays a little out of reach. A result depends on its own row alone,
    bit for bit, whatever the number of rows.

    Args:
      arm: the arm's kinematics.
      position_tolerance: how near the tip must come to a goal [m].
      rotation_tolerance: how far it may stay turned then [rad].
    """

    def __init__(
        self,
        arm: ArmKinematics,
        position_tolerance: float = POSITION_TOLERANCE,
        rotation_tolerance: float = ROTATION_TOLERANCE,
    ) -> None:
        self.arm = arm
        self._accepted = (position_tolerance, rotation_tolerance)
        self._sought = (
            min(position_tolerance, POSITION_TOLERANCE),
            min(rotation_tolerance, ROTATION_TOLERANCE),
        )

    def solve(
        self, starts: ArrayLike, goals: ArrayLike, preferred: ArrayLike | None = None
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """The way down from each start.

        Where the arm has a choice it leans towards the preferred posture. A start
        that is at its goal already is its own solution.

        Args:
          starts: (n, 7) joint positions [rad] within the limits.
          goals: (n, 7) or (7,) poses of the tip: position [m], unit ``xyzw``, world.
          preferred: (n, 7) or (7,) joint positions [rad]; None stands for the starts.

        Returns:
          solutions (n, 7) [rad] within the joint limits, and reached (n,) bool:
          whether the tip is within the tolerances there. Where it is not, the
          solution is the last that was tried.
        """
        solutions = np.array(starts, np.float64)
        goals = np.broadcast_to(np.asarray(goals, np.float64), solutions.shape)
        posture = solutions if preferred is None else preferred
        postures = np.array(np.broadcast_to(posture, solutions.shape), np.float64)
        goal_positions, goal_matrices = goals[:, :3], matrix_from_quat(goals[:, 3:])
        count = len(solutions)
        reached = np.zeros(count, bool)
        least, waited = np.full(count, np.inf), np.zeros(count, np.int64)
        rows = np.arange(count)
        for iteration in range(MAX_ITERATIONS + 1):
            joints = solutions[rows]
            position, matrix, jacobian = self.arm.tip_and_jacobian(joints)
            error = np.empty((len(rows), 6))
            error[:, :3] = goal_positions[rows] - position
            error[:, 3:] = _turn(goal_matrices[rows] @ matrix.transpose(0, 2, 1))
            offset, turn = _squared_errors(error)
            reached[rows] = _within(offset, turn, self._accepted)
            improved = offset + turn < 0.98 * least[rows]
            waited[rows] = np.where(improved, 0, waited[rows] + 1)
            least[rows] = np.where(improved, offset + turn, least[rows])
            going = ~_within(offset, turn, self._sought) & (waited[rows] < _PATIENCE)
            if iteration == MAX_ITERATIONS or not going.any():
                break
            rows, joints = rows[going], joints[going]
            move = self._move(joints, jacobian[going], error[going], postures[rows])
            solutions[rows] = np.clip(joints + move, self.arm.lower, self.arm.upper)
        return solutions, reached

    def solve_anywhere(
        self,
        starts: ArrayLike,
        goals: ArrayLike,
        rng: np.random.Generator,
        preferred: ArrayLike | None = None,
        nearby: int = NEARBY_STARTS,
        distant: int = DISTANT_STARTS,
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """As :meth:`solve`, and where that fails from random starts as well.

        First from starts around the given one, then from anywhere within the limits:
        the solution may then be far from the start, with the elbow elsewhere.

        Args:
          starts: (n, 7) joint positions [rad] within the limits, tried first.
          goals: (n, 7) or (7,) poses of the tip.
          rng: draws the further starts; every row gets the same draws, and the
            first that leads to its goal counts.
          preferred: (n, 7) or (7,) joint positions [rad]; None stands for the starts.
          nearby: how many further starts around the first.
          distant: how many further starts anywhere.

        Returns:
          As :meth:`solve`.
        """
        starts = np.asarray(starts, np.float64)
        goals = np.broadcast_to(np.asarray(goals, np.float64), starts.shape)
        posture = starts if preferred is None else preferred
        postures = np.broadcast_to(np.asarray(posture, np.float64), starts.shape)
        solutions, reached = self.solve(starts, goals, postures)
        lower, upper = self.arm.lower, self.arm.upper
        # The tolerances may bring the wrist a little nearer.
        slack = self._accepted[0] + self._accepted[1] * _TIP_TO_WRIST + 1e-5
        hopeless = self.arm.overreach(goals) > slack
        offsets = rng.normal(0.0, _NEARBY, (nearby, 7))
        draws = np.concatenate([offsets, rng.uniform(lower, upper, (distant, 7))])
        # A nearby start is the first one plus its draw, a distant one its draw alone.
        around = (np.arange(len(draws)) < nearby)[:, None]
        further = 0
        while further < len(draws):
            rows = np.flatnonzero(~(reached | hopeless))
            if not rows.size:
                break
            # Few rows cost little more with several starts at once than with one.
            group = slice(further, further + max(1, _AT_ONCE // rows.size))
            further = group.stop
            tried = starts[rows][:, None] * around[group] + draws[group]
            tried = np.clip(tried, lower, upper).reshape(-1, 7)
            more = len(tried) // len(rows)
            each = np.repeat(rows, more)
            found, there = self.solve(tried, goals[each], postures[each])
            there = there.reshape(len(rows), -1)
            solved = there.any(axis=1)
            first = found.reshape(*there.shape, 7)[solved, there[solved].argmax(axis=1)]
            solutions[rows[solved]] = first
            reached[rows[solved]] = True
        return solutions, reached

    def _move(
        self,
        joints: FloatArray,
        jacobian: FloatArray,
        error: FloatArray,
        postures: FloatArray,
    ) -> FloatArray:
        """One step of every row; joints at a limit do not push against it."""
        lean = _POSTURE_GAIN * (postures - joints)
        move = _damped_step(jacobian, error, lean)
        stopped = (joints >= self.arm.upper) & (move > 0)
        stopped |= (joints <= self.arm.lower) & (move < 0)
        rows = np.flatnonzero(stopped.any(axis=1))
        if rows.size:
            free = ~stopped[rows]
            move[rows] = free * _damped_step(
                jacobian[rows] * free[:, None], error[rows], lean[rows] * free
            )
        largest = np.abs(move).max(axis=1, keepdims=True)
        return move * (_LARGEST_MOVE / np.maximum(largest, _LARGEST_MOVE))


def straight_line(
    start: ArrayLike, goal: ArrayLike, max_step: float, max_turn: float
) -> FloatArray:
    """Poses from one to another: even steps, the shorter way round.

    Args:
      start: (7,) position [m] and unit ``xyzw``.
      goal: (7,) likewise; the last of the result.
      max_step: between neighbours [m].
      max_turn: between neighbours [rad].

    Returns:
      (steps, 7) without the start; at least one.
    """
    start, goal = np.asarray(start, np.float64), np.asarray(goal, np.float64)
    turn = quat_multiply(goal[3:], quat_conjugate(start[3:]))
    turn = turn * np.copysign(1.0, turn[3])
    sine = float(np.linalg.norm(turn[:3]))
    angle = 2 * np.arctan2(sine, turn[3])
    length = float(np.linalg.norm(goal[:3] - start[:3]))
    steps = max(1, int(np.ceil(max(length / max_step, angle / max_turn) - 1e-9)))
    parts = np.arange(1, steps + 1) / steps
    axis = turn[:3] / sine if sine > 0 else np.array([0.0, 0.0, 1.0])
    half = parts[:, None] * angle / 2
    turns = np.concatenate([np.sin(half) * axis, np.cos(half)], axis=1)
    poses = np.empty((steps, 7))
    poses[:, :3] = start[:3] + parts[:, None] * (goal[:3] - start[:3])
    poses[:, 3:] = quat_multiply(turns, start[3:])
    return poses


def follow_line(
    inverse: InverseKinematics,
    start: ArrayLike,
    goal: ArrayLike,
    *,
    max_step: float = 0.01,
    max_turn: float = 0.05,
    max_joint_step: float = 0.25,
    preferred: ArrayLike | None = None,
) -> FloatArray | None:
    """Joint positions that move the tip along a straight line to a pose.

    Args:
      inverse: solves each pose of the line from the one before.
      start: (7,) joint positions [rad].
      goal: (7,) pose of the tip: position [m], unit ``xyzw``, world.
      max_step: of the tip between neighbours [m].
      max_turn: likewise [rad].
      max_joint_step: of a joint between neighbours [rad]; a larger one is a jump.
      preferred: (7,) joint positions [rad] to lean towards; None stands for the start.

    Returns:
      (k, 7) [rad], the start first; None where the line leaves what the arm reaches
      within its joint limits, or where its joints would have to jump.
    """
    joints = np.asarray(start, np.float64)[None]
    posture = joints if preferred is None else preferred
    path = [joints[0]]
    for pose in straight_line(
        inverse.arm.tip_pose(joints[0]), goal, max_step, max_turn
    ):
        following, reached = inverse.solve(joints, pose, posture)
        if not reached[0] or np.abs(following - joints).max() > max_joint_step:
            return None
        joints = following
        path.append(joints[0])
    return np.stack(path)


def _damped_step(
    jacobian: FloatArray, error: FloatArray, lean: FloatArray
) -> FloatArray:
    """Least squares towards the goal, plus what of the lean the tip does not feel.

    Args:
      jacobian: (n, 6, 7).
      error: (n, 6) what is left to the goal.
      lean: (n, 7) where the joints would rather go.
    """
    offset, turn = _squared_errors(error)
    damping = 0.5 * (offset + turn) + _LEAST_DAMPING
    transposed = jacobian.transpose(0, 2, 1)
    gram = jacobian @ transposed
    gram[:, range(6), range(6)] += damping[:, None]
    wanted = error[..., None] - jacobian @ lean[..., None]
    return lean + (transposed @ np.linalg.solve(gram, wanted))[..., 0]


def _turn(matrices: FloatArray) -> FloatArray:
    """Rotation vectors (n, 3) [rad] of rotation matrices (n, 3, 3)."""
    m = matrices
    skew = np.empty((len(m), 3))
    skew[:, 0] = m[:, 2, 1] - m[:, 1, 2]
    skew[:, 1] = m[:, 0, 2] - m[:, 2, 0]
    skew[:, 2] = m[:, 1, 0] - m[:, 0, 1]
    sine = np.sqrt(_sum3(skew * skew)) / 2
    cosine = (m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2] - 1) / 2
    # The angle over its sine goes to 1 with the angle.
    angle = np.arctan2(sine, cosine)
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)
    turns = skew * (scale / 2)[:, None]
    far = np.flatnonzero(cosine < _HALF_TURN)
    if far.size:
        quat = quat_from_matrix(m[far])
        sine = np.sqrt(_sum3(quat[:, :3] ** 2))
        turns[far] = quat[:, :3] * (2 * np.arctan2(sine, quat[:, 3]) / sine)[:, None]
    return turns


def _squared_errors(error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Squared distance [m^2] and angle [rad^2] of errors (n, 6), (n,) each."""
    squares = error * error
    return _sum3(squares[:, :3]), _sum3(squares[:, 3:])


def _within(
    offset: FloatArray, turn: FloatArray, tolerances: tuple[float, float]
) -> NDArray[np.bool_]:
    """Whether squared errors are within a distance [m] and an angle [rad], (n,)."""
    return (offset <= tolerances[0] ** 2) & (turn <= tolerances[1] ** 2)


def _sum3(values: FloatArray) -> FloatArray:
    """Sum over the last axis of (n, 3), in one order whatever the number of rows."""
    return values[:, 0] + values[:, 1] + values[:, 2]
