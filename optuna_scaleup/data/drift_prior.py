"""What is believed in advance about how the optimum moves with size: exponents with errors."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np

from optuna_scaleup._optuna import Notices
from optuna_scaleup._optuna import as_float
from optuna_scaleup._optuna import is_number
from optuna_scaleup._optuna import logger
from optuna_scaleup.data.drift_presets import CONSENSUS
from optuna_scaleup.data.drift_presets import PRESETS
from optuna_scaleup.data.drift_presets import Preset
from optuna_scaleup.data.drift_presets import has_role
from optuna_scaleup.data.encoding import NumericEncoding
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Array


EXPONENT_STD: Final = 0.25
"""Error of a believed exponent whose error is not given: about how far published ones differ."""


class Belief(NamedTuple):
    """An exponent and its standard deviation."""

    mean: float
    std: float = EXPONENT_STD


@dataclass(frozen=True)
class DriftPrior:
    """Beliefs about exponents: ``best value of a parameter ∝ size^exponent``.

    Attributes:
        beliefs: By parameter and name of a size, from the user.
        preset: Name of a published law, if the user named one.
        is_default: Whether the user said nothing.
    """

    beliefs: Mapping[str, Mapping[str, Belief]] = field(default_factory=dict)
    preset: str | None = None
    is_default: bool = False

    def about(self, parameter: str, sizes: Sequence[str]) -> dict[str, Belief]:
        """Beliefs about one parameter by name of a size."""
        if self.preset is None:
            return dict(self.beliefs.get(parameter, {}))
        beliefs = {
            size_role: {
                size: Belief(exponent)
                for size in sizes
                if has_role(size, size_role, self.is_default)
            }
            for role, exponents in PRESETS[self.preset].exponents.items()
            if has_role(parameter, role, self.is_default)
            for size_role, exponent in exponents.items()
        }
        roles = _independent({role for role, by_size in beliefs.items() if by_size})
        return {size: belief for role in roles for size, belief in beliefs[role].items()}


def _independent(roles: Set[str]) -> Set[str]:
    """Those of the sizes that do not follow from others, and so would count twice.

    Compute is parameters times tokens, and parameters grow with the width.
    """
    if {"parameters", "tokens"} <= roles:
        return roles - {"compute", "width"}
    if "compute" in roles:
        return roles - {"parameters", "tokens", "width"}
    return roles - {"width"} if "parameters" in roles else roles


def plain_prior(prior: DriftPrior) -> str | dict[str, Any] | None:
    """What :func:`checked_prior` takes, as JSON can hold it."""
    if prior.is_default:
        return None
    if prior.preset is not None:
        return prior.preset
    return {
        parameter: {size: list(belief) for size, belief in exponents.items()}
        for parameter, exponents in prior.beliefs.items()
    }


def checked_prior(drift_prior: Any, sizes: Sequence[str]) -> DriftPrior:
    """The prior that the user means.

    Args:
        drift_prior: A preset's name, beliefs by parameter, or :obj:`None` for what holds by
            default.
        sizes: Names of the large study's sizes.

    Raises:
        TypeError: If it is nothing of that kind, or an exponent is no number.
        ValueError: If a preset or a size is not known, or an exponent is not finite.
    """
    if drift_prior is None:
        return DriftPrior(preset=CONSENSUS, is_default=True)
    if isinstance(drift_prior, str):
        if drift_prior not in PRESETS:
            known = "; ".join(f"{name!r} ({p.paper})" for name, p in PRESETS.items())
            raise ValueError(f"Unknown `drift_prior` {drift_prior!r}. There is: {known}.")
        if not sizes:
            _tell_without_sizes()
        return DriftPrior(preset=drift_prior)
    if not isinstance(drift_prior, Mapping):
        raise TypeError(
            "`drift_prior` is the name of a preset or a mapping such as "
            f"{{'lr': {{'params': -0.7}}}}; got {drift_prior!r}."
        )
    beliefs = {n: _checked_exponents(n, e, sizes) for n, e in drift_prior.items()}
    if beliefs and not sizes:
        _tell_without_sizes()
    return DriftPrior(beliefs)


def _tell_without_sizes() -> None:
    logger.warning(
        "`drift_prior` says how the optimum moves with size, but the large study has no `scale`: "
        "it is not used. Give `scale` to the sampler."
    )


def slope_beliefs(
    prior: DriftPrior, space: SearchSpace, sizes: Sequence[str], notices: Notices
) -> tuple[Array, Array]:
    """Mean and standard deviation of each axis's slope, shape ``(d, p)``.

    In widths of the axis per unit of log ratio; ``NaN`` where nothing is believed. An exponent
    has a meaning on a logarithmic axis only.
    """
    mean = np.full((len(space.names), len(sizes)), np.nan)
    std = mean.copy()
    for j, (name, encoding) in enumerate(zip(space.names, space.encodings, strict=True)):
        beliefs = prior.about(name, sizes)
        is_log = isinstance(encoding, NumericEncoding) and encoding.is_log
        if beliefs and not is_log:
            if prior.is_default:
                continue
            message = (
                f"What `drift_prior` says about {name!r} is not used: an exponent needs a "
                "parameter on a logarithmic scale (`log=True`)."
            )
            notices.once(logging.INFO, ("drift prior", name), message)
            continue
        for i, size in enumerate(sizes):
            if size in beliefs and isinstance(encoding, NumericEncoding):
                mean[j, i] = beliefs[size].mean / encoding.width
                std[j, i] = beliefs[size].std / encoding.width
    is_believed = ~np.isnan(mean).all(axis=1)
    believed = [name for name, is_it in zip(space.names, is_believed, strict=True) if is_it]
    if prior.is_default:
        _tell_default(believed, notices)
    elif believed:
        _tell_unknown(prior, space.names, notices)
    else:
        _tell_if_useless(prior, space.names, sizes, notices)
    return mean, std


def _tell_if_useless(
    prior: DriftPrior, parameters: Sequence[str], sizes: Sequence[str], notices: Notices
) -> None:
    if prior.preset is not None:
        speaks = f"{prior.preset!r} speaks of {_speaks_of(PRESETS[prior.preset])}"
    elif prior.beliefs:
        speaks = f"it speaks of {', '.join(prior.beliefs)}"
    else:
        return
    message = (
        f"`drift_prior` applies to nothing here: {speaks}; the study has the parameters "
        f"{', '.join(parameters)} and the sizes {', '.join(sizes)}."
    )
    notices.once(logging.WARNING, ("drift prior", *parameters), message)


def _tell_unknown(prior: DriftPrior, parameters: Sequence[str], notices: Notices) -> None:
    unknown = [name for name in prior.beliefs if name not in parameters]
    if unknown:
        message = (
            f"What `drift_prior` says about {', '.join(map(repr, unknown))} is not used: the "
            f"study has no such parameter so far. It has {', '.join(parameters)}."
        )
        notices.once(logging.INFO, ("drift prior", *unknown), message)


def _tell_default(parameters: Sequence[str], notices: Notices) -> None:
    if not parameters:
        return
    message = (
        f"What published laws say about {', '.join(map(repr, parameters))} by size is believed "
        f"in advance ({PRESETS[CONSENSUS].paper}); `drift_prior={{}}` believes nothing."
    )
    notices.once(logging.INFO, ("drift prior", *parameters), message)


def _speaks_of(preset: Preset) -> str:
    return "; ".join(f"{role} by {', '.join(e)}" for role, e in preset.exponents.items())


def _checked_exponents(parameter: Any, given: Any, sizes: Sequence[str]) -> dict[str, Belief]:
    what = f"`drift_prior` of {parameter!r}"
    if not isinstance(parameter, str):
        raise TypeError(f"`drift_prior` maps names of parameters; got the name {parameter!r}.")
    if not isinstance(given, Mapping):
        belief = _checked_belief(given, what)
        if len(sizes) > 1:
            raise ValueError(
                f"{what} has to say which size it means, one of {', '.join(map(repr, sizes))}, "
                f"as in {{{sizes[0]!r}: -0.5}}; got {given!r}."
            )
        return dict.fromkeys(sizes, belief)
    unknown = [size for size in given if size not in sizes]
    if unknown and sizes:
        raise ValueError(
            f"{what} names the sizes {', '.join(map(repr, unknown))}; the `scale` of the large "
            f"study has {', '.join(map(repr, sizes))}."
        )
    return {size: _checked_belief(b, f"{what} by {size!r}") for size, b in given.items()}


def _checked_belief(given: Any, what: str) -> Belief:
    is_pair = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    parts = tuple(given) if is_pair else (given,)
    if len(parts) not in (1, 2) or not all(map(is_number, parts)):
        raise TypeError(
            f"{what} is an exponent, or an exponent and its standard deviation; got {given!r}."
        )
    belief = Belief(*map(as_float, parts))
    if not math.isfinite(belief.mean) or not 0.0 < belief.std < math.inf:
        raise ValueError(
            f"{what} is a finite exponent with a positive, finite standard deviation; got "
            f"{given!r}."
        )
    return belief
