"""Sizes of sources and target, and beliefs about drift, as the numerics see them."""

from __future__ import annotations

from collections import UserList
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.drift_prior import checked_prior
from optuna_scaleup.data.drift_prior import plain_prior
from optuna_scaleup.data.ladder import Ladder
from optuna_scaleup.data.problem import Snapshot
from optuna_scaleup.data.space import SearchSpace
from optuna_scaleup.types import Scales


SPACE = SearchSpace.of(
    {
        "act": CategoricalDistribution(["a", "b"]),
        "bs": IntDistribution(1, 100, log=True),
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "x": FloatDistribution(0, 1),
    }
)
LR_WIDTH = np.log(1e3)
BS_WIDTH = np.log(100.5 / 0.5)


def study(name: str = "small") -> optuna.Study:
    made = optuna.create_study(study_name=name)
    made.add_trial(
        optuna.create_trial(
            value=1.0, params={"x": 0.5}, distributions={"x": FloatDistribution(0, 1)}
        )
    )
    return made


def scales_of(sources: Any, scale: Any, prior: Any, notices: Notices | None = None) -> Scales:
    target = optuna.create_study()
    target.ask()
    ladder = Ladder.of(sources, scale, prior)
    taken = Snapshot.take(target, target.trials[0], ladder, Notices())
    scales = taken.problem(SPACE, {}, notices or Notices()).scales
    assert scales is not None
    return scales


def test_ratios_and_order() -> None:
    sources = [
        Source(study("c"), scale={"n": 4.0, "d": 8.0}),
        Source(study("a"), scale={"n": 1.0, "d": 2.0}),
        Source(study("b"), scale={"n": 8.0, "d": 1.0}),
    ]
    target = {"d": 16.0, "n": 16.0}
    ladder = Ladder.of(sources, target)
    assert [reader.label for reader in ladder.readers] == ["a", "b", "c"]
    np.testing.assert_allclose(
        scales_of(sources, target, None).log_ratios / np.log(2), [[3, 4], [4, 1], [1, 2]]
    )


def test_sources_without_a_size_keep_the_given_order() -> None:
    sources = [Source(study("b"), scale=4), study("a"), Source(study("c"), scale=1)]
    assert [r.label for r in Ladder.of(sources, 8).readers] == ["b", "a", "c"]
    ratios = scales_of(sources, 8, None).log_ratios
    np.testing.assert_allclose(ratios, [[np.log(2)], [np.nan], [np.log(8)]])


def test_no_sizes_no_scales() -> None:
    target = optuna.create_study()
    target.ask()
    for ladder in (Ladder.of([study()]), Ladder.of([Source(study(), scale=1)])):
        taken = Snapshot.take(target, target.trials[0], ladder, Notices())
        assert taken.problem(SPACE, {}, Notices()).scales is None


@pytest.mark.parametrize(
    ("scales", "target", "message"),
    [
        ([{"n": 1.0}], {"m": 1.0}, "source 'small 0' has 'n'; the large study has 'm'"),
        (
            [{"n": 1.0}, {"n": 1.0, "d": 2.0}],
            None,
            "'small 0' has 'n'; source 'small 1' has 'd', 'n'",
        ),
        ([1.0], {"n": 1.0}, "'small 0' has 'size'; the large study has 'n'"),
        ([None], {"n": 1.0}, "no source has a scale"),
    ],
)
def test_names_of_sizes_have_to_agree(scales: list[Any], target: Any, message: str) -> None:
    sources = [Source(study(f"small {i}"), scale=s) for i, s in enumerate(scales)]
    with pytest.raises(ValueError, match=message):
        ScaleUpSampler(sources, scale=target)


def test_bad_target_scale() -> None:
    with pytest.raises(ValueError, match="`scale` of the large study, 'n', is positive"):
        ScaleUpSampler([Source(study(), scale={"n": 1})], scale={"n": -1})


def test_a_target_without_size_is_told(log_lines: list[str]) -> None:
    Ladder.of(Source(study(), scale=1))
    assert "the large study has none" in log_lines[0]


