"""Pareto fronts, and the region that improves on one as disjoint boxes; larger is better.

The boxes follow from the local upper bounds of the front (Klamroth, Lacour & Vanderpooten, 2015)
in the partition of Lacour, Klamroth & Fonseca (2017); ``2n + 1`` of them for ``n`` points and
three objectives, for any number of objectives no more than needed.
"""

from __future__ import annotations

import numpy as np

from optuna_scaleup.types import Array


_MAX_BOXES = 2000


def is_nondominated(Y: Array) -> Array:
    """Rows of ``Y``, shape ``(n, m)``, that no other row dominates; of equal rows the first."""
    no_worse = (Y[:, None] >= Y[None]).all(axis=-1)
    better = (Y[:, None] > Y[None]).any(axis=-1)
    is_equal = no_worse & no_worse.T
    is_earlier = np.tri(len(Y), k=-1, dtype=bool).T  # [i, j]: i stands before j
    return np.asarray(~((no_worse & better) | (is_equal & is_earlier)).any(axis=0))


def improvement_boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """Disjoint boxes that cover what is above ``reference`` and not dominated by ``front``.

    A front that needs too many boxes, as may happen with four objectives or more, is represented
    by some of its points, the most different ones first.

    Args:
        front: Shape ``(n, m)``; ``n`` may be zero.
        reference: Shape ``(m,)``.

    Returns:
        Lower and upper corners, shape ``(n_boxes, m)`` each; upper ones may be infinite.
    """
    inside = front[(front > reference).all(axis=1)]
    inside = inside[is_nondominated(inside)]
    m = len(reference)
    # Below, smaller is better: the literature's convention.
    bounds = -reference[None]
    definers = np.full((1, m, m), -np.inf)  # of each bound, the point that defines axis k
    definers[0, range(m), range(m)] = -reference
    for point in -inside[most_different_first(inside)]:
        new_bounds, new_definers = _insert(bounds, definers, point)
        if len(new_bounds) > _MAX_BOXES:
            break
        bounds, definers = new_bounds, new_definers
    lower = np.full_like(bounds, -np.inf)
    for j in range(1, m):
        lower[:, j] = definers[:, :j, j].max(axis=1)
    has_volume = (lower < bounds).all(axis=1)
    return -bounds[has_volume], -lower[has_volume]


def _insert(bounds: Array, definers: Array, point: Array) -> tuple[Array, Array]:
    """Local upper bounds, shape ``(b, m)``, with one more point of the front, shape ``(m,)``."""
    m = len(point)
    is_cut = (point < bounds).all(axis=1)
    cut, cut_definers = bounds[is_cut], definers[is_cut]
    parts, definer_parts = [bounds[~is_cut]], [definers[~is_cut]]
    for j in range(m):
        others = np.delete(cut_definers[:, :, j], j, axis=1)
        stays = point[j] >= others.max(axis=1, initial=-np.inf)
        part, definer_part = cut[stays].copy(), cut_definers[stays].copy()
        part[:, j] = point[j]
        definer_part[:, j] = point
        parts.append(part)
        definer_parts.append(definer_part)
    return np.concatenate(parts), np.concatenate(definer_parts)


def most_different_first(front: Array) -> list[int]:
    """Rows in greedy k-centre order (Gonzalez, 1985), from the best in the first objective on."""
    if not len(front):
        return []
    with np.errstate(over="ignore"):
        span = np.minimum(np.ptp(front, axis=0), np.finfo(float).max)
    scaled = front / np.where(span > 0.0, span, 1.0)
    order = [int(np.argmax(front[:, 0]))]
    gap = np.full(len(front), np.inf)
    while len(order) < len(front):
        gap = np.minimum(gap, ((scaled - scaled[order[-1]]) ** 2).sum(axis=1))
        gap[order] = -1.0
        order.append(int(np.argmax(gap)))
    return order
