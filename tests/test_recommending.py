"""What to run next at the large scale."""

from __future__ import annotations

from typing import Any
from typing import Literal

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection

from optuna_scaleup import Recommendation
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup import recommend
from optuna_scaleup._optuna import study_attrs
from optuna_scaleup.report.interval import Interval
from optuna_scaleup.report.interval import Odds
from optuna_scaleup.suggest import forecast
from tests.versions import needs_set_constraint


SPACE: dict[str, BaseDistribution] = {
    "act": CategoricalDistribution(["relu", "tanh"]),
    "bs": IntDistribution(8, 512, log=True),
    "lr": FloatDistribution(1e-4, 1.0, log=True),
}


def loss(params: dict[str, Any]) -> float:
    """Best at ``lr`` 0.01 and ``bs`` 64, with relu."""
    gap = [np.log10(params["lr"] / 1e-2), np.log10(params["bs"] / 64), params["act"] == "tanh"]
    return float(np.square(gap).sum())


def small(n_trials: int = 25, sign: float = 1.0) -> optuna.Study:
    direction = StudyDirection.MINIMIZE if sign > 0 else StudyDirection.MAXIMIZE
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(study_name="small", direction=direction, sampler=sampler)
    for _ in range(n_trials):
        trial = study.ask(SPACE)
        study.tell(trial, sign * loss(trial.params))
    return study


@pytest.fixture(scope="module")
def before() -> Recommendation:
    (only,) = recommend(small())
    return only


def test_before_the_first_large_trial(before: Recommendation) -> None:
    assert before.params["act"] == "relu"
    assert 0.004 < before.params["lr"] < 0.025
    assert 25 < before.params["bs"] < 160
    assert before.n_trials == 0
    assert 0.5 < before.source_weights["small"] <= 1.0


def test_failures_alone_move_it_off_their_points_only(before: Recommendation) -> None:
    """Two machines were lost; nothing says that trials fail there."""
    source = small()
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for _ in range(2):
        study.tell(study.ask(SPACE), state=optuna.trial.TrialState.FAIL)
    (only,) = ScaleUpSampler(source, seed=0).recommend(study)
    assert only.params["act"] == before.params["act"]
    assert study.trials[0].params == before.params
    moved = [_widths(name, only.params[name], before.params[name]) for name in ("bs", "lr")]
    assert 0.05 <= max(moved) < 0.06
    where = only.optimum["lr"]
    assert isinstance(where, Interval)
    assert where.outer[0] < 0.01 < where.outer[1]
    assert where.outer[0] < where.median < where.outer[1]


def _widths(name: str, value: float, other: float) -> float:
    """How far apart two values are, in widths of the logarithmic range."""
    distribution: Any = SPACE[name]
    return float(np.abs(np.log(value / other)) / np.log(distribution.high / distribution.low))


def test_intervals_hold_the_optimum_and_are_nested(before: Recommendation) -> None:
    for name, best in (("lr", 0.01), ("bs", 64)):
        where = before.optimum[name]
        assert isinstance(where, Interval)
        assert where.outer[0] <= where.inner[0] <= where.median <= where.inner[1] <= where.outer[1]
        assert where.outer[0] < best < where.outer[1]
    odds = before.optimum["act"]
    assert isinstance(odds, Odds)
    assert list(odds.probabilities) == ["relu", "tanh"]
    assert odds.probabilities["relu"] > 0.6
    assert before.value is not None
    assert before.value.outer[0] < 0.05 < before.value.outer[1]


def test_maximising_the_negative_is_the_same(before: Recommendation) -> None:
    (mirrored,) = recommend(small(sign=-1.0))
    assert mirrored.params == before.params
    assert mirrored.value is not None
    assert before.value is not None
    assert mirrored.value.median == pytest.approx(-before.value.median)
    assert mirrored.value.outer[0] == pytest.approx(-before.value.outer[1])


@pytest.mark.parametrize("sources", [[], None, ()])
@pytest.mark.parametrize("direction", [None, "minimize"])
def test_nothing_is_recommended_from_no_source(sources: Any, direction: str | None) -> None:
    with pytest.raises(ValueError, match="no source to recommend from"):
        recommend(sources, direction=direction)
    with pytest.raises(ValueError, match="no source to recommend from"):
        ScaleUpSampler(sources).recommend(SPACE)