def test_believed_exponents_are_slopes_of_log_axes(log_lines: list[str]) -> None:
    sources = [Source(study(), scale={"n": 1.0, "d": 1.0})]
    prior = {"lr": {"n": -0.7, "d": (0.3, 0.1)}, "x": {"n": 1.0}, "act": {"n": 1.0}}
    notices = Notices()
    for _ in range(2):
        scales = scales_of(sources, {"n": 2.0, "d": 2.0}, prior, notices)
    nan = np.full(2, np.nan)
    lr = np.array([0.3, -0.7]) / LR_WIDTH
    np.testing.assert_allclose(scales.slope_mean, [nan, nan, lr, nan])
    np.testing.assert_allclose(scales.slope_std[2], np.array([0.1, 0.25]) / LR_WIDTH)
    told = [line for line in log_lines if "`drift_prior`" in line]
    assert len(told) == 2
    assert all("logarithmic scale" in line for line in told)


@pytest.mark.parametrize(
    ("preset", "size_names", "lr", "bs"),
    [
        ("steplaw", ("params", "tokens"), (-0.713, 0.307), (0.0, 0.571)),
        ("steplaw", ("N", "D"), (0.307, -0.713), (0.571, 0.0)),
        ("deepseek", ("compute",), (-0.125,), (0.3271,)),
        ("deepseek", ("params", "tokens"), (-0.125, -0.125), (0.3271, 0.3271)),
        ("mup", ("depth", "width"), (np.nan, 0.0), (np.nan, np.nan)),
        ("consensus", ("params", "tokens"), (-0.25, -0.1), (0.1, 0.4)),
        ("consensus", ("depth", "width"), (np.nan, -0.5), (np.nan, 0.2)),
        ("consensus", ("params", "width"), (-0.25, np.nan), (0.1, np.nan)),
        ("consensus", ("flops", "width"), (-0.15, np.nan), (0.3, np.nan)),
        ("consensus", ("flops", "params"), (-0.15, np.nan), (0.3, np.nan)),
        (
            "consensus",
            ("flops", "params", "tokens"),
            (np.nan, -0.25, -0.1),
            (np.nan, 0.1, 0.4),
        ),
        ("deepseek", ("flops", "tokens"), (-0.125, np.nan), (0.3271, np.nan)),
        (None, ("params", "tokens"), (-0.25, -0.1), (0.1, 0.4)),
        (None, ("compute", "depth"), (-0.15, np.nan), (0.3, np.nan)),
        (None, ("D", "N"), (np.nan, np.nan), (np.nan, np.nan)),  # a letter may mean anything
        ({}, ("params", "tokens"), (np.nan, np.nan), (np.nan, np.nan)),
    ],
)
def test_presets(
    preset: Any, size_names: tuple[str, ...], lr: tuple[float, ...], bs: tuple[float, ...]
) -> None:
    sizes = dict.fromkeys(size_names, 1.0)
    scales = scales_of([Source(study(), scale=sizes)], sizes, preset)
    np.testing.assert_allclose(scales.slope_mean[2], np.array(lr) / LR_WIDTH)
    np.testing.assert_allclose(scales.slope_mean[1], np.array(bs) / BS_WIDTH)
    np.testing.assert_allclose(scales.slope_std[2], np.array(lr) * 0 + 0.25 / LR_WIDTH)


def test_the_default_belief_is_told_once_and_only_where_it_applies(log_lines: list[str]) -> None:
    notices = Notices()
    for sizes in ({"params": 1.0}, {"params": 1.0}, {"depth": 1.0}):
        scales_of([Source(study(), scale=sizes)], sizes, None, notices)
    (line,) = [line for line in log_lines if "`drift_prior" in line]
    assert "say about 'bs', 'lr' by size is believed" in line
    assert "`drift_prior={}` believes nothing" in line


def test_beliefs_survive_in_the_storage() -> None:
    for prior in (None, {}, "consensus", "mup", {"lr": {"n": (0.5, 0.1)}}):
        plain = plain_prior(checked_prior(prior, ["n"]))
        assert plain_prior(checked_prior(plain, ["n"])) == plain
        assert checked_prior(plain, ["n"]) == checked_prior(prior, ["n"])


def test_a_preset_that_speaks_of_something_else_is_told(log_lines: list[str]) -> None:
    scales_of([Source(study(), scale=1)], 2, "mup")
    (line,) = [line for line in log_lines if "`drift_prior`" in line]
    assert "'mup' speaks of learning rate by width; the study has the parameters act, bs" in line


