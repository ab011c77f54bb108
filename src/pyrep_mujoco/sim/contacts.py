"""Functions of the API: which shapes touch, where, and how hard."""

from typing import Any

import mujoco
import numpy as np

from pyrep_mujoco.sim import constants as c
from pyrep_mujoco.sim.simulation import current


def simGetContactInfo(
    contact_obj_handle: int, get_contact_normal: bool
) -> list[dict[str, Any]]:
    """The contacts of the last physics step.

    Args:
      contact_obj_handle: of a shape, or ``sim_handle_all``.
      get_contact_normal: whether normals are asked for.

    Returns:
      for each contact ``contact``: point [m], force of the first shape on the second
      [N] and, if asked for, normal from the first to the second, all in the world; and
      ``contact_handles``: both shapes' handles. Empty while no simulation runs.

    Raises:
      UnknownObjectError: there is no such object.
    """
    simulation = current()
    asked = None
    if contact_obj_handle != c.ALL:
        asked = simulation.node(contact_obj_handle).handle
    if not simulation.running:
        return []
    compiled = simulation.scene.compiled
    compiled.know_forces()
    model, data = compiled.model, compiled.data
    handles = {body: node.handle for node, body in compiled.bodies.items()}
    found = []
    force = np.empty(6)
    for number in range(data.ncon):
        contact = data.contact[number]
        pair = [handles.get(int(model.geom_bodyid[geom]), -1) for geom in contact.geom]
        # Contacts that were found but do not press have no rows of constraints.
        if contact.efc_address < 0 or (asked is not None and asked not in pair):
            continue
        mujoco.mj_contactForce(model, data, number, force)
        axes = contact.frame.reshape(3, 3)
        parts = [*contact.pos.tolist(), *(force[:3] @ axes).tolist()]
        if get_contact_normal:
            parts += axes[0].tolist()
        found.append({"contact": parts, "contact_handles": pair})
    return found
