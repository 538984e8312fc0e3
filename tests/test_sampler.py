"""The sampler: arguments, warm first trials in define-by-run, log lines."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.plan import read_plan
from optuna_scaleup.data.prediction import read_prediction
from optuna_scaleup.data.problem import Snapshot


Suggest = Callable[[optuna.Trial], Any]


def small_study(suggest: Suggest, optimum: float = 0.3, n_trials: int = 30) -> optuna.Study:
    """A source whose optimum in ``y`` is given, and in ``x`` is at about 3 where that exists."""

    def objective(trial: optuna.Trial) -> float:
        x, y = suggest(trial), trial.suggest_float("y", 0, 1)
        distance = (x - 3.0) / 10.0 if isinstance(x, (int, float)) else float(x != "c")
        return float(distance**2 + (y - optimum) ** 2)

    study = optuna.create_study(study_name="small", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=n_trials)
    return study


def plain(trial: optuna.Trial) -> float:
    return trial.suggest_float("x", 0, 10)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": "small"}, TypeError, "A source is a study"),
        ({"source": [1, 2]}, TypeError, "A source is a study"),
        ({"acquisition": "ei"}, ValueError, "log_ei.*log_pi.*lcb.*max_variance"),
        ({"initial_design": "grid"}, ValueError, "auto.*sobol.*corners.*random"),
        ({"n_startup_trials": -1}, ValueError, "cannot be negative"),
        ({"n_startup_trials": 1.5}, TypeError, "number of trials"),
        ({"n_startup_trials": True}, TypeError, "number of trials"),
        ({"search_space": {}}, ValueError, "empty"),
        ({"search_space": {"x": (0, 1)}}, TypeError, "maps names to distributions"),
        ({"search_space": [FloatDistribution(0, 1)]}, TypeError, "maps names to distributions"),
        ({"independent_sampler": "random"}, TypeError, "`independent_sampler` is a sampler"),
        ({"seed": -1}, ValueError, "cannot be negative"),
        ({"seed": "one"}, TypeError, "whole number"),
        ({"seed": 1.5}, TypeError, "whole number"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ScaleUpSampler(**arguments)


def test_a_study_cannot_be_its_own_source() -> None:
    study = small_study(plain)
    study.sampler = ScaleUpSampler(study)
    with pytest.raises(ValueError, match="'small' is its own source"):
        study.ask().suggest_float("x", 0, 10)
    empty = optuna.create_study()
    empty.sampler = ScaleUpSampler([small_study(plain), empty])
    with pytest.raises(ValueError, match="is its own source"):
        empty.ask().suggest_float("x", 0, 10)
    assert not empty.trials[0].params
    assert not empty.trials[0].system_attrs
    with pytest.raises(ValueError, match="'small' is its own source"):
        ScaleUpSampler(study).share_fits(study)
    assert not study._storage.get_study_system_attrs(study._study_id)


def test_a_source_with_another_number_of_objectives() -> None:
    source = small_study(plain)
    for given in (source, source.trials):
        study = optuna.create_study(directions=["minimize", "maximize"])
        study.sampler = ScaleUpSampler(given)
        with pytest.raises(ValueError, match="objective"):
            study.ask().suggest_float("x", 0, 10)


@pytest.mark.parametrize("fixed", [0.9, 0.01, 7.0])
@pytest.mark.filterwarnings("ignore:Fixed parameter")
def test_what_is_decided_is_planned_as_it_is(fixed: float) -> None:
    """Coordinates round it; the plan would seem to be another's, and be drawn anew each time."""

    def objective(trial: optuna.Trial) -> float:
        lr = trial.suggest_float("lr", 1e-5, 1.0, log=True)
        return abs(lr - 0.01) + sum(trial.suggest_float(f"p{i}", 0, 1) for i in range(3))

    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(objective, n_trials=8)
    study = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    study.enqueue_trial({"lr": fixed})
    trial = study.ask()
    plans = []
    trial.suggest_float("lr", 1e-5, 1.0, log=True)
    for name in ("p0", "p1", "p2"):
        trial.suggest_float(name, 0, 1)
        plan = read_plan(study.trials[0], Notices())
        assert plan is not None
        plans.append(plan.params)
    assert plans == [trial.params] * 3