def test_a_misspelt_name_is_told(log_lines: list[str]) -> None:
    scales_of([Source(study(), scale=1)], 2, {"lr": -0.5, "lrr": -0.5})
    (line,) = [line for line in log_lines if "`drift_prior`" in line]
    assert "about 'lrr' is not used: the study has no such parameter so far" in line


@pytest.mark.parametrize(
    ("prior", "error", "message"),
    [
        ("chinchilla", ValueError, "Unknown `drift_prior` 'chinchilla'.*steplaw.*deepseek.*mup"),
        (3.0, TypeError, "name of a preset or a mapping"),
        ({"lr": {"m": 1.0}}, ValueError, "names the sizes 'm'.*has 'd', 'n'"),
        ({"lr": -0.7}, ValueError, "has to say which size"),
        ({"lr": {"n": "x"}}, TypeError, "an exponent"),
        ({"lr": {"n": (1.0, 0.0)}}, ValueError, "positive, finite standard deviation"),
        ({"lr": {"n": float("nan")}}, ValueError, "finite exponent"),
        ({"lr": {"n": 10**400}}, ValueError, "finite exponent"),
        ({"lr": {"n": (1.0, 2.0, 3.0)}}, TypeError, "an exponent"),
        ({1: {"n": 1.0}}, TypeError, "names of parameters"),
    ],
)
def test_bad_priors(prior: Any, error: type[Exception], message: str) -> None:
    sizes = {"n": 1.0, "d": 1.0}
    with pytest.raises(error, match=message):
        ScaleUpSampler([Source(study(), scale=sizes)], scale=sizes, drift_prior=prior)


def test_a_belief_is_a_sequence_of_any_type() -> None:
    """Hydra hands over lists of its own, which are no :class:`list`."""
    given = checked_prior({"lr": {"n": UserList([-0.5, 0.1])}}, ["n"])
    assert plain_prior(given) == {"lr": {"n": [-0.5, 0.1]}}
    with pytest.raises(TypeError, match="an exponent"):
        checked_prior({"lr": {"n": "05"}}, ["n"])


@pytest.mark.parametrize("prior", ["mup", {"lr": -0.7}, {"lr": {"params": -0.7}}])
def test_a_prior_without_sizes_is_told(prior: Any, log_lines: list[str]) -> None:
    ScaleUpSampler(study(), drift_prior=prior)
    (line,) = log_lines
    assert "the large study has no `scale`: it is not used" in line
    usual: Any
    for usual in (None, {}):
        ScaleUpSampler(study(), drift_prior=usual)
    assert len(log_lines) == 1


def test_a_prior_without_sizes_is_checked() -> None:
    with pytest.raises(TypeError, match="`drift_prior` of 'lr' is an exponent"):
        ScaleUpSampler(study(), drift_prior={"lr": "nonsense"})


def test_one_size_needs_no_name() -> None:
    scales = scales_of([Source(study(), scale=1)], 2, {"lr": (-0.5, 0.1)})
    np.testing.assert_allclose(scales.slope_mean[2], -0.5 / LR_WIDTH)
    np.testing.assert_allclose(scales.slope_std[2], 0.1 / LR_WIDTH)


@pytest.mark.parametrize("again", ["same", "sized", "by another URL"])
def test_a_study_given_twice_is_refused(again: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.db'}"
    small: Any = optuna.create_study(study_name="small", storage=url)
    small.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    other: Any = small
    if again == "sized":
        small, other = Source(small, scale=1), Source(small, scale=2)
    elif again == "by another URL":
        other = optuna.load_study(study_name="small", storage=url)
    with pytest.raises(ValueError, match="'small' is given as a source twice"):
        Ladder.of([small, study("between"), other])


def test_what_only_looks_like_a_study_given_twice() -> None:
    """Lists of trials, studies of one name in two storages, and such that have no trial yet."""
    small = study()
    small.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    empty = [optuna.create_study(study_name="empty") for _ in range(2)]
    sources = [small, small.trials, small.trials, study(), *empty]
    assert len(Ladder.of(sources).readers) == len(sources)
