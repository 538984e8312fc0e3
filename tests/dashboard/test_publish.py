"""Notes and figures for optuna-dashboard: content, place, size; no URL in them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import optuna
import pytest

from optuna_scaleup import ScaleUpSampler
from optuna_scaleup._optuna import note_target
from optuna_scaleup.data.lineage import Lineage
from optuna_scaleup.data.lineage import SourceRecord
from optuna_scaleup.data.lineage import write_lineage


dashboard = pytest.importorskip("optuna_dashboard", reason="publishing needs optuna-dashboard")
pytest.importorskip("plotly", reason="the figures need plotly")

from optuna_scaleup.dashboard import DashboardCallback  # noqa: E402
from optuna_scaleup.dashboard import publish  # noqa: E402
from optuna_scaleup.dashboard._cards import as_card  # noqa: E402
from optuna_scaleup.dashboard._history import Known  # noqa: E402
from optuna_scaleup.dashboard._trial_notes import trial_note  # noqa: E402
from optuna_scaleup.visualization import plot_drift  # noqa: E402
from optuna_scaleup.visualization import plot_surrogate  # noqa: E402
from optuna_scaleup.visualization import plot_transfer  # noqa: E402
from tests.versions import needs_set_constraint  # noqa: E402


def objective(trial: optuna.Trial, optimum: float = -3.0) -> float:
    log_lr = math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True))
    width = trial.suggest_int("width", 1, 8)
    if hasattr(trial, "set_constraint"):
        trial.set_constraint("memory", width - 6.0)
    return (log_lr - optimum) ** 2 + 0.1 * abs(width - 4)


def studies(url: str, n_large: int = 3) -> optuna.Study:
    small = optuna.create_study(
        study_name="small", storage=url, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    small.optimize(objective, n_trials=8)
    large = optuna.create_study(
        study_name="large", storage=url, sampler=ScaleUpSampler(small, seed=0)
    )
    large.enqueue_trial({"lr": 1e-1, "width": 8})
    large.optimize(lambda trial: objective(trial, -3.5), n_trials=n_large)
    return large


def attrs(study: optuna.Study) -> dict[str, Any]:
    return study._storage.get_study_system_attrs(study._study_id)


def test_publish_from_another_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    studies(url)
    study = optuna.load_study(study_name="large", storage=url)
    dashboard.save_note(study, "My own words.")
    dashboard.save_note(note_target(study, study.trials[1]), "Mine, too.")
    publish(study)
    first = attrs(study)
    note = dashboard.get_note(study)
    assert note.startswith("My own words.")
    assert "### Recommendation" in note
    assert "| lr |" in note
    notes = [dashboard.get_note(note_target(study, trial)) for trial in study.trials]
    assert "enqueued" in notes[0]
    assert notes[1] == "Mine, too."
    assert "predicted: **" in notes[2]
    assert "listened to: " in notes[2]
    assert "small " in notes[2]
    assert "came out: **" in notes[2]
    assert sum(".surrogate" in key or "surrogate-1:0" in key for key in first) == 1
    assert "sqlite" not in json.dumps(first)
    assert str(tmp_path) not in json.dumps(first)

    publish(study)
    again = attrs(study)
    assert again.keys() == first.keys()
    assert dashboard.get_note(study) == note
    assert dashboard.get_note(note_target(study, study.trials[1])) == "Mine, too."


def test_a_source_of_another_storage_is_given(tmp_path: Path) -> None:
    def simple(trial: optuna.Trial) -> float:
        return (trial.suggest_float("x", 0.0, 1.0) - 0.3) ** 2

    small = optuna.create_study(study_name="elsewhere")
    small.optimize(simple, n_trials=5)
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    optuna.create_study(
        study_name="large", storage=url, sampler=ScaleUpSampler(small, seed=0)
    ).optimize(simple, n_trials=2)
    study = optuna.load_study(study_name="large", storage=url)
    publish(study)
    assert "Not shown: source 'elsewhere'" in dashboard.get_note(study)
    callback = DashboardCallback(every=1, source=small)
    callback(study, study.trials[-1])
    assert "| elsewhere | 5 |" in dashboard.get_note(study)
    assert "Not shown" not in json.dumps(attrs(study))
    with pytest.raises(TypeError, match="source"):
        DashboardCallback(source=3)  # type: ignore[arg-type]


@needs_set_constraint
def test_feasibility_is_told(tmp_path: Path) -> None:
    study = studies(f"sqlite:///{tmp_path / 'studies.db'}", n_large=2)
    publish(study)
    note = dashboard.get_note(study)
    assert "1 of 2 complete trials are feasible" in note
    assert "Best feasible: trial 1" in note
    assert "| memory | 1 of 2 | 2 |" in note


def test_a_foreign_constraint_is_broken(tmp_path: Path) -> None:
    """Another program may have written anything."""
    study = studies(f"sqlite:///{tmp_path / 'studies.db'}", n_large=2)
    foreign: dict[str, Any] = {"constraints:speed": None}
    trial = optuna.create_trial(value=0.0, system_attrs=foreign)
    study.add_trial(trial)
    study.add_trial(optuna.create_trial(value=0.0, system_attrs={"constraints:speed": -1.0}))
    publish(study)
    note = dashboard.get_note(study)
    assert "| speed | 1 of 2 | -1 |" in note


def test_callback_publishes_every_so_often() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    callback = DashboardCallback(every=2)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1, callbacks=[callback])
    assert dashboard.get_note(study) == ""
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1, callbacks=[callback])
    assert "### Recommendation" in dashboard.get_note(study)
    for every in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            DashboardCallback(every=every)
    with pytest.raises(TypeError, match="`every` is a number of trials"):
        DashboardCallback(every=2.5)  # type: ignore[arg-type]


def test_a_broken_dashboard_does_not_stop_the_study(log_lines: list[str]) -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    write_lineage(study, Lineage((SourceRecord("small", "small"),)))
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
    trial = study.trials[0]
    study._storage.delete_study(study._study_id)
    DashboardCallback(every=1)(study, trial)
    assert any("dashboard was not updated (KeyError)" in line for line in log_lines)


def test_empty_study_and_several_objectives() -> None:
    empty = optuna.create_study()
    publish(empty)
    assert "Nothing to model yet" in dashboard.get_note(empty)
    both = optuna.create_study(directions=["minimize", "maximize"], sampler=ScaleUpSampler(seed=0))
    both.optimize(lambda t: (t.suggest_float("x", 0, 1), 1.0), n_trials=1)
    publish(both)
    assert "## ScaleUpSampler" in dashboard.get_note(both)


def test_figures_fit_the_dashboards_cards(tmp_path: Path) -> None:
    study = studies(f"sqlite:///{tmp_path / 'studies.db'}")
    for figure in (plot_surrogate(study), plot_transfer(study), plot_drift(study)):
        card = as_card(figure)
        assert card.layout.height <= 450  # what is below is cut off
        assert card.layout.legend.orientation == "h"  # beside the plot it leaves no width
        assert card.layout.legend.y < 0
        assert all(trace.legend is None for trace in card.data)
        lines = card.layout.title.text.split("<br>")
        assert all(len(line) <= 84 + len("<sup></sup>") for line in lines)
        assert card.layout.margin.t >= 28 + 14 * len(lines)


def test_a_study_without_source_is_published() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0, n_startup_trials=2))
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=4)
    publish(study)
    assert "has no source" in dashboard.get_note(study)
    assert "sizes not known" not in dashboard.get_note(study)
    assert "### Recommendation" in dashboard.get_note(study)


def test_trials_of_another_sampler_say_so() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=1)
    publish(study)
    assert "another sampler" in dashboard.get_note(note_target(study, study.trials[0]))


def test_what_was_enqueued_in_part_is_told() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.enqueue_trial({"lr": 1e-2, "width": 3})
    study.enqueue_trial({"lr": 1e-2, "depth": 3})
    study.optimize(lambda trial: objective(trial) + trial.suggest_int("one", 1, 1), n_trials=2)
    study.sampler = optuna.samplers.RandomSampler(seed=0)
    study.enqueue_trial({"width": 3})
    study.optimize(objective, n_trials=1)
    whole, part, elsewhere = (trial_note(study, t, Known(), []) for t in study.trials)
    assert "nobody else chose it" in whole
    assert "`lr` enqueued, the rest chosen by the sampler, to go with it." in part
    assert "`width` enqueued, the rest chosen by another sampler." in elsewhere


def test_a_front_needs_several_objectives() -> None:
    one, two = optuna.create_study(), optuna.create_study(directions=["minimize"] * 2)
    record = json.dumps({"seconds": 1.0, "source_weights": [0.5, 0.5]})
    unbounded = {"scaleup:prediction:0": record}
    weighed = optuna.create_trial(value=0.0, system_attrs=unbounded)
    assert "set it no finite limits" in trial_note(one, weighed, Known(), [])
    of_two = optuna.create_trial(values=[0.0, 0.0], system_attrs=unbounded)
    assert "Pareto front" in trial_note(two, of_two, Known(), [])
    foreign = optuna.create_trial(values=[0.0, 0.0])
    assert "another sampler" in trial_note(two, foreign, Known(), [])


@needs_set_constraint
def test_infeasible_and_infinite_trials_are_never_the_best() -> None:
    def given(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_constraint("a|b", 0.5 - x)
        return -math.inf if trial.number == 1 else x

    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    for x in (0.1, 0.9, 0.8, 0.7):
        study.enqueue_trial({"x": x})
    study.optimize(given, n_trials=5)
    publish(study)
    notes = [dashboard.get_note(note_target(study, trial)) for trial in study.trials]
    assert "best before" not in notes[2]
    assert "best before: 0.8" in notes[3]
    assert "best before: 0.7" in notes[4]
    note = dashboard.get_note(study)
    assert "value -inf" not in note
    assert r"| a\|b |" in note


def test_notes_tell_small_differences_apart() -> None:
    study = optuna.create_study(sampler=ScaleUpSampler(seed=0))
    study.optimize(lambda t: 1e7 + t.suggest_float("x", 0.0, 1.0) ** 2, n_trials=8)
    report = ScaleUpSampler().diagnose(study)
    assert report.calibration is not None
    assert report.calibration.n_inside >= 5
    publish(study)
    note = dashboard.get_note(note_target(study, study.trials[-1]))
    (line,) = [line for line in note.splitlines() if "predicted" in line]
    low, high = line.split("between ")[1].split(" with")[0].split(" and ")
    assert low != high


def test_several_objectives_name_their_sources() -> None:
    def two(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0.0, 1.0)
        return x, (1.0 - x) ** 2

    small = optuna.create_study(study_name="small", directions=["minimize"] * 2)
    small.optimize(two, n_trials=5)
    study = optuna.create_study(directions=["minimize"] * 2, sampler=ScaleUpSampler(small, seed=0))
    study.optimize(two, n_trials=2)
    publish(study)
    assert "Sources: small." in dashboard.get_note(study)