def test_another_space_and_another_unit() -> None:
    space: dict[str, BaseDistribution] = {
        "lr": FloatDistribution(1e-3, 0.005, log=True),
        "new": FloatDistribution(0, 2),
        "one": IntDistribution(3, 3),
    }
    (only,) = recommend(small(), search_space=space, direction="maximize")
    assert only.params.keys() == space.keys()
    assert only.params["lr"] > 0.0025
    assert (only.params["new"], only.params["one"]) == (1.0, 3)
    assert only.optimum["new"] == Interval(1.0, (0.5, 1.5), (0.1, 1.9))
    assert only.extrapolation.outside == ("new",)
    assert only.value is None  # nothing tells the accuracy that goes with a loss


def line(
    name: str, direction: Literal["minimize", "maximize"], level: float, param: str = "x"
) -> optuna.Study:
    """Values near ``level``, the best of them at 0.3."""
    sign = 1.0 if direction == "minimize" else -1.0
    sampler = optuna.samplers.RandomSampler(seed=2)
    study = optuna.create_study(study_name=name, direction=direction, sampler=sampler)
    study.optimize(lambda t: level + sign * (t.suggest_float(param, 0, 1) - 0.3) ** 2, n_trials=9)
    return study


def test_the_value_is_in_the_unit_of_the_sources_that_count() -> None:
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    loss_10, other = line("a", "minimize", 10.0), line("b", "maximize", 5.0, param="y")
    (alone,) = recommend(loss_10)
    (only,) = recommend([loss_10, other], search_space=space)
    assert alone.value is not None
    assert only.value is not None
    assert only.value.median == pytest.approx(alone.value.median, abs=0.05)
    score = line("c", "maximize", 5.0)
    (of_score,) = recommend([score, line("d", "minimize", 1.0, param="y")], search_space=space)
    assert of_score.value is not None
    assert of_score.value.median == pytest.approx(5.0, abs=0.1)
    (asked,) = recommend([score, other], search_space=space, direction="minimize")
    assert asked.value is None


