"""A source's parameters in the large study's names and units."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from numbers import Integral
from typing import TYPE_CHECKING
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup._optuna import as_float


if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


Transform = Callable[[Any], Any]


@dataclass(frozen=True)
class Translation:
    """New names and functions of values, both by the source's own names.

    Attributes:
        names: The large study's name of each parameter that has another one in the source.
        functions: The large study's value of a source's value.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, Transform] = field(default_factory=dict)

    @classmethod
    def of(cls, rename: Any, transform: Any) -> Translation:
        """Checks what the user gave.

        Raises:
            TypeError: If ``rename`` does not map names to names or ``transform`` names to
                functions.
            ValueError: If two parameters get one name.
        """
        rename, transform = rename or {}, transform or {}
        if not _maps_names(rename, lambda new: isinstance(new, str)):
            raise TypeError(
                "`rename` maps names of the source's parameters to those of the large study; got "
                f"{rename!r}."
            )
        if not _maps_names(transform, callable):
            raise TypeError(
                "`transform` maps names of the source's parameters to functions of their values; "
                f"got {transform!r}."
            )
        _check_unique(rename.values())
        return cls(dict(rename), dict(transform))

    def complaint(self, known: Collection[str], whose: str) -> str:
        """What is named but not there, or an empty text.

        Args:
            known: The source's own names; nothing is missed if it has no trials yet.
            whose: What messages call the source.
        """
        for argument, used in (("rename", self.names), ("transform", self.functions)):
            unknown = sorted(set(used).difference(known))
            if known and unknown:
                return (
                    f"`{argument}` names {', '.join(map(repr, unknown))}, which {whose} does "
                    f"not have; its parameters are {', '.join(map(repr, sorted(known)))}."
                )
        return ""

    def apply(
        self, trials: Sequence[FrozenTrial], skipped: Callable[[str], None] | None = None
    ) -> list[FrozenTrial]:
        """Copies of the trials as if they had been sampled in the large study's terms.

        Args:
            trials: As the source has them.
            skipped: Told why a trial is left out for which a function fails; an error if
                :obj:`None`.

        Raises:
            ValueError: If a function fails, or two parameters would get one name.
        """
        if not self.names and not self.functions:
            return list(trials)
        known = {name for trial in trials for name in trial.params}
        _check_unique(self.names.get(name, name) for name in known)
        translated = []
        for trial in trials:
            try:
                translated.append(self._with_params(trial))
            except ValueError as error:
                if skipped is None:
                    raise
                skipped(str(error))
        tried = {
            name: _range_of([t.params[new] for t in translated if new in t.params])
            for name in self.functions
            for new in [self.names.get(name, name)]
        }
        seen: dict[tuple[str, int], BaseDistribution] = {}  # most trials share distributions
        for trial in translated:
            for name, distribution in trial.distributions.items():
                if (name, id(distribution)) not in seen:
                    seen[name, id(distribution)] = self._distribution(
                        name, distribution, tried.get(name)
                    )
            trial.distributions = {
                self.names.get(n, n): seen[n, id(d)] for n, d in trial.distributions.items()
            }
        return translated

    def _with_params(self, trial: FrozenTrial) -> FrozenTrial:
        translated = copy.copy(trial)
        where = f"of trial {trial.number}"
        translated.params = {
            self.names.get(n, n): self._value(n, v, where) for n, v in trial.params.items()
        }
        return translated

    def _value(self, name: str, value: Any, where: str) -> Any:
        function = self.functions.get(name)
        if function is None:
            return value
        try:
            return function(value)
        except Exception as error:
            raise ValueError(
                f"`transform` of {name!r} failed for {value!r} {where}: {error}."
            ) from error

    def _distribution(
        self, name: str, distribution: BaseDistribution, tried: BaseDistribution | None
    ) -> BaseDistribution:
        """What the large study is likely to sample from, as long as it has not shown it.

        A function need not be defined at the ends of a range, such as a logarithm at zero: there
        the range of what was tried counts.
        """
        if name not in self.functions:
            return distribution
        if isinstance(distribution, CategoricalDistribution):
            where = "of the search space"
            choices = [self._value(name, choice, where) for choice in distribution.choices]
            return CategoricalDistribution(
                [c for i, c in enumerate(choices) if c not in choices[:i]]
            )
        if isinstance(distribution, (FloatDistribution, IntDistribution)):
            points = (distribution.low, _middle(distribution), distribution.high)
            try:
                image = [self.functions[name](point) for point in points]
            except Exception:
                image = []
            return _range_of(image) or tried or distribution
        return distribution


def _middle(distribution: FloatDistribution | IntDistribution) -> float | int:
    low, high = distribution.low, distribution.high
    middle = math.sqrt(low) * math.sqrt(high) if distribution.log else low / 2 + high / 2
    return int(middle) if isinstance(distribution, IntDistribution) else middle


def _range_of(image: Sequence[Any]) -> FloatDistribution | IntDistribution | None:
    """A range of these values if all are numbers, logarithmic if the middle is nearer to that."""
    if not image or not all(math.isfinite(as_float(value)) for value in image):
        return None
    ordered = sorted(image)
    low, middle, high = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    is_log = low > 0 and middle < (math.sqrt(low) * math.sqrt(high) + low / 2 + high / 2) / 2
    if all(isinstance(value, Integral) for value in image):  # NumPy's as well
        return IntDistribution(int(low), int(high), log=is_log)
    return FloatDistribution(low, high, log=is_log)


def _maps_names(given: Any, is_value: Callable[[Any], bool]) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(name, str) and is_value(value) for name, value in given.items()
    )


def _check_unique(new_names: Iterable[str]) -> None:
    twice = sorted(name for name, n in Counter(new_names).items() if n > 1)
    if twice:
        raise ValueError(
            f"`rename` gives {', '.join(map(repr, twice))} to more than one parameter of the "
            "source. Each needs a name of its own."
        )
