"""BoTorch's ``MultiTaskGP`` (``botorch`` 0.18) over sources and target, log expected improvement.

Its defaults as they come: positive correlations between the studies with a prior that favours
large ones, a mean and a noise level for each study. As its documentation asks, numbers lie in the
unit cube and each study's values are standardised apart. It cannot standardise an empty target,
so the first trial is the best of the largest source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.study import Study

from benchmarks.methods.method import Method
from benchmarks.methods.method import flat_with_sources
from benchmarks.methods.source_params import first_params
from benchmarks.methods.source_params import told_rows
from benchmarks.methods.unit_cube import MAX_GRID_ROWS
from benchmarks.methods.unit_cube import UnitCube
from benchmarks.tasks import Task


TARGET = 0
N_RESTARTS = 10
N_RAW_SAMPLES = 512


class _MultiTaskSession:
    """Refits the model before each suggestion."""

    def __init__(self, task: Task, sources: Sequence[Study], seed: int) -> None:
        self._task = task
        self._seed = seed
        self._cube = UnitCube(task.search_space)
        grid = self._cube.grid(MAX_GRID_ROWS)
        if grid is not None:
            grid = np.pad(grid, [(0, 0), (0, 1)], constant_values=TARGET)
        self._grid = grid
        self._params = first_params(task, sources)
        self._rows: list[list[float]] = []  # The study's number comes last.
        self._values: list[float] = []  # Larger is better.
        for i, source in enumerate(sources, start=TARGET + 1):
            for params, value in told_rows(task.search_space, source):
                self._add(params, i, value)
        self._n_source_rows = len(self._rows)

    def suggest(self) -> dict[str, Any]:
        """The best source configuration first, then the acquisition's maximum."""
        import botorch

        n_trials = len(self._rows) - self._n_source_rows
        if n_trials > 0:
            with botorch.manual_seed(self._seed + n_trials):
                self._params = self._cube.decode(self._best_row())
        return self._params

    def observe(self, value: float) -> None:
        """Adds a row of the target."""
        self._add(self._params, TARGET, value)

    def _add(self, params: dict[str, Any], i_study: int, value: float) -> None:
        self._rows.append([*self._cube.encode(params), float(i_study)])
        self._values.append(self._task.sign * value)

    def _best_row(self) -> list[float]:
        from botorch.acquisition import LogExpectedImprovement
        from botorch.optim import optimize_acqf_mixed

        best = max(self._values[self._n_source_rows :])
        acquisition = LogExpectedImprovement(self._fitted_model(), best_f=best)
        if self._grid is not None:
            return self._best_of_grid(acquisition)
        n_columns = self._cube.n_columns
        row, _ = optimize_acqf_mixed(
            acquisition,
            bounds=_tensor([[0.0] * n_columns + [TARGET], [1.0] * n_columns + [TARGET]]),
            q=1,
            num_restarts=N_RESTARTS,
            raw_samples=N_RAW_SAMPLES,
            # The values are scaled back by study, so the study's column has to be there.
            fixed_features_list=[{**c, n_columns: TARGET} for c in self._cube.choices()],
        )
        return [float(cell) for cell in row[0]]

    def _best_of_grid(self, acquisition: Any) -> list[float]:
        from botorch.optim import optimize_acqf_discrete

        tried = self._rows[self._n_source_rows :]
        row, _ = optimize_acqf_discrete(
            acquisition, q=1, choices=_tensor(self._grid), X_avoid=_tensor(tried)
        )
        return [float(cell) for cell in row[0]]

    def _fitted_model(self) -> Any:
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import MultiTaskGP
        from botorch.models.transforms.outcome import StratifiedStandardize
        from gpytorch.mlls import ExactMarginalLogLikelihood

        X = _tensor(self._rows)
        model = MultiTaskGP(
            X,
            _tensor(self._values)[:, None],
            task_feature=-1,
            output_tasks=[TARGET],
            outcome_transform=StratifiedStandardize(
                stratification_idx=self._cube.n_columns,
                all_task_values=X[:, -1].unique().long(),
            ),
        )
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return model


def _tensor(values: Any) -> Any:
    import torch

    return torch.as_tensor(np.asarray(values), dtype=torch.double)


METHOD = Method(
    "botorch_mtgp",
    "BoTorch's multi-task GP",
    flat_with_sources(_MultiTaskSession, "the model has no conditional parameters"),
    needs=("botorch", "gpytorch", "torch"),
)
