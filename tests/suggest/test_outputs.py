"""How a problem falls apart into outputs, and what a constraint's values become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optuna_scaleup.suggest.constraints import constraint_outputs
from optuna_scaleup.suggest.constraints import observed_feasibility
from optuna_scaleup.suggest.constraints import violations
from optuna_scaleup.suggest.outputs import cost_output
from optuna_scaleup.suggest.outputs import failure_output
from optuna_scaleup.suggest.outputs import objective_outputs
from optuna_scaleup.types import Array
from optuna_scaleup.types import Dataset
from optuna_scaleup.types import Problem
from optuna_scaleup.types import Scales
from optuna_scaleup.types import ValueKind
from tests.fakes import continuous
from tests.fakes import no_trials


NAN = np.nan
X = np.linspace(0.0, 1.0, 4)[:, None]
Y = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])


def problem_with(target: dict[str, Array], *sources: dict[str, Array]) -> Problem:
    return Problem(
        continuous(1),
        Dataset(X, Y, constraints=target),
        tuple(Dataset(X, Y, constraints=source) for source in sources),
        source_keys=tuple(f"key{i}" for i in range(len(sources))),
        scales=Scales(np.arange(len(sources))[:, None], np.zeros((1, 1)), np.ones((1, 1))),
    )


def test_each_objective_is_a_problem_of_its_own() -> None:
    first, second = objective_outputs(problem_with({}, {}))
    for output, column in ((first, 0), (second, 1)):
        (source,) = output.problem.sources
        for data in (output.problem.target, source):
            np.testing.assert_allclose(output.unit * data.Y, Y[:, [column]])
    assert first.problem.source_keys != second.problem.source_keys


def of_one(values: Array, *sources: Array) -> Problem:
    """With one objective."""
    studies = [Dataset(np.linspace(0.0, 1.0, len(y))[:, None], y[:, None]) for y in sources]
    target = Dataset(np.linspace(0.0, 1.0, len(values))[:, None], values[:, None])
    keys = tuple(f"key{i}" for i in range(len(sources)))
    return Problem(continuous(1), target, tuple(studies), source_keys=keys)


def test_a_new_extreme_of_the_target_changes_no_source() -> None:
    y = Y[:, 0]
    (before,), (after,) = (objective_outputs(of_one(f * y, y)) for f in (1.0, 5.0))
    assert after.problem.source_keys == before.problem.source_keys
    np.testing.assert_array_equal(after.problem.sources[0].Y, before.problem.sources[0].Y)


def test_a_key_tells_the_unit() -> None:
    """What a source is divided by depends on the largest one; equal keys share a fit."""
    y = Y[:, 0]
    (one,), (other,) = (objective_outputs(of_one(y, y, f * y)) for f in (1.0, 5.0))
    assert one.problem.source_keys[0] != other.problem.source_keys[0]


def test_a_key_tells_what_became_of_a_constraint() -> None:
    """Its unit, which the largest source has, and where a zero lies, by the values of all."""
    c, below = np.array([0.0, 0.0, 1.0, 2.0]), np.array([-1.0, 0.0, 1.0, 2.0])
    keys = set()
    for target, largest in ((c, c), (below, c), (c, 8.0 * c)):
        problem = problem_with({"c": target}, {"c": c}, {"c": largest})
        ((output,),) = constraint_outputs(problem).values()
        keys.add(output.problem.source_keys[0])
    assert len(keys) == 3


def test_a_penalty_is_lifted_of_a_single_objective_only() -> None:
    """With several, the worst of one may be the price of another."""
    y = np.array([-1e6, -1e6, -1e6, 1.0, 2.0, 3.0, 4.0, 5.0])
    problem = of_one(y)
    (alone,) = objective_outputs(problem)
    lifted = alone.unit * alone.problem.target.Y[:, 0]
    np.testing.assert_allclose(lifted, [-1.0, -1.0, -1.0, *y[3:]])
    two = replace(problem, target=replace(problem.target, Y=np.column_stack([y, -y])))
    first, _ = objective_outputs(two)
    np.testing.assert_allclose(first.unit * first.problem.target.Y[:, 0], y)


def test_values_that_diverged_do_not_hide_the_others() -> None:
    """They are cut a hundred distances from median to best below the best."""
    (output,) = objective_outputs(of_one(np.array([-1e300, 1.0, 2.0, 3.0, 4.0])))
    values = output.unit * output.problem.target.Y[:, 0]
    np.testing.assert_allclose(values, [-196.0, 1.0, 2.0, 3.0, 4.0])


def test_a_study_of_quite_another_magnitude_has_a_unit_of_its_own() -> None:
    y = Y[:, 0]
    for factor, unit in ((1e20, 4.0), (1e40, 4e40), (1e-40, 4e-40)):
        (output,) = objective_outputs(of_one(factor * y, y))
        assert output.unit == pytest.approx(unit)
        np.testing.assert_allclose(output.problem.target.Y[:, 0], factor * y / unit)
        np.testing.assert_allclose(output.problem.sources[0].Y[:, 0], y / 4.0)


def test_noise_is_in_the_squared_unit_of_the_values() -> None:
    problem = of_one(Y[:, 0])
    noise_var = np.array([0.0, 0.0, 0.0, 9.0])
    (output,) = objective_outputs(
        replace(problem, target=replace(problem.target, noise_var=noise_var))
    )
    assert output.problem.target.noise_var is not None
    np.testing.assert_allclose(output.unit**2 * output.problem.target.noise_var, noise_var)


def test_noise_and_drift_are_the_objectives() -> None:
    """What a pruned trial cost, and whether it kept a constraint, was measured."""
    problem = problem_with({"c": X[:, 0] - 0.5}, {"c": X[:, 0] - 0.5})
    target, source = (
        replace(data, noise_var=np.array([0.0, 0.0, 0.0, 9.0]), cost=np.exp(X[:, 0]))
        for data in (problem.target, *problem.sources)
    )
    problem = replace(problem, target=target, sources=(source,))
    cost = cost_output(problem)
    assert cost is not None
    np.testing.assert_allclose(cost.problem.target.Y, X)
    ((constraint,),) = constraint_outputs(problem).values()
    for output in (cost, constraint):
        assert output.problem.scales is None
        for data in (output.problem.target, *output.problem.sources):
            assert data.noise_var is None
    assert objective_outputs(problem)[0].problem.scales is not None


def test_sizes_stay_with_their_sources() -> None:
    empty = Dataset(np.empty((0, 1)), np.empty((0, 2)))
    problem = replace(problem_with({}, {}, {}, {}), sources=(empty, Dataset(X, Y), empty))
    (output, _) = objective_outputs(problem)
    assert output.problem.scales is not None
    np.testing.assert_array_equal(output.problem.scales.log_ratios, [[1]])


def test_rows_and_sources_that_lack_a_constraint_are_left_out() -> None:
    mem, time = np.array([NAN, 1.0, NAN, -2.0]), np.array([1.0, 2.0, 3.0, -4.0])
    problem = problem_with({"mem": mem, "time": time}, {"mem": mem}, {"time": time})
    outputs = [output for (output,) in constraint_outputs(problem).values()]
    assert [o.problem.target.n_trials for o in outputs] == [2, 4]
    np.testing.assert_array_equal(outputs[0].problem.target.X, X[[1, 3]])
    for output, i_source in zip(outputs, (0, 1), strict=True):
        (key,) = output.problem.source_keys
        assert key.startswith(f"key{i_source}/")
        assert output.problem.scales is None  # the optimum's drift is not the constraint's


def test_a_target_without_trials_takes_the_sources_constraints() -> None:
    source = Dataset(X, Y, constraints={"mem": X[:, 0]})
    problem = Problem(continuous(1), no_trials(1), (source,))
    ((output,),) = constraint_outputs(problem).values()
    assert output.problem.target.n_trials == 0
    assert output.problem.sources[0].n_trials == 4


def test_a_constraint_that_only_the_source_has_is_none_of_the_targets() -> None:
    assert constraint_outputs(problem_with({}, {"mem": X[:, 0]})) == {}


def test_a_constraint_without_any_value_is_none() -> None:
    assert constraint_outputs(problem_with({"mem": np.full(4, NAN)})) == {}


def squashed(c: Array, *sources: Array) -> Array:
    problem = problem_with({"c": c}, *({"c": s} for s in sources))
    ((output,),) = constraint_outputs(problem).values()
    return output.problem.target.Y[:, 0]


@pytest.mark.parametrize(
    "c",
    [
        np.array([-1.0, 0.0, 1e-3, 5.0]),
        np.array([-1e300, -1e-300, 0.0, 1e308]),
        np.array([-5e-324, 0.0, 5e-324, 1e308]),
        np.array([-2.0, -1.0, -0.5, -0.1]),
    ],
)
def test_squash_keeps_the_threshold_and_the_order(c: Array) -> None:
    values = squashed(c)
    assert np.isfinite(values).all()
    assert (np.sign(values) * np.sign(c) >= 0.0).all()
    assert (np.diff(values) >= 0.0).all()


def test_zero_holds_by_a_margin_where_nothing_is_below() -> None:
    """A constraint that is clipped at zero, as ``max(g, 0)``."""
    clipped = squashed(np.array([0.0, 0.0, 1.0, 2.0]))
    np.testing.assert_allclose(np.sinh(clipped[:2]) / np.sinh(clipped[2]), -0.5)
    assert (clipped[2:] > 0.0).all()
    source = np.array([-1.0, 1.0, 1.0, 1.0])
    assert (squashed(np.array([0.0, 0.0, 1.0, 2.0]), source)[:2] == 0.0).all()


def test_what_was_observed() -> None:
    columns = {"a": np.array([-1.0, 0.0, 1.0, NAN]), "b": np.array([1.0, NAN, -1.0, -1.0])}
    data = Dataset(X, Y, constraints=columns)
    expected = [[NAN, 0.0, 1.0], [NAN, NAN, 1.0], [NAN, 1.0, 0.0], [NAN, 1.0, NAN]]
    np.testing.assert_array_equal(observed_feasibility(data, ["none", "b", "a"]), expected)


@pytest.mark.parametrize("factor", [2.0**-900, 1024.0, 2.0**900])
def test_squash_does_not_depend_on_the_unit(factor: float) -> None:
    c = np.array([-3.0, -0.1, 0.2, 50.0])
    np.testing.assert_array_equal(squashed(factor * c), squashed(c))


def test_squash_keeps_the_resolution_at_the_threshold() -> None:
    """Two values a tenth of the typical magnitude apart stay so, whatever lies far out."""
    values = squashed(np.array([-0.05, 0.05, 1.0, 1e9]), np.array([-1.0, 1.0, -1.0, 1.0]))
    assert 3.0 * (values[1] - values[0]) == pytest.approx(0.1, rel=1e-2)
    assert values[3] - values[2] < 25.0


def test_as_far_as_most_trials_lie_a_constraint_is_close_to_linear() -> None:
    values = squashed(np.linspace(-1.0, 1.0, 4))
    np.testing.assert_allclose(np.diff(values), np.diff(values).mean(), rtol=0.04)


def test_target_and_source_share_the_unit() -> None:
    c = np.array([-1.0, -0.1, 0.1, 1.0])
    problem = problem_with({"c": c}, {"c": c}, {"c": 8.0 * c})
    ((output,),) = constraint_outputs(problem).values()
    target, small, large = (
        np.sinh(d.Y[:, 0]) for d in (output.problem.target, *output.problem.sources)
    )
    np.testing.assert_allclose(target, small)
    np.testing.assert_allclose(8.0 * target, large)


def test_six_trials_tell_of_a_small_unit_as_well() -> None:
    c = np.array([-1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0])
    data = Dataset(c[:, None], c[:, None], constraints={"c": c})
    ((large, small),) = constraint_outputs(Problem(continuous(1), data)).values()
    for output, unit in ((large, 30.0), (small, 1e-2)):
        np.testing.assert_allclose(output.problem.target.Y[:, 0], np.arcsinh(c / unit))
        step = 1e-6 * np.abs(c)
        slope = (np.arcsinh((c + step) / unit) - np.arcsinh((c - step) / unit)) / (2.0 * step)
        assert output.log_jacobian == pytest.approx(np.log(slope).sum())


def test_one_unit_does_where_magnitudes_are_alike() -> None:
    c = np.array([-0.5, 0.1, 0.2, 1.0, 2.0, 4.0])
    data = Dataset(c[:, None], c[:, None], constraints={"c": c})
    (outputs,) = constraint_outputs(Problem(continuous(1), data)).values()
    assert len(outputs) == 1


@pytest.mark.parametrize(("n", "n_units"), [(5, 1), (6, 2), (64, 2), (65, 1)])
def test_units_are_compared_while_all_trials_are_fitted_to(n: int, n_units: int) -> None:
    c = np.geomspace(1e-3, 1e3, n)
    data = Dataset(c[:, None], c[:, None], constraints={"c": c})
    (outputs,) = constraint_outputs(Problem(continuous(1), data)).values()
    assert len(outputs) == n_units


def test_what_is_cut_off_at_zero_does_not_tell_the_unit() -> None:
    c = np.array([0.0, 0.0, 0.0, 0.01, 1.0, 1.0, 1.0])
    data = Dataset(c[:, None], c[:, None], constraints={"c": c})
    ((large, small),) = constraint_outputs(Problem(continuous(1), data)).values()
    values, expected = c[c > 0.0], []
    for unit in (3.0, 0.01):
        expected.append(-np.log(np.hypot(values, unit)).sum())
    np.testing.assert_allclose([large.log_jacobian, small.log_jacobian], expected)


def test_a_zero_between_others_tells_the_unit_like_them() -> None:
    c = np.array([0.0, 0.0, 0.0, 0.01, -1.0, 1.0, 1.0])
    data = Dataset(c[:, None], c[:, None], constraints={"c": c})
    ((large, small),) = constraint_outputs(Problem(continuous(1), data)).values()
    expected = [-np.log(np.hypot(c, unit)).sum() for unit in (3.0, 0.01)]
    np.testing.assert_allclose([large.log_jacobian, small.log_jacobian], expected)


def test_the_variance_of_tiny_values_stays_finite() -> None:
    y = np.array([[1e-309], [3e-309]])
    data = Dataset(y, y, noise_var=np.array([0.0, 1e-300]))
    (output,) = objective_outputs(Problem(continuous(1), data))
    assert output.problem.target.noise_var is not None
    assert np.isfinite(output.problem.target.noise_var).all()


def test_violations_add_up_and_what_is_missing_breaks_nothing() -> None:
    a, b = np.array([-1.0, 2.0, NAN, 2.0]), np.array([-10.0, 10.0, -10.0, np.inf])
    data = Dataset(X, Y, constraints={"a": a, "b": b})
    np.testing.assert_allclose(violations(data), [0.0, 2.0, 0.0, 1.0])


def test_failures_are_an_output_once_there_are_two() -> None:
    """Of the studies that have any, but the target."""
    none, one, two = (Dataset(X, Y, X_failed=np.full((n, 1), 0.7)) for n in range(3))
    problem = replace(problem_with({}, {}, {}), sources=(none, one))
    assert failure_output(replace(problem, target=none)) is None
    for target, labels in ((one, [-0.5] * 4 + [0.5]), (two, [-0.5] * 4 + [0.5] * 2)):
        output = failure_output(replace(problem, target=target, X_unused=target.failed))
        assert output is not None
        np.testing.assert_array_equal(output.problem.target.Y[:, 0], labels)
        np.testing.assert_array_equal(output.problem.target.X[4:], target.failed)
        assert not len(output.problem.unknown)  # how they ended is known
        (source,) = output.problem.sources
        np.testing.assert_array_equal(source.Y[:, 0], [-0.5] * 4 + [0.5])
        assert output.problem.source_keys == ("key1/failure",)
        assert output.problem.kind is ValueKind.CLASS
        assert output.problem.scales is None  # the optimum's drift is another matter