def test_sources_that_are_judged_unlike_give_no_value() -> None:
    both = [line("a", "minimize", 10.0), line("c", "maximize", 5.0)]
    for sources in (both, both[::-1]):
        (only,) = recommend(sources)
        assert only.value is None
        assert abs(only.params["x"] - 0.3) < 0.2


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few draws of where the optimum is, where that is not what is looked at."""
    monkeypatch.setattr(forecast, "fine_steps", lambda is_limited: (0.1,))
    monkeypatch.setattr(forecast, "_N_PATHS", 16)


@pytest.mark.usefixtures("quick")
def test_the_largest_sources_have_their_weights_by_name() -> None:
    """Before any large trial these are the prior's: each is four times the next smaller one's."""
    sources = [line(name, "minimize", 10.0) for name in "abcd"]
    (only,) = recommend(sources)
    weights = {"b": 0.8 / 21, "c": 4 * 0.8 / 21, "d": 16 * 0.8 / 21}
    assert only.source_weights == pytest.approx(weights)


@pytest.mark.usefixtures("quick")
def test_another_seed_draws_other_places_of_the_best_value() -> None:
    study = line("a", "minimize", 10.0)
    first, again, other = (recommend(study, seed=seed)[0] for seed in (0, 0, 1))
    assert again == first
    assert other.optimum != first.optimum


@pytest.mark.usefixtures("quick")
def test_what_runs_tells_nothing_of_the_first_one() -> None:
    sampler = ScaleUpSampler(line("a", "minimize", 10.0), seed=0)
    study = optuna.create_study(sampler=sampler)
    for n_trials in (0, 2):
        while len(study.trials) < n_trials:
            study.tell(study.ask({"x": FloatDistribution(0, 1)}), float(len(study.trials)))
        (before,) = sampler.recommend(study)
        running = study.ask({"x": FloatDistribution(0, 1)})
        (beside,) = sampler.recommend(study)
        assert beside == before
        study.tell(running, state=optuna.trial.TrialState.FAIL)


@pytest.mark.usefixtures("quick")
def test_others_come_by_their_expected_values() -> None:
    for seed in range(2):
        _, *others = recommend(line("a", "minimize", 10.0), n=4, seed=seed)
        medians = [one.value.median for one in others if one.value is not None]
        assert len(medians) == 3
        assert medians == sorted(medians)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("design", "is_centre"), [("auto", True), ("random", False)])
def test_an_untried_parameter_starts_where_the_design_says(design: str, is_centre: bool) -> None:
    sampler = ScaleUpSampler(line("a", "minimize", 10.0), seed=0, initial_design=design)
    space: dict[str, BaseDistribution] = {
        "x": FloatDistribution(0, 1),
        "y": FloatDistribution(0, 1),
    }
    (only,) = sampler.recommend(space)
    assert (only.params["y"] == 0.5) == is_centre


@pytest.mark.usefixtures("quick")
def test_a_choice_lies_within_whatever_was_tried() -> None:
    """Choices have no order, so there is no outside."""
    space: dict[str, BaseDistribution] = {
        "act": CategoricalDistribution(["gelu", "swish"]),
        "x": FloatDistribution(0, 1),
    }
    (only,) = recommend(line("a", "minimize", 10.0), search_space=space)
    assert only.extrapolation.outside == ()


def test_a_batch_is_diverse_and_the_study_is_left_alone() -> None:
    sampler = ScaleUpSampler(small(), seed=0)
    study = optuna.create_study(sampler=sampler)
    running = study.ask()
    first = sampler.recommend(study, n=2)
    assert len(study.trials) == 1
    assert not study.trials[0].system_attrs
    assert not running.params
    assert study_attrs(study) == {}
    points = [
        (np.log(r.params["lr"]), np.log(r.params["bs"]), float(r.params["act"] == "tanh"))
        for r in first
    ]
    assert np.abs(np.subtract(points[0], points[1])).max() > 0.1
    assert sampler.recommend(SPACE)[0].params == first[0].params


def test_no_point_of_a_small_space_is_recommended_twice() -> None:
    space: dict[str, BaseDistribution] = {"n": IntDistribution(1, 3)}
    study = optuna.create_study()
    study.optimize(lambda t: (t.suggest_int("n", 1, 3) - 2) ** 2, n_trials=4)
    found = recommend(study, search_space=space, n=5)
    assert sorted(one.params["n"] for one in found) == [1, 2, 3]


def test_a_parameter_that_nobody_has_tried_is_spread_over() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(lambda t: (t.suggest_int("layers", 1, 2) - 2) ** 2, n_trials=4)
    space: dict[str, BaseDistribution] = {"layers": IntDistribution(1, 2)}
    open_ended = {**space, "dropout": FloatDistribution(0, 0.5)}
    found = recommend(study, search_space=open_ended, n=4)
    assert found[0].params["dropout"] == 0.25
    assert len({(one.params["layers"], one.params["dropout"]) for one in found}) == 4
    few = recommend(study, search_space={**space, "norm": IntDistribution(0, 1)}, n=9)
    assert len({(one.params["layers"], one.params["norm"]) for one in few}) == len(few) == 4


def test_the_best_mean_counts_not_the_luckiest_value() -> None:
    study = optuna.create_study()
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    values = {0.1: [0.5, 0.6], 0.3: [0.0, 0.05, 0.02], 0.5: [0.4], 0.9: [-0.1, 1.0, 1.1, 0.9]}
    for x, results in values.items():
        for value in results:
            study.add_trial(optuna.create_trial(value=value, params={"x": x}, distributions=space))
    (only,) = ScaleUpSampler(seed=0).recommend(study)
    assert study.best_params["x"] == 0.9
    assert 0.15 < only.params["x"] < 0.45
    assert only.n_trials == 10


def test_sizes_tell_how_far_it_reaches() -> None:
    sources = [Source(small(8), scale={"n": n, "d": 2}) for n in (1, 4)]
    (only,) = recommend(sources, scale={"n": 8, "d": 8})
    assert only.extrapolation.ratios == pytest.approx({"n": 2.0, "d": 4.0})
    assert only.extrapolation.spans == pytest.approx({"n": 4.0, "d": 1.0})
    (single,) = recommend([sources[0], small(8)], scale={"n": 8, "d": 8})
    assert single.extrapolation.spans == {}
    growth = str(single.extrapolation).split("; outside")[0]
    assert growth == "n × 8; d × 4 (one source of known size, which shows no trend)"


def finished(study: optuna.Study) -> optuna.Study:
    study.optimize(lambda t: [t.suggest_float("x", 0, 1)] * len(study.directions), n_trials=1)
    return study


@pytest.mark.parametrize(
    ("given", "n", "error", "message"),
    [
        (SPACE, 0, ValueError, "`n` is at least 1"),
        (SPACE, 1.5, TypeError, "number of recommendations"),
        (SPACE, True, TypeError, "number of recommendations"),
        ("study", 1, TypeError, "for a study or for a search space"),
        ({}, 1, ValueError, "empty"),
        ({"x": (0, 1)}, 1, TypeError, "maps names to distributions"),
        ({"x": FloatDistribution(0, 1)}, 1, ValueError, "nothing to recommend from"),
    ],
)
def test_bad_requests(given: Any, n: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ScaleUpSampler(small(2)).recommend(given, n)


def test_nothing_to_learn_from() -> None:
    empty = optuna.create_study()
    for source in (None, empty):
        with pytest.raises(ValueError, match="nothing to recommend from"):
            ScaleUpSampler(source).recommend(optuna.create_study())
    with pytest.raises(ValueError, match="not known whether larger or smaller"):
        recommend(small(2).trials)


def test_unsuitable_studies() -> None:
    two = finished(optuna.create_study(study_name="2", directions=["minimize", "minimize"]))
    with pytest.raises(ValueError, match=r"one objective, but study '2' has 2\. .*`best_trials`"):
        ScaleUpSampler().recommend(two)
    with pytest.raises(ValueError, match=r"one objective, but the sources have 2\."):
        recommend(two)
    one = finished(optuna.create_study(study_name="mine"))
    with pytest.raises(ValueError, match="'mine' is its own source"):
        ScaleUpSampler(one).recommend(one)


def test_a_branch_has_its_own_parameters_only() -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("c", ["a", "b"]) == "a":
            return trial.suggest_float("x", 0, 1)
        return trial.suggest_float("y", 0, 1) + 0.5

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=25)
    for one in recommend(study, n=3):
        assert set(one.params) == ({"c", "x"} if one.params["c"] == "a" else {"c", "y"})


def test_where_a_branch_has_its_best() -> None:
    """A parameter's interval is of the branches that have it, and finite."""

    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("opt", ["sgd", "adam"]) == "sgd":
            sched = trial.suggest_categorical("sched", ["a", "b"])
            return (trial.suggest_float("mom", 0, 1) - 0.8) ** 2 + 0.1 * (sched == "a")
        return (trial.suggest_float("beta", 0, 1) - 0.3) ** 2 + 0.05

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=25)
    for seed in range(5):
        first, *others = recommend(study, n=3, seed=seed)
        assert first.params["opt"] == "sgd"
        assert first.params["sched"] == "b"
        assert isinstance(mom := first.optimum["mom"], Interval)
        assert 0.6 < mom.median < 0.95
        for where in first.optimum.values():
            if isinstance(where, Odds):
                assert sum(where.probabilities.values()) == pytest.approx(1.0)
            else:
                assert np.isfinite([*where.outer, *where.inner, where.median]).all()
        for one in (first, *others):
            assert set(one.extrapolation.outside) <= set(one.params)


