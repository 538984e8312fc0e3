"""Fits of the sources, kept with the large study so that not every worker makes them anew."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import is_number
from optuna_scaleup._optuna import read_study_attr
from optuna_scaleup._optuna import study_attrs
from optuna_scaleup._optuna import write_study_attr
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import UnitSpace


if TYPE_CHECKING:
    from optuna.study import Study


_ATTR_NAME: Final = "source_fit"
# A source that is still running has another fit after each of its trials; no attribute of a study
# can be deleted.
_MAX_ATTRS: Final = 128


class StudyShelf:
    """Hyperparameters in the system attributes of a study, as :class:`~..types.FitShelf`.

    Each lies under the fingerprint of what it was fitted to, so workers that write at the same
    time write the same.

    Args:
        study: The large study.
        notices: Where unreadable fits are told of.
    """

    def __init__(self, study: Study, notices: Notices) -> None:
        self._study = study
        self._notices = notices

    def get(self, key: str) -> Array | None:
        try:
            stored = read_study_attr(self._study, _name(key))
            return None if stored is None else _checked(stored)
        except ValueError:
            self._tell_of_corruption()
            return None

    def put(self, key: str, theta: Array, instead_of: Array | None = None) -> None:
        present = [name for name in study_attrs(self._study) if _name("") in name]
        if any(_name(key) in name for name in present):
            known = self.get(key)
            if known is not None and (instead_of is None or not np.array_equal(known, instead_of)):
                return  # another worker was faster
            self._tell_of_corruption()
        elif len(present) >= _MAX_ATTRS:
            message = (
                f"Study {self._study.study_name!r} keeps {_MAX_ATTRS} attributes with fits of "
                "sources, as they were at some time; no more are kept, so each worker fits new "
                "ones itself."
            )
            self._notices.once(logging.INFO, ("full", self._study.study_name), message)
            return
        write_study_attr(self._study, _name(key), theta.tolist())

    def _tell_of_corruption(self) -> None:
        message = (
            f"Study {self._study.study_name!r} carries a fit of a source that is none; it is made "
            "anew."
        )
        self._notices.once(logging.WARNING, ("corrupt fit", self._study.study_name), message)


def fingerprint(dataset: Dataset, unit: UnitSpace) -> str:
    """Equal in any process if, and only if, the arrays and the kinds of axes are equal."""
    parts = {
        "X": dataset.X,
        "Y": dataset.Y,
        "is_categorical": unit.is_categorical,
        "noise_var": dataset.noise_var,
        "cost": dataset.cost,
        "X_failed": dataset.X_failed,
        **{f"constraint {name}": column for name, column in dataset.constraints.items()},
    }
    known = {name: array for name, array in parts.items() if array is not None}
    digest = hashlib.sha256(repr([(name, a.shape) for name, a in known.items()]).encode())
    for array in known.values():
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _name(key: str) -> str:
    return f"{_ATTR_NAME}:{key}"


def _checked(stored: Any) -> Array:
    """Raises ValueError unless ``stored`` is a list of finite numbers."""
    if not isinstance(stored, list) or not all(is_number(value) for value in stored):
        raise ValueError("A fit is a list of numbers.")
    try:
        theta = np.array(stored, dtype=float)
    except OverflowError as error:
        raise ValueError("A number of a fit is too large.") from error
    if not np.isfinite(theta).all():
        raise ValueError("The numbers of a fit are finite.")
    return theta
