"""How much work a fit gets."""

from __future__ import annotations

import pytest

from optuna_scaleup.model.effort import Aim
from optuna_scaleup.model.effort import effort_for


def test_more_trials_get_less_work() -> None:
    assert [effort_for(n).n_around for n in (12, 13, 40, 41)] == [512, 128, 128, 0]
    for aim, of_prior in ((Aim.BEST, 32), (Aim.FRONT, 32), (Aim.LEVEL, 128)):
        assert [effort_for(n).n_prior(aim) for n in (12, 13, 40)] == [512, of_prior, of_prior]


@pytest.mark.parametrize(
    ("aim", "shares"),
    [
        (Aim.BEST, [0.5, 0.5, 0.25, 0.25, 0.0]),
        (Aim.FRONT, [0.5, 0.5, 0.5, 0.5, 0.0]),
        (Aim.LEVEL, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_share_of_single_axes(aim: Aim, shares: list[float]) -> None:
    assert [effort_for(n).additive_share(aim) for n in (1, 6, 7, 40, 41)] == shares


@pytest.mark.parametrize(
    ("n_measured", "n_estimated", "as_many"),
    [(5, 3, 8), (8, 5, 13), (20, 60, 40), (41, 1, 41), (12, 160, 40), (12, 161, 173)],
)
def test_estimates_take_time_but_do_not_end_the_search(
    n_measured: int, n_estimated: int, as_many: int
) -> None:
    assert effort_for(n_measured, n_estimated) is effort_for(as_many)