def test_where_the_best_feasible_value_is() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("c", 0.5 - x)
        return (x - 0.2) ** 2

    sampler = ScaleUpSampler(seed=0)
    with_constraint = optuna.create_study(sampler=sampler)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=15)
    for trial in study.trials:
        trial.system_attrs["constraints"] = [trial.user_attrs["c"]]  # as Optuna 4 wrote them
        with_constraint.add_trial(trial)
    (one,) = sampler.recommend(with_constraint)
    assert isinstance(where := one.optimum["x"], Interval)
    assert 0.48 < where.outer[0] <= one.params["x"] + 1e-9
    assert where.outer[1] < 0.56


def test_the_largest_source_of_known_size_counts() -> None:
    sources = [Source(small(), scale=100), Source(small()), Source(small(), scale=10)]
    (one,) = recommend(sources, scale=1000)
    assert one.extrapolation.ratios == {"size": pytest.approx(10.0)}
    assert one.extrapolation.spans == {"size": pytest.approx(10.0)}


def test_choices_with_the_same_text() -> None:
    odds = Odds.of([1, "1", None], [0.2, 0.5, 0.3])
    assert odds.to_dict() == {"1": 0.2, "'1'": 0.5, "None": 0.3}


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution:UserWarning")
def test_choices_that_cannot_be_keys() -> None:
    """Optuna warns of lists as choices, and takes them."""

    def objective(trial: optuna.Trial) -> float:
        layers: Any = trial.suggest_categorical("layers", choices)
        return len(layers) + trial.suggest_float("x", 0, 1)

    choices: Any = [[64], [64, 64]]
    sampler = ScaleUpSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=4)
    (one,) = sampler.recommend(study)
    assert one.params["layers"] == [64]
    assert isinstance(one.optimum["layers"], Odds)
    assert set(one.optimum["layers"].probabilities) == {"[64]", "[64, 64]"}


