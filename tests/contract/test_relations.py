"""Two studies that say the same in other words get the same suggestions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import PartialFixedSampler
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup.data.prediction import Prediction
from optuna_scaleup.data.prediction import read_prediction


Params = Mapping[str, Any]
Space = Mapping[str, BaseDistribution]

SPACE: Space = {
    "lr": FloatDistribution(1e-4, 1.0, log=True),
    "n": IntDistribution(1, 8),
    "opt": CategoricalDistribution(["adam", "sgd", "rms"]),
}
WAITING = optuna.create_trial(state=TrialState.WAITING)


def loss(params: Params, drift: float) -> float:
    slow = {"adam": 0.0, "sgd": 0.4, "rms": 0.2}[params["opt"]]
    gap = np.log10(params["lr"]) + 2.0 + drift
    return float(1.0 + 0.5 * gap**2 + 0.05 * (params["n"] - 4) ** 2 + slow)


def runs(n: int, drift: float, seed: int) -> list[tuple[Params, float]]:
    rng = np.random.default_rng(seed)
    kinds = ("adam", "sgd", "rms")
    points = [
        {
            "lr": float(10 ** rng.uniform(-4, 0)),
            "n": int(rng.integers(1, 9)),
            "opt": kinds[rng.integers(3)],
        }
        for _ in range(n)
    ]
    return [(point, loss(point, drift)) for point in points]


SMALL, LARGE = runs(12, 0.0, 0), runs(3, 0.4, 1)


@dataclass(frozen=True)
class Telling:
    """How the runs of both studies are told.

    Attributes:
        space: Of both studies.
        params: Of a run, in the terms of ``space``.
        value: Of a run.
        direction: Of both studies.
        source: What the sampler is given, from the small study.
        arguments: Of the sampler.
    """

    space: Space = field(default_factory=lambda: SPACE)
    params: Callable[[Params], Params] = dict
    value: Callable[[float], float] = float
    direction: StudyDirection = StudyDirection.MINIMIZE
    source: Callable[[optuna.Study], Any] = lambda study: study
    arguments: Mapping[str, Any] | None = None

    def study(self, rows: Sequence[tuple[Params, float]], **where: Any) -> optuna.Study:
        study = optuna.create_study(direction=self.direction, **where)
        study.add_trials([trial_of(self.params(p), self.space, self.value(v)) for p, v in rows])
        return study

    def next(self, large: Sequence[tuple[Params, float]] = LARGE) -> tuple[Params, Prediction]:
        study = self.study(large)
        given = self.source(self.study(SMALL))
        study.sampler = ScaleUpSampler(given, seed=0, **(self.arguments or {}))
        return asked(study, self.space)


def trial_of(params: Params, space: Space, value: float, **more: Any) -> FrozenTrial:
    return optuna.create_trial(
        params=dict(params),
        distributions={name: space[name] for name in params},
        value=value,
        **more,
    )


def asked(study: optuna.Study, space: Space) -> tuple[Params, Prediction]:
    """The next suggestion, each parameter asked for by itself, and what is expected of it."""
    trial = study.ask(dict(space))
    return trial.params, read_prediction(study.trials[trial.number])


def assert_same(
    got: tuple[Params, Prediction],
    wanted: tuple[Params, Prediction],
    telling: Telling = Telling(),
) -> None:
    """The same point and expectation up to rounding, once ``wanted`` is told the other way."""
    params, expected = telling.params(wanted[0]), wanted[1]
    assert got[0] == {
        name: pytest.approx(v, rel=1e-4) if isinstance(v, float) else v
        for name, v in params.items()
    }
    assert got[1].source_weights == pytest.approx(expected.source_weights, abs=1e-3)
    assert (got[1].value_interval is None) == (expected.value_interval is None)
    if got[1].value_interval is not None and expected.value_interval is not None:
        interval = sorted(map(telling.value, expected.value_interval))
        width = interval[2] - interval[0]
        assert got[1].value_interval == pytest.approx(interval, abs=1e-3 * width)


def _other_choices(params: Params) -> Params:
    return {**params, "opt": {"adam": None, "sgd": True, "rms": 7}[params["opt"]]}


def _as_table(study: optuna.Study) -> Source:
    columns = {name: [t.params[name] for t in study.trials] for name in SPACE}
    return Source.from_dataframe(
        {**columns, "loss": [t.value for t in study.trials]}, SPACE, "loss"
    )


def _unfinished(study: optuna.Study) -> optuna.Study:
    study.add_trial(WAITING)
    study.ask()
    return study


TELLINGS = {
    "negated": Telling(value=lambda v: -v, direction=StudyDirection.MAXIMIZE),
    "in another unit": Telling(value=lambda v: 3.7 * v),
    "rounded another way": Telling(value=lambda v: float(np.nextafter(v, np.inf))),
    "asked for in another order": Telling(space=dict(reversed([*SPACE.items()]))),
    "other names": Telling(
        space={f"net.{name}": d for name, d in SPACE.items()},
        params=lambda params: {f"net.{name}": v for name, v in params.items()},
        arguments={"drift_prior": {}},
    ),
    "other choices": Telling(
        space={**SPACE, "opt": CategoricalDistribution([None, True, 7])}, params=_other_choices
    ),
    "a parameter in another unit": Telling(
        space={**SPACE, "lr": FloatDistribution(0.1, 1e3, log=True)},
        params=lambda params: {**params, "lr": min(max(params["lr"] * 1e3, 0.1), 1e3)},
    ),
    "a float for an integer": Telling(
        space={**SPACE, "n": FloatDistribution(1.0, 8.0, step=1.0)},
        params=lambda params: {**params, "n": float(params["n"])},
    ),
    "a list of trials": Telling(source=lambda study: study.trials),
    "a table": Telling(source=_as_table),
    "with unfinished trials": Telling(source=_unfinished),
    "beside an empty source": Telling(source=lambda study: [study, optuna.create_study()]),
}


@pytest.fixture(scope="module", params=[0, 3])
def n_large(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def plain(n_large: int) -> tuple[Params, Prediction]:
    return Telling().next(LARGE[:n_large])


@pytest.mark.parametrize("telling", TELLINGS.values(), ids=TELLINGS.keys())
def test_the_same_in_other_words(
    plain: tuple[Params, Prediction], n_large: int, telling: Telling
) -> None:
    assert_same(telling.next(LARGE[:n_large]), plain, telling)


def test_sizes_in_another_unit() -> None:
    def sized(unit: float) -> Telling:
        return Telling(
            source=lambda study: Source(study, scale={"params": 60.0 * unit, "tokens": 1.0}),
            arguments={"scale": {"params": 1000.0 * unit, "tokens": 20.0}},
        )

    assert_same(sized(1e6).next(), sized(1.0).next())


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_storages(kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        storage: Any = f"sqlite:///{tmp_path}/studies.db"
    else:
        backend = JournalFileBackend(f"{tmp_path}/journal.log")
        storage = optuna.storages.JournalStorage(backend)
    small = Telling().study(SMALL, storage=storage, study_name="small")
    large = Telling().study(LARGE, storage=storage, study_name="large")
    large.sampler = ScaleUpSampler(small, seed=0)
    assert_same(asked(large, SPACE), Telling().next())


def _three_more(each: Callable[[ScaleUpSampler], ScaleUpSampler]) -> list[Params]:
    study = Telling().study(LARGE)
    sampler = ScaleUpSampler(Telling().study(SMALL), seed=0)
    for _ in range(3):
        study.sampler = sampler = each(sampler)
        trial = study.ask(dict(SPACE))
        study.tell(trial, loss(trial.params, 0.4))
    return [trial.params for trial in study.trials]


def _reloaded(sampler: ScaleUpSampler) -> ScaleUpSampler:
    copy: ScaleUpSampler = pickle.loads(pickle.dumps(sampler))
    return copy


def _asked_in_between(sampler: ScaleUpSampler) -> ScaleUpSampler:
    sampler.recommend(Telling().study(LARGE), n=2)
    sampler.diagnose(Telling().study(LARGE))
    return sampler


@pytest.mark.parametrize("each", [_reloaded, _asked_in_between])
def test_what_happens_to_the_sampler_between_trials(
    each: Callable[[ScaleUpSampler], ScaleUpSampler],
) -> None:
    assert _three_more(each) == _three_more(lambda sampler: sampler)


def test_recommending_again_or_fewer() -> None:
    study, sampler = Telling().study(LARGE), ScaleUpSampler(Telling().study(SMALL), seed=0)
    before = repr((study.trials, study.user_attrs))
    two = sampler.recommend(study, n=2)
    assert list(map(str, sampler.recommend(study, n=2))) == list(map(str, two))
    assert str(sampler.recommend(study)[0]) == str(two[0])
    assert repr((study.trials, study.user_attrs)) == before


def test_trials_of_the_source_in_another_order() -> None:
    """Of the source: rounding may decide between points to explore, not what is best by now."""

    def best(step: int) -> Params:
        sampler = ScaleUpSampler(Telling().study(SMALL).trials[::step], seed=0)
        return sampler.recommend(Telling().study(LARGE))[0].params

    one = best(1)
    assert best(-1) == {**one, "lr": pytest.approx(one["lr"], rel=1e-3)}


def test_a_parameter_that_somebody_holds_is_a_range_of_one_value() -> None:
    held, single = Telling().study(LARGE), Telling().study(LARGE)
    small = Telling().study(SMALL)
    held.sampler = PartialFixedSampler({"n": 6}, ScaleUpSampler(small, seed=0))
    single.sampler = ScaleUpSampler(small, seed=0)
    wanted, _ = asked(single, {"n": IntDistribution(6, 6), **{k: SPACE[k] for k in ("lr", "opt")}})
    got, _ = asked(held, {k: SPACE[k] for k in ("n", "lr", "opt")})
    assert got == {**wanted, "lr": pytest.approx(wanted["lr"], rel=0.25)}  # 0.025 of the range


def constrained(name: str, factor: float) -> tuple[Params, Prediction]:
    def study(rows: Sequence[tuple[Params, float]]) -> optuna.Study:
        made = optuna.create_study()
        for params, value in rows:
            limit = factor * (params["n"] - 5.0)
            attrs = {f"constraints:{name}": limit}
            made.add_trial(trial_of(params, SPACE, value, system_attrs=attrs))
        return made

    large = study(LARGE)
    large.sampler = ScaleUpSampler(study(SMALL), seed=0)
    return asked(large, SPACE)


@pytest.mark.parametrize(("name", "factor"), [("memory", 1.0), ("time", 1024.0)])
def test_a_constraint_in_another_unit_or_name(name: str, factor: float) -> None:
    assert_same(constrained(name, factor), constrained("time", 1.0))