ASKED: dict[str, Suggest] = {
    "same": plain,
    "wider": lambda t: t.suggest_float("x", -100, 100),
    "narrower": lambda t: t.suggest_float("x", 2, 5),
    "moved": lambda t: t.suggest_float("x", 2.5, 40),
    "apart": lambda t: t.suggest_float("x", 20, 30),
    "to int": lambda t: t.suggest_int("x", 0, 10),
    "to log int": lambda t: t.suggest_int("x", 1, 100, log=True),
    "to step": lambda t: t.suggest_float("x", 0, 10, step=2.5),
    "to log": lambda t: t.suggest_float("x", 1e-3, 10, log=True),
    "to choices": lambda t: t.suggest_categorical("x", ["a", "b"]),
    "to numeric choices": lambda t: t.suggest_categorical("x", [1, 3, 9]),
    "absent": lambda t: None,
    "to one value": lambda t: t.suggest_float("x", 4, 4),
}
GIVEN: dict[str, Suggest] = {
    "float": plain,
    "int": lambda t: t.suggest_int("x", 0, 10),
    "log": lambda t: t.suggest_float("x", 1e-2, 10, log=True),
    "choices": lambda t: t.suggest_categorical("x", ["b", "c", "d"]),
}


def test_the_first_trial_is_planned_on_the_scale_that_is_asked_for() -> None:
    """On the source's linear scale the best weight decay is all but the smallest."""

    def objective(trial: optuna.Trial, *, log: bool) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)  # asked first, when the rest is planned with it
        decay = trial.suggest_float("weight_decay", 1e-3, 1.0, log=log)
        return math.log10(decay / 0.03) ** 2 + x

    small = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    small.optimize(lambda trial: objective(trial, log=False), n_trials=30)
    large = optuna.create_study(sampler=ScaleUpSampler(small, seed=0))
    large.optimize(lambda trial: objective(trial, log=True), n_trials=1)
    assert 0.01 < large.trials[0].params["weight_decay"] < 0.1


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("asked", ASKED)
def test_a_parameter_that_changed_leaves_the_rest_warm(given: str, asked: str) -> None:
    study = optuna.create_study(
        sampler=ScaleUpSampler(small_study(GIVEN[given], n_trials=60), seed=0)
    )

    def objective(trial: optuna.Trial) -> float:
        ASKED[asked](trial)
        return (trial.suggest_float("y", 0, 1) - 0.3) ** 2

    study.optimize(objective, n_trials=1)
    assert abs(study.trials[0].params["y"] - 0.3) < 0.2
    study.optimize(objective, n_trials=2)


@pytest.mark.parametrize("asked", ["same", "wider", "narrower", "moved", "to int", "to log"])
@pytest.mark.parametrize("given", ["float", "int", "log"])
def test_the_first_trial_is_near_the_optimum_of_the_source(given: str, asked: str) -> None:
    study = optuna.create_study(
        sampler=ScaleUpSampler(small_study(GIVEN[given], n_trials=60), seed=0)
    )
    trial = study.ask()
    assert abs(ASKED[asked](trial) - 3.0) < 2.5
    assert abs(trial.suggest_float("y", 0, 1) - 0.3) < 0.2


def test_a_parameter_of_the_target_alone_starts_at_its_centre() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(small_study(plain), seed=0))
    trial = study.ask()
    assert trial.suggest_float("new", 2, 4) == pytest.approx(3.0)
    assert trial.suggest_float("new_log", 1e-4, 1.0, log=True) == pytest.approx(1e-2)
    assert trial.suggest_int("new_int", 0, 8) == 4
    assert trial.suggest_categorical("new_choice", ["u", "v"]) in ("u", "v")
    assert abs(trial.suggest_float("y", 0, 1) - 0.3) < 0.2


def test_several_sources_of_different_spaces() -> None:
    ladder: list[Any] = [small_study(plain), small_study(GIVEN["choices"]).trials, []]
    study = optuna.create_study(sampler=ScaleUpSampler(ladder, seed=0))
    study.optimize(lambda t: (t.suggest_float("y", 0, 1) - 0.3) ** 2 + plain(t), n_trials=3)
    assert abs(study.trials[0].params["y"] - 0.3) < 0.2