@needs_set_constraint
@pytest.mark.parametrize("seed", range(4))
def test_the_best_place_on_the_border_of_a_constraint(seed: int) -> None:
    """Where the border is has an error as well: the truth, 0.5, lies in the interval."""

    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_constraint("c", 0.5 - x)
        return (x - 0.3) ** 2 + (y - 0.6) ** 2

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=15)
    (only,) = ScaleUpSampler(seed=0).recommend(study)
    where = only.optimum["x"]
    assert isinstance(where, Interval)
    assert where.outer[0] <= 0.5 <= where.outer[1]
    assert 1e-4 < where.outer[1] - where.outer[0] < 0.2
    assert only.params["x"] >= 0.5


def test_a_transform_to_integers_recommends_integers() -> None:
    def log_loss(trial: optuna.Trial) -> float:
        return (trial.suggest_int("log2_bs", 3, 9) - 5.3) ** 2

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(log_loss, n_trials=12)
    source = Source(study, rename={"log2_bs": "bs"}, transform={"log2_bs": lambda x: 2**x})
    (only,) = recommend(source)
    assert isinstance(only.params["bs"], int)
    assert 20 < only.params["bs"] < 70


@pytest.mark.parametrize("penalty", [1e10, 1e14, 1e307])
def test_one_diverged_loss_of_any_size(penalty: float) -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return penalty if x > 0.7 else (x - 0.3) ** 2 + (y - 0.6) ** 2

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=12)
    assert sum(trial.value == penalty for trial in study.trials) == 1
    (only,) = ScaleUpSampler(seed=0).recommend(study)
    assert abs(only.params["x"] - 0.3) < 0.1
    assert only.value is not None
    assert max(map(abs, only.value.outer)) < 0.1


def test_a_recommendation_and_a_diagnosis_agree_on_the_sources() -> None:
    """Evidence is an estimate, of a source upside down one that differs much between draws."""
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0.0, 1.0)}
    upside_down, large = optuna.create_study(study_name="wrong"), optuna.create_study()
    tried = (
        0.417,
        0.72,
        0.0,
        0.302,
        0.147,
        0.092,
        0.186,
        0.346,
        0.397,
        0.539,
        0.419,
        0.685,
        0.878,
    )
    for study, xs, sign in (
        (upside_down, tried, -1.0),
        (large, (1.0, 0.0, 0.334, 0.5493, 0.2606, 0.5, 0.2997), 1.0),
    ):
        for x in xs:
            value = sign * (x - 0.3) ** 2
            study.add_trial(optuna.create_trial(params={"x": x}, distributions=space, value=value))
    sampler = ScaleUpSampler(upside_down, seed=0)
    (one,), report = sampler.recommend(large), sampler.diagnose(large)
    assert one.source_weights == {"wrong": report.sources[0].weight}
    assert one.own_share == report.own_share
    assert "7 large trials alone, as no source counts" in str(one)


@pytest.mark.parametrize(("limit", "n_feasible", "x"), [(0.3, 2, 0.3), (-1.0, 0, 0.0)])
def test_a_limit_that_every_trial_broke_is_said(
    limit: float, n_feasible: int, x: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Larger ``x`` is better, but broken beyond the limit."""
    monkeypatch.setattr(forecast, "fine_steps", lambda is_limited: (0.1,))
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0.0, 1.0)}
    for tried in (0.05, 0.29, 0.6, 0.95):
        attrs = {"constraints": [tried - limit]}
        study.add_trial(
            optuna.create_trial(
                params={"x": tried}, distributions=space, value=-tried, system_attrs=attrs
            )
        )
    (one,) = ScaleUpSampler(seed=0).recommend(study)
    assert one.n_feasible == n_feasible
    assert ("4 trials that broke a constraint" in str(one)) == (not n_feasible)
    assert one.params["x"] == pytest.approx(x, abs=0.05)


def test_a_value_that_came_out_beside_failures_counts() -> None:
    """The best of a grid lies between settings that fail; nothing else is as good."""

    def objective(trial: optuna.Trial) -> float:
        width = trial.suggest_categorical("width", [16, 32, 64])
        depth = trial.suggest_int("depth", 1, 5)
        if width == 64 and depth != 3:
            raise MemoryError
        return 1.0 - width / 100 + 0.1 * abs(depth - 3)

    sampler = ScaleUpSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    for width in (16, 32, 64):
        for depth in range(1, 6):
            study.enqueue_trial({"width": width, "depth": depth})
    study.optimize(objective, n_trials=15, catch=(MemoryError,))
    (only,) = sampler.recommend(study)
    assert only.params == study.best_params == {"width": 64, "depth": 3}
