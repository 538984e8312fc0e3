"""The cost to be expected of a trial as a term of the acquisition function.

Improvement per expected cost (Snoek et al., 2012), where the expected cost is the exponential of
each draw's most likely logarithm, averaged over the draws. The arithmetic mean would be decided by
the heavy tail of what is not known yet: how far apart the costs lie in the large study.
"""

from __future__ import annotations

import numpy as np

from optuna_scaleup.model.mixture import Mixture
from optuna_scaleup.types import Array


class LogCheapness:
    """Minus the logarithm of the expected cost.

    Args:
        log_cost: The model of the logarithm of the cost.
    """

    label = "per cost"
    is_log = True

    def __init__(self, log_cost: Mixture) -> None:
        self._log_cost = log_cost

    def value(self, X: Array) -> Array:
        """Value at the rows of ``X``, shape ``(q, d)`` to ``(q,)``."""
        return -self._log_cost.expected_values(X)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at one point, shape ``(d,)``; zero along categorical axes."""
        model = self._log_cost
        p = model.predict(x[None], with_grad=True)
        weight = np.exp(model.log_weight)
        # of the inverse warp, which is linear above zero
        slope = model.scale * np.exp(np.maximum(-p.mean[:, 0], 0.0))
        value = float(weight @ model.from_warped(p.mean)[:, 0])
        return -value, -((weight * slope) @ p.grad_mean[:, 0])