def test_directions_are_symmetric() -> None:
    """Turning signs and directions round changes no suggestion."""
    params = []
    for source_direction, target_direction in [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
        source = optuna.create_study(direction="minimize" if source_direction > 0 else "maximize")
        for trial in small_study(plain).trials:
            turned = optuna.create_trial(
                value=source_direction * trial.values[0],
                params=trial.params,
                distributions=trial.distributions,
            )
            source.add_trial(turned)
        target = optuna.create_study(
            direction="minimize" if target_direction > 0 else "maximize",
            sampler=ScaleUpSampler(source, seed=0),
        )
        for _ in range(4):
            asked = target.ask()
            loss = (plain(asked) - 4.0) ** 2 + asked.suggest_float("y", 0, 1)
            target.tell(asked, target_direction * loss)
        params.append([trial.params for trial in target.trials])
    assert params[0] == params[1] == params[2] == params[3]


def test_a_list_of_trials_has_the_direction_of_the_target() -> None:
    source = small_study(plain)
    params = []
    for given in (source, source.trials):
        study = optuna.create_study(sampler=ScaleUpSampler(given, seed=0))
        trial = study.ask()
        params.append((plain(trial), trial.suggest_float("y", 0, 1)))
    assert params[0] == params[1]


def test_source_trials_that_finish_later_count() -> None:
    source = small_study(plain, n_trials=2)
    sampler = ScaleUpSampler(source, seed=0)
    optuna.create_study(sampler=sampler).optimize(plain, n_trials=1)
    for trial in small_study(plain, optimum=0.8, n_trials=40).trials:
        source.add_trial(trial)
    after = optuna.create_study(sampler=sampler).ask()
    plain(after)
    assert abs(after.suggest_float("y", 0, 1) - 0.8) < 0.2


def test_a_source_deleted_meanwhile(log_lines: list[str]) -> None:
    storage = optuna.storages.InMemoryStorage()
    source = optuna.create_study(study_name="gone", storage=storage)
    source.optimize(lambda t: (t.suggest_float("x", 0, 10) - 3.0) ** 2, n_trials=20)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0), storage=storage)
    study.optimize(plain, n_trials=1)
    optuna.delete_study(study_name="gone", storage=storage)
    study.optimize(plain, n_trials=2)
    assert sum("no longer in its storage" in line for line in log_lines) == 1


def test_a_given_search_space_is_drawn_jointly_from_the_first_trial_on() -> None:
    space = {"x": IntDistribution(0, 10), "y": FloatDistribution(0, 1)}
    sampler = ScaleUpSampler(small_study(plain), seed=0, search_space=space)
    study = optuna.create_study(sampler=sampler)
    trial = study.ask(space)
    assert trial.relative_params.keys() == space.keys()
    assert trial.params == trial.relative_params
    assert abs(trial.params["y"] - 0.3) < 0.2


@pytest.mark.parametrize("warns", [True, False])
def test_parameters_outside_a_given_search_space(warns: bool, log_lines: list[str]) -> None:
    grid = optuna.samplers.GridSampler({"z": [4]})
    for sampler in (None, grid):
        study = optuna.create_study(
            sampler=ScaleUpSampler(
                search_space={"x": FloatDistribution(0, 10)},
                independent_sampler=sampler,
                warn_independent_sampling=warns,
                seed=0,
            )
        )
        study.optimize(lambda t: plain(t) + t.suggest_int("z", 1, 9, log=True), n_trials=3)
        assert all(1 <= trial.params["z"] <= 9 for trial in study.trials)
        assert {trial.params["z"] for trial in study.trials} == {4} or sampler is None
    assert sum("'z' is sampled without the model" in line for line in log_lines) == 2 * warns


def test_one_line_tells_what_is_used_of_a_source(log_lines: list[str]) -> None:
    source = small_study(plain, n_trials=4)
    source.add_trial(optuna.create_trial(state=optuna.trial.TrialState.FAIL))
    source.add_trial(optuna.create_trial(value=float("inf")))
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(plain, n_trials=3)
    told = [line for line in log_lines if line.startswith("Using") and "source 'small'" in line]
    assert told == [
        "Using 5 finished trials of the source 'small'; 1 infinite, taken as the nearest finite "
        "value; 1 that failed."
    ]


def test_a_source_that_was_empty_is_told_of_once_it_is_not(log_lines: list[str]) -> None:
    source = small_study(plain, n_trials=0)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    for _ in range(3):
        study.optimize(plain, n_trials=1)
        source.optimize(plain, n_trials=1)
    assert [line for line in log_lines if "source 'small'" in line] == [
        "Using 0 finished trials of the source 'small', so it says nothing.",
        "Using 1 finished trial of the source 'small'.",
    ]


