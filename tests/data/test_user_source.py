"""Sources with sizes, other names and units, and tables of runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import TrialState

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup import Source
from optuna_scaleup._optuna import Notices
from optuna_scaleup.data.source import SourceData
from optuna_scaleup.data.source import source_readers


UNIT = FloatDistribution(0, 1)
SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-4, 1, log=True),
    "bs": IntDistribution(16, 256),
    "act": CategoricalDistribution(["relu", "tanh"]),
}


def study_of(*rows: dict[str, float], distribution: BaseDistribution = UNIT) -> optuna.Study:
    study = optuna.create_study(study_name="small")
    for params in rows:
        distributions = dict.fromkeys(params, distribution)
        study.add_trial(optuna.create_trial(value=1.0, params=params, distributions=distributions))
    return study


def read(source: Source) -> SourceData:
    (reader,) = source_readers(source)
    return reader.read(Notices())


@pytest.mark.parametrize(
    ("scale", "error"),
    [
        (0, ValueError),
        (-1.0, ValueError),
        (math.inf, ValueError),
        (math.nan, ValueError),
        (10**400, ValueError),
        ("big", TypeError),
        (True, TypeError),
        ({"params": 0.0}, ValueError),
        ({"params": None}, TypeError),
        ({"params": "1e9"}, TypeError),
        ({1: 1.0}, TypeError),
        ({}, ValueError),
        ([1.0], TypeError),
    ],
)
def test_bad_scales(scale: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="`scale` of source 'small'"):
        Source(study_of({"x": 0.5}), scale=scale)


def test_scales() -> None:
    study = study_of({"x": 0.5})
    assert Source(study).scale == {}
    assert Source(study, scale=3).scale == {"size": 3.0}
    assert Source(study, scale={"n": float(np.float32(2)), "d": 3}).scale == {"n": 2.0, "d": 3.0}


def test_parameters_translate() -> None:
    study = study_of({"log2_lr": -3.0, "x": 0.5}, distribution=FloatDistribution(-6, 4))
    source = Source(study, rename={"log2_lr": "lr"}, transform={"log2_lr": lambda v: 2.0**v})
    data = read(source)
    assert data.trials[0].params == {"lr": 0.125, "x": 0.5}
    assert data.trials[0].distributions["lr"] == FloatDistribution(2**-6, 16, log=True)
    assert study.trials[0].params == {"log2_lr": -3.0, "x": 0.5}


@pytest.mark.parametrize(
    ("before", "function", "after"),
    [
        (FloatDistribution(1, 3), lambda v: 10 - v, FloatDistribution(7, 9)),
        (IntDistribution(0, 10), lambda v: 1 << v, IntDistribution(1, 1024, log=True)),
        (IntDistribution(0, 10), lambda v: np.power(2, v), IntDistribution(1, 1024, log=True)),
        (FloatDistribution(1e-4, 1, log=True), math.log10, FloatDistribution(-4, 0)),
        (FloatDistribution(0, 1), math.log, FloatDistribution(0, 0)),  # all that was tried
        (
            FloatDistribution(0.5, 128, log=True),
            lambda v: 2 * v,
            FloatDistribution(1, 256, log=True),
        ),
        (
            CategoricalDistribution([1, 2, 3]),
            lambda v: v > 2,
            CategoricalDistribution([False, True]),
        ),
        (FloatDistribution(0, 1), lambda v: "ab"[v > 0.5], FloatDistribution(0, 1)),
    ],
)
def test_ranges_translate(
    before: BaseDistribution, function: Callable[[Any], Any], after: BaseDistribution
) -> None:
    x = before.choices[0] if isinstance(before, CategoricalDistribution) else 1
    trial = optuna.create_trial(value=0.0, params={"x": x}, distributions={"x": before})
    data = read(Source([trial], transform={"x": function}))
    assert data.trials[0].distributions == {"x": after}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rename": {"a": "z"}}, ValueError, "names 'a'.*'small' does not have.*'x', 'y'"),
        ({"rename": {"x": "y"}}, ValueError, "gives 'y' to more than one"),
        ({"rename": {"x": "z", "y": "z"}}, ValueError, "gives 'z' to more than one"),
        ({"rename": {"x": 1}}, TypeError, "`rename` maps names"),
        ({"rename": "x"}, TypeError, "`rename` maps names"),
        ({"transform": {"a": abs}}, ValueError, "`transform` names 'a'"),
        ({"transform": {"x": 2.0}}, TypeError, "`transform` maps names"),
        ({"transform": abs}, TypeError, "`transform` maps names"),
    ],
)
def test_bad_translations(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Source(study_of({"x": 0.5, "y": 0.5}), **arguments)


def test_names_may_be_swapped() -> None:
    source = Source(study_of({"x": 0.1, "y": 0.2}), rename={"x": "y", "y": "x"})
    assert read(source).trials[0].params == {"y": 0.1, "x": 0.2}


def test_a_function_that_is_not_defined_at_an_end_of_the_range() -> None:
    source = Source(study_of({"x": 0.01}, {"x": 0.1}, {"x": 1.0}), transform={"x": math.log10})
    trials = read(source).trials
    assert [trial.params["x"] for trial in trials] == [-2.0, -1.0, 0.0]
    assert trials[0].distributions == {"x": FloatDistribution(-2, 0)}


def test_a_function_that_leaves_the_floats() -> None:
    """An integer beyond them counts as infinite, and no range ends there."""
    study = study_of({"x": 3}, {"x": 10}, distribution=IntDistribution(0, 2000))
    source = Source(study, transform={"x": lambda x: 2**x})
    assert read(source).trials[0].distributions == {"x": IntDistribution(8, 1024)}
    study.add_trial(
        optuna.create_trial(
            value=0.0, params={"x": 2000}, distributions={"x": IntDistribution(0, 2000)}
        )
    )
    assert [trial.params["x"] for trial in read(source).trials] == [8, 1024, 2**2000]
    large = optuna.create_study(sampler=ScaleUpSampler(source, seed=0))
    large.optimize(lambda trial: trial.suggest_int("x", 1, 2**20, log=True), n_trials=2)


def test_a_failing_function_says_where() -> None:
    with pytest.raises(ValueError, match=r"`transform` of 'x' failed for 0\.0 of trial 1"):
        read(Source(study_of({"x": 0.5}, {"x": 0.0}), transform={"x": math.log}))


def test_names_of_a_study_that_is_still_empty_are_checked_later(log_lines: list[str]) -> None:
    study, notices = study_of(), Notices()
    (reader,) = source_readers(Source(study, rename={"a": "b"}))
    assert not reader.read(notices).trials
    study.add_trial(optuna.create_trial(value=0.0, params={"x": 0.5}, distributions={"x": UNIT}))
    assert [trial.params for trial in reader.read(notices).trials] == [{"x": 0.5}]
    study.add_trial(optuna.create_trial(value=0.0, params={"a": 0.5}, distributions={"a": UNIT}))
    assert [trial.params for trial in reader.read(notices).trials] == [{"x": 0.5}, {"b": 0.5}]
    assert log_lines == [
        "`rename` names 'a', which the source 'small' does not have; its parameters are 'x'."
    ]


def test_a_trial_that_does_not_translate_later_is_skipped(log_lines: list[str]) -> None:
    study, notices = study_of({"x": 1.0}), Notices()
    (reader,) = source_readers(Source(study, transform={"x": math.log10}))
    for x in (0.0, 0.1, 0.0):
        study.add_trial(optuna.create_trial(value=0.0, params={"x": x}, distributions={"x": UNIT}))
        reader.read(notices)
    assert [trial.params["x"] for trial in reader.read(notices).trials] == [0.0, -1.0]
    assert log_lines == [
        "Skipping what does not translate of the source 'small'. `transform` of 'x' failed for "
        "0.0 of trial 1: math domain error."
    ]


def test_a_name_that_is_taken_later_leaves_what_was_read(log_lines: list[str]) -> None:
    study, notices = study_of({"x": 0.5}), Notices()
    (reader,) = source_readers(Source(study, rename={"x": "y"}))
    reader.read(notices)
    study.add_trial(
        optuna.create_trial(
            value=0.0, params={"x": 0.1, "y": 0.2}, distributions={"x": UNIT, "y": UNIT}
        )
    )
    for _ in range(2):
        assert [trial.params for trial in reader.read(notices).trials] == [{"y": 0.5}]
    (line,) = log_lines
    assert line.startswith(
        "The source 'small' no longer translates (`rename` gives 'y' to more than one parameter"
    )
    assert line.endswith("; going on with the 1 trials seen last.")


def test_a_running_trial_may_lack_a_parameter_yet() -> None:
    study = optuna.create_study()
    (reader,) = source_readers(Source(study, rename={"a": "b"}))
    study.ask().suggest_float("x", 0, 1)
    assert len(reader.read(Notices()).trials) == 1


def test_the_text_of_a_source_has_no_storage() -> None:
    assert repr(Source(study_of(), scale=2)) == "Source(source 'small', scale={'size': 2.0})"


def table() -> dict[str, list[Any]]:
    return {
        "lr": [0.1, 0.01, None, 0.001, 5.0, 0.1, 0.2],
        "bs": [16.0, 32, 64, 64.5, 64, 64, 64],
        "act": ["relu", "tanh", "relu", "relu", "relu", "gelu", "relu"],
        "loss": [1.0, float("inf"), 1.0, 1.0, 1.0, 1.0, float("nan")],
        "note": ["", "", "", "", "", "", ""],
    }


@pytest.mark.parametrize("form", ["mapping", "pandas"])
def test_tables(form: str, log_lines: list[str]) -> None:
    df: Any = table()
    if form == "pandas":
        df = pytest.importorskip("pandas", reason="needs pandas").DataFrame(df)
    source = Source.from_dataframe(df, SPACE, "loss", direction="maximize", scale=2, name="sweep")
    data = read(source)
    assert [t.params for t in data.trials] == [
        {"lr": 0.1, "bs": 16, "act": "relu"},
        {"lr": 0.01, "bs": 32, "act": "tanh"},
    ]
    assert [t.value for t in data.trials] == [1.0, math.inf]
    assert all(type(t.params["bs"]) is int for t in data.trials)
    assert (data.label, data.scale) == ("sweep", {"size": 2.0})
    assert data.directions == (optuna.study.StudyDirection.MAXIMIZE,)
    assert log_lines == [
        "Using 2 of 7 rows of 'sweep'; unusable: 1 without 'lr' (row 2), 1 with 'bs' outside "
        "`search_space`, such as 64.5 of type float (row 3), 1 with 'lr' outside `search_space`, "
        "such as 5.0 of type float (row 4), 1 with 'act' outside `search_space`, such as 'gelu' "
        "of type str (row 5), 1 without a number in 'loss' (row 6)."
    ]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([0.5, "1e-3", "x" * 99], "2 with 'x' outside `search_space`, such as '1e-3' of type str"),
        ([0.5, True, 0.25], "1 with 'x' outside `search_space`, such as True of type bool"),
    ],
)
def test_a_cell_of_another_type_is_named(
    cells: list[Any], told: str, log_lines: list[str]
) -> None:
    Source.from_dataframe({"x": cells, "y": [1.0, 2.0, 3.0]}, {"x": UNIT}, "y")
    assert told in log_lines[0]


def test_a_table_is_called_by_its_name() -> None:
    with pytest.raises(ValueError, match="names 'wd', which source 'sweep' does not have"):
        Source.from_dataframe(table(), SPACE, "loss", rename={"wd": "weight_decay"}, name="sweep")


@pytest.mark.parametrize(
    ("change", "arguments", "error", "message"),
    [
        ({}, {"value": "accuracy"}, ValueError, "no column 'accuracy'; its columns are 'lr', "),
        ({}, {"search_space": {"wd": UNIT}}, ValueError, "no column 'wd'"),
        ({"loss": ["a"] * 7}, {}, ValueError, "'loss' is not numeric: its first value is 'a'"),
        ({"lr": [None, *["0.1"] * 6]}, {}, ValueError, "'lr' is not numeric.*'0.1'"),
        ({"loss": [True] * 7}, {}, ValueError, "'loss' is not numeric"),
        ({"loss": [[1.0, 2.0]] * 7}, {}, ValueError, "'loss' is not numeric"),
        ({"loss": [1.0] * 6}, {}, ValueError, "differ in length: {'loss': 6, 'lr': 7"),
        ({}, {"direction": "up"}, ValueError, "`direction` is 'minimize' or 'maximize'"),
        ({}, {"search_space": {}}, ValueError, "empty. It names the columns of the parameters"),
        ({}, {"search_space": None}, TypeError, "`search_space` maps"),
        ({}, {"value": 3}, TypeError, "`value` is the name of a column"),
        ({}, {"df": [1, 2]}, TypeError, "type 'list'"),
        ({}, {"scale": 0}, ValueError, "positive"),
        ({}, {"rename": {"a": "b"}}, ValueError, "names 'a'"),
        ({}, {"value": "lr"}, ValueError, "both the value and a parameter"),
    ],
)
def test_bad_tables(
    change: dict[str, Any], arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Source.from_dataframe(
            **{"df": {**table(), **change}, "search_space": SPACE, "value": "loss", **arguments}
        )


@pytest.mark.parametrize("step", [None, 0.1])
def test_digits_lost_in_single_precision_do_not_matter(step: float | None) -> None:
    column = np.array([0.1, 0.3, 0.7], dtype=np.float32)
    space = {"x": FloatDistribution(0.1, 0.7, step=step)}
    data = read(Source.from_dataframe({"x": column, "y": [1.0, 2.0, 3.0]}, space, "y"))
    values = [trial.params["x"] for trial in data.trials]
    assert values == pytest.approx([0.1, 0.3, 0.7])
    assert all(0.1 <= value <= 0.7 for value in values)


@pytest.mark.parametrize("step", [None, 0.1])
@pytest.mark.parametrize(
    ("x", "reason"),
    [(math.nan, "without 'x'"), (math.inf, "with 'x' outside"), (10**400, "with 'x' outside")],
    ids=["missing", "infinite", "huge"],
)
def test_a_cell_that_is_no_number_of_the_range_costs_its_row(
    x: float, reason: str, step: float | None, log_lines: list[str]
) -> None:
    space = {"x": FloatDistribution(0, 1, step=step)}
    data = read(Source.from_dataframe({"x": [0.1, x, 0.3], "y": [1.0, 2.0, 3.0]}, space, "y"))
    assert [trial.params["x"] for trial in data.trials] == pytest.approx([0.1, 0.3])
    assert f"Using 2 of 3 rows of 'table'; unusable: 1 {reason}" in log_lines[0]


def test_a_result_beyond_the_floats_is_a_run_that_diverged() -> None:
    df = {"x": [0.1, 0.2, 0.3], "y": [1, 10**400, -(10**400)]}
    data = read(Source.from_dataframe(df, {"x": UNIT}, "y"))
    assert [trial.value for trial in data.trials] == [1.0, math.inf, -math.inf]


def test_a_missing_value_may_be_a_choice() -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    df = pd.DataFrame({"act": ["relu", None, "relu"], "y": [1.0, 2.0, 3.0]})
    space = {"act": CategoricalDistribution([None, "relu"])}
    data = read(Source.from_dataframe(df, space, "y"))
    assert [trial.params["act"] for trial in data.trials] == ["relu", None, "relu"]


def test_two_columns_of_one_name() -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    df = pd.DataFrame([[0.1, 0.2, 1.0]], columns=["x", "x", "y"])
    with pytest.raises(ValueError, match="more than one column 'x'"):
        Source.from_dataframe(df, {"x": UNIT}, "y")


def test_a_table_of_pyarrow() -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow")
    df = pa.table({"x": [0.5, None], "y": [1.0, 2.0]})
    data = read(Source.from_dataframe(df, {"x": UNIT}, "y"))
    assert [trial.params for trial in data.trials] == [{"x": 0.5}]
    with pytest.raises(ValueError, match="no column 'z'; its columns are 'x', 'y'"):
        Source.from_dataframe(df, {"x": UNIT}, "z")


def test_missing_values_of_pandas(log_lines: list[str]) -> None:
    pd = pytest.importorskip("pandas", reason="needs pandas")
    df = pd.DataFrame({"x": [0.5, None, 0.25], "y": [1, 2, None]}).convert_dtypes()
    data = read(Source.from_dataframe(df, {"x": UNIT}, "y"))
    assert [t.params["x"] for t in data.trials] == [0.5]
    assert "1 without 'x' (row 1), 1 without a number in 'y' (row 2)" in log_lines[0]


def test_a_table_without_a_usable_row_is_no_error(log_lines: list[str]) -> None:
    assert not read(
        Source.from_dataframe({"x": [2.0] * 9, "y": [1.0] * 9}, {"x": UNIT}, "y")
    ).trials
    assert "Using 0 of 9 rows" in log_lines[0]
    assert "rows 0, 1, 2, 3, 4, ..." in log_lines[0]
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it is worth a warning
    Source.from_dataframe({"x": [2.0], "y": [1.0]}, {"x": UNIT}, "y")
    assert "Using 0 of 1 rows" in log_lines[-1]
    Source.from_dataframe({"x": [0.5], "y": [1.0]}, {"x": UNIT}, "y")
    assert "Using 0 of 1 rows" in log_lines[-1]


@pytest.mark.parametrize("form", ["pandas", "mapping"])
def test_states_of_a_table_that_optuna_exported(form: str, log_lines: list[str]) -> None:
    """The value of a pruned row is its last report, which is no result."""
    states = ["COMPLETE", "PRUNED", "FAIL", "RUNNING", "COMPLETE", "PRUNED", "FAIL"]
    df: Any = {
        "value": [1.0, 9.0, None, None, 2.0, 8.0, None],
        "params_x": [0.1, 0.2, 0.3, None, 0.5, 0.6, None],
        "state": states,
    }
    if form == "pandas":
        df = pytest.importorskip("pandas", reason="needs pandas").DataFrame(df)
    source = Source.from_dataframe(df, {"params_x": UNIT}, "value", rename={"params_x": "x"})
    trials = read(source).trials
    assert [(t.number, t.state.name, t.params["x"], t.value) for t in trials] == [
        (0, "COMPLETE", 0.1, 1.0),
        (2, "FAIL", 0.3, None),
        (4, "COMPLETE", 0.5, 2.0),
    ]
    assert log_lines == [
        "Using 2 of 7 rows of 'table', 1 more as trials that failed; unusable: 2 of state "
        "'PRUNED' (rows 1, 5), 1 of state 'RUNNING' (row 3), 1 without 'params_x' (row 6)."
    ]


@pytest.mark.parametrize(
    ("states", "space"),
    [
        (["finished", "PRUNED"], {"x": UNIT}),
        ([None, "PRUNED"], {"x": UNIT}),
        (["PRUNED", "FAIL"], {"x": UNIT, "state": CategoricalDistribution(["PRUNED", "FAIL"])}),
    ],
    ids=["of another tool", "unknown", "a parameter"],
)
def test_a_column_of_states_may_be_anything(states: list[Any], space: dict[str, Any]) -> None:
    df = {"x": [0.1, 0.2], "y": [1.0, 2.0], "state": states}
    assert len(read(Source.from_dataframe(df, space, "y")).trials) == 2


def test_an_export_of_optuna_is_read_as_its_study(log_lines: list[str]) -> None:
    pytest.importorskip("pandas", reason="needs pandas")
    study = optuna.create_study()
    for number, state in enumerate(["COMPLETE", "PRUNED", "COMPLETE"]):
        trial = study.ask({"x": UNIT})
        trial.report(5.0, 1)
        value = float(number) if state == "COMPLETE" else None
        study.tell(trial, value, state=TrialState[state])
    source = Source.from_dataframe(study.trials_dataframe(), {"params_x": UNIT}, "value")
    assert [trial.value for trial in read(source).trials] == [0.0, 2.0]
    assert "1 of state 'PRUNED' (row 1)" in log_lines[0]