@pytest.mark.parametrize("n_failed", [0, 4])
def test_a_source_without_a_usable_trial_is_a_warning(
    n_failed: int, log_lines: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    source = optuna.create_study(study_name="empty")
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    with caplog.at_level("WARNING", logger="optuna.optuna_scaleup"):
        for _ in range(2):
            study.optimize(plain, n_trials=2)
            for _ in range(n_failed):
                source.tell(source.ask({"x": FloatDistribution(0, 10)}), state=TrialState.FAIL)
        told = [line for line in log_lines if "source 'empty'" in line]
        warned = [r for r in caplog.records if "source 'empty'" in r.getMessage()]
    assert [record.levelname for record in warned] == ["WARNING"]
    assert told[0] == "Using 0 finished trials of the source 'empty', so it says nothing."


def test_failures_of_a_source_without_a_usable_trial_are_counted(log_lines: list[str]) -> None:
    source = optuna.create_study(study_name="all failed")
    for _ in range(4):
        source.tell(source.ask({"x": FloatDistribution(0, 10)}), state=TrialState.FAIL)
    optuna.create_study(sampler=ScaleUpSampler(source, seed=0)).optimize(plain, n_trials=1)
    assert [line for line in log_lines if "all failed" in line] == [
        "Using 0 finished trials of the source 'all failed'; 4 that failed, so it says nothing."
    ]


def test_one_line_tells_that_nothing_is_shared(log_lines: list[str]) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(small_study(plain), seed=0))
    study.optimize(lambda trial: trial.suggest_float("other", 0, 1), n_trials=3)
    assert (
        sum("no value that a parameter of the study may take" in line for line in log_lines) == 1
    )


def test_one_line_tells_of_a_parameter_in_another_unit(log_lines: list[str]) -> None:
    def percent(trial: optuna.Trial) -> float:
        return trial.suggest_float("x", 0, 1) + trial.suggest_float("dropout", 2, 90) / 100

    def share(trial: optuna.Trial) -> float:
        return trial.suggest_float("x", 0, 1) + trial.suggest_float("dropout", 0, 0.9)

    study = optuna.create_study(sampler=ScaleUpSampler(small_study(percent), seed=0))
    study.optimize(share, n_trials=3)
    told = [line for line in log_lines if "may take" in line]
    assert told == [
        "The source 'small' has no value that the study may take of 'dropout' (it has 3.6535 to "
        "88.9769; the study 0 to 0.9), so it says nothing of that. If it has another unit: "
        "`Source(..., transform=...)`."
    ]


def test_each_parameter_in_another_unit_is_told_of_once(log_lines: list[str]) -> None:
    """Define-by-run shows them one by one; that nothing is shared then is no news."""
    source = small_study(lambda t: t.suggest_int("a", 20, 90) + t.suggest_int("b", 20, 21))

    def objective(trial: optuna.Trial) -> float:
        return trial.suggest_float("a", 0, 1) + trial.suggest_categorical("b", [16, 64])

    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(objective, n_trials=3)
    told = [line.split(", so")[0] for line in log_lines if "may take" in line]
    assert told == [
        "The source 'small' has no value that the study may take of 'a' (it has 22 to 89; the "
        "study 0 to 1)",
        "The source 'small' has no value that the study may take of 'b' (it has 20 to 21; the "
        "study 16, 64)",
    ]


def test_values_of_a_choice_in_another_form_are_named(log_lines: list[str]) -> None:
    source = small_study(lambda t: float(len(t.suggest_categorical("a", ["x", "y", "z" * 99]))))
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(lambda t: float(t.suggest_categorical("a", range(9))), n_trials=2)
    (told,) = (line for line in log_lines if "may take" in line)
    shown = f"'{'z' * 36}..."
    assert "the study 0, 1, 2, 3, 4, ..." in told
    assert shown in told
    assert "'x', " in told


@pytest.mark.parametrize("state", ["RUNNING", "FAIL", "PRUNED"])
def test_a_parameter_without_an_outcome_has_no_other_unit(
    state: str, log_lines: list[str]
) -> None:
    source = small_study(plain)
    trial = source.ask()
    plain(trial)
    trial.suggest_float("momentum", 0, 1)
    if state != "RUNNING":
        source.tell(trial, state=optuna.trial.TrialState[state])
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(lambda t: plain(t) + t.suggest_float("momentum", 0, 1), n_trials=2)
    assert not [line for line in log_lines if "may take" in line]


def test_nothing_to_choose_is_no_fault_of_the_source(log_lines: list[str]) -> None:
    space = {"x": optuna.distributions.FloatDistribution(0.25, 0.25)}
    sampler = ScaleUpSampler(small_study(plain), search_space=space, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: trial.suggest_float("x", 0.25, 0.25), n_trials=2)
    assert sampler.recommend(study)[0].params == {"x": 0.25}
    assert not [line for line in log_lines if "may take" in line]


def test_a_source_warns_of_where_trials_fail() -> None:
    """Its values grow better up to where training diverges."""

    def diverges(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if x > 0.5:
            raise RuntimeError
        return -x + 0.1 * trial.suggest_float("y", 0, 1)

    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(diverges, n_trials=24, catch=(RuntimeError,))
    sampler = ScaleUpSampler(source, seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(diverges, n_trials=8, catch=(RuntimeError,))
    assert study.trials[0].state == optuna.trial.TrialState.COMPLETE
    assert study.best_value < -0.4
    (only,) = sampler.recommend(study)
    assert 0.3 < only.params["x"] < 0.55


def test_one_line_tells_that_a_source_is_constant(log_lines: list[str]) -> None:
    source = optuna.create_study()
    source.optimize(lambda trial: 0.0 * plain(trial), n_trials=4)
    study = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    study.optimize(plain, n_trials=3)
    assert sum("All 4 values of the source" in line for line in log_lines) == 1


def test_verbosity_of_optuna_governs_the_log(log_lines: list[str]) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=ScaleUpSampler(small_study(plain), seed=0))
    study.optimize(plain, n_trials=2)
    assert log_lines == []


@pytest.mark.parametrize("n_params", [1, 20, 50])
def test_many_parameters(n_params: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        return sum(trial.suggest_float(f"x{i}", 0, 1) ** 2 for i in range(n_params))

    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(objective, n_trials=5)
    for given in (None, source):
        study = optuna.create_study(sampler=ScaleUpSampler(given, seed=0))
        study.optimize(objective, n_trials=2)
        assert len(study.trials[-1].params) == n_params


@pytest.mark.parametrize("is_warm", [False, True])
def test_a_small_space_is_searched_without_repeats(is_warm: bool) -> None:
    """Each point once, then anything legal."""

    def objective(trial: optuna.Trial) -> float:
        n = trial.suggest_int("n", 1, 3)
        return float(n + (trial.suggest_categorical("c", ["a", "b", None]) == "b"))

    source = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    source.optimize(objective, n_trials=6)
    sampler = ScaleUpSampler(source if is_warm else None, seed=0, deterministic_objective=True)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=11)
    points = [(trial.params["n"], trial.params["c"]) for trial in study.trials]
    assert len(set(points[:9])) == 9


@pytest.mark.parametrize("design", ["auto", "sobol", "corners", "random"])
def test_a_first_batch_that_asks_by_turns_fills_the_space(design: str) -> None:
    """Each trial has a place of its own in the design, whoever asks for its next parameter."""
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, initial_design=design))
    trials = [study.ask() for _ in range(4)]
    for name in ("lr", "wd", "n"):
        for trial in trials:
            trial.suggest_float(name, 0, 1)
    points = {tuple(trial.params.values()) for trial in trials}
    assert len(points) == 4
    for values in zip(*points, strict=True):
        assert len(set(values)) > 1


def test_a_study_in_which_all_fails_goes_on_to_new_points() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, initial_design="sobol"))
    for _ in range(70):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        study.tell(trial, state=TrialState.FAIL)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 70


@pytest.mark.parametrize("seed", range(2))
def test_probability_of_improvement_leaves_the_first_point(seed: int) -> None:
    """Next to the best point an improvement is as likely as not, but it may be next to none."""
    study = optuna.create_study(sampler=ScaleUpSampler(seed=seed, acquisition="log_pi"))
    study.optimize(
        lambda t: (t.suggest_float("x", 0, 1) - 0.3) ** 2 + t.suggest_float("y", 0, 1), n_trials=10
    )
    assert study.best_value < 0.1


def test_the_time_of_a_trial_counts_every_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Snapshot, "age", lambda self: 1.0)
    study = optuna.create_study(sampler=ScaleUpSampler(small_study(plain), seed=0))
    trial = study.ask()
    trial.suggest_float("x", 0, 10)
    assert read_prediction(study.trials[0]).seconds == 1.0
    trial.suggest_float("y", 0.6, 1)  # the plan is for 0.3
    assert read_prediction(study.trials[0]).seconds == 2.0
