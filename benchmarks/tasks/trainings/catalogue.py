"""Names of the trainings, their parameters, their sizes, and the yardsticks of regret."""

from __future__ import annotations

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from benchmarks.tasks.task import Task
from benchmarks.tasks.trainings import learners
from benchmarks.tasks.trainings.training import Training


def _log(low: float, high: float) -> FloatDistribution:
    return FloatDistribution(low, high, log=True)


def _log_int(low: int, high: int) -> IntDistribution:
    return IntDistribution(low, high, log=True)


_MLP: dict[str, BaseDistribution] = {
    "lr": _log(1e-4, 0.3),
    "alpha": _log(1e-6, 10.0),
    "batch_size": _log_int(8, 256),
    "momentum": FloatDistribution(0.0, 0.99),
}
_BOOSTING: dict[str, BaseDistribution] = {
    "learning_rate": _log(0.005, 1.0),
    "max_leaf_nodes": _log_int(2, 64),
    "min_samples_leaf": _log_int(1, 60),
    "l2_regularization": _log(1e-6, 100.0),
    "max_features": FloatDistribution(0.1, 1.0),
}
_KERNEL: dict[str, BaseDistribution] = {
    "alpha": _log(1e-4, 1e3),
    "gamma": _log(1e-4, 10.0),
    "kernel": CategoricalDistribution(["rbf", "laplacian", "polynomial"]),
}
_SGD: dict[str, BaseDistribution] = {
    "alpha": _log(1e-6, 1.0),
    "l1_ratio": FloatDistribution(0.0, 1.0),
    "eta0": _log(1e-4, 10.0),
    "power_t": FloatDistribution(0.0, 1.0),
}
_SVC: dict[str, BaseDistribution] = {"C": _log(1e-2, 1e3), "gamma": _log(1e-4, 10.0)}

_TRAININGS: dict[str, Training] = {
    "mlp_digits": Training(
        "digits",
        learners.mlp_classifier,
        learners.log_loss,
        _MLP | {"solver": CategoricalDistribution(["adam", "sgd"])},
        {"rows": 250, "width": 16, "epochs": 6},
        {"rows": 1150, "width": 128, "epochs": 15},
        best=0.0868889,
        median=0.568054,
        rho=0.76,
    ),
    "mlp_cancer": Training(
        "cancer",
        learners.mlp_classifier,
        learners.log_loss,
        _MLP | {"batch_size": _log_int(8, 64)},
        {"rows": 80, "width": 8, "depth": 1, "epochs": 10},
        {"rows": 379, "width": 64, "depth": 2, "epochs": 40},
        best=0.0283447,
        median=0.105967,
        rho=-0.14,
    ),
    "mlp_friedman": Training(
        "friedman",
        learners.mlp_regressor,
        learners.squared_error,
        _MLP | {"lr": _log(1e-4, 0.1)},
        {"rows": 250, "width": 16, "epochs": 15},
        {"rows": 2000, "width": 64, "epochs": 30},
        best=0.0481117,
        median=0.0899941,
        rho=0.47,
    ),
    "mlp_epochs": Training(
        "digits",
        learners.mlp_classifier,
        learners.log_loss,
        _MLP,
        {"rows": 1150, "width": 64, "epochs": 2},
        {"rows": 1150, "width": 64, "epochs": 15},
        best=0.0850645,
        median=0.465869,
        rho=0.78,
    ),
    "mlp_width": Training(
        "digits",
        learners.mlp_classifier,
        learners.log_loss,
        _MLP,
        {"rows": 1150, "width": 4, "epochs": 10},
        {"rows": 1150, "width": 128, "epochs": 10},
        best=0.0960268,
        median=0.471543,
        rho=0.82,
    ),
    "mlp_depth": Training(
        "friedman",
        learners.mlp_regressor,
        learners.squared_error,
        _MLP,
        {"rows": 600, "width": 16, "depth": 1, "epochs": 15},
        {"rows": 1500, "width": 32, "depth": 3, "epochs": 20},
        best=0.055416,
        median=0.131042,
        rho=0.55,
    ),
    "mlp_other": Training(
        "digits",
        learners.mlp_classifier,
        learners.log_loss,
        _MLP,
        {"dataset": "cancer", "rows": 379, "width": 16, "epochs": 15},
        {"rows": 1150, "width": 64, "epochs": 15},
        best=0.0859596,
        median=0.465869,
        rho=0.74,
    ),
    "svc_digits": Training(
        "digits",
        learners.svc,
        learners.error,
        _SVC,
        {"rows": 120},
        {"rows": 1150},
        best=0.0100167,
        median=0.0467446,
        rho=0.93,
    ),
    "svc_lowres": Training(
        "digits",
        learners.svc,
        learners.error,
        _SVC,
        {"rows": 200, "low": True},
        {"rows": 1150},
        best=0.0100167,
        median=0.0467446,
        rho=0.68,
    ),
    "svc_cancer": Training(
        "cancer",
        learners.svc,
        learners.squared_hinge,
        _SVC | {"gamma": _log(1e-5, 1.0)},
        {"rows": 60},
        {"rows": 379},
        best=0.0554748,
        median=0.198615,
        rho=0.96,
    ),
    "svr_friedman": Training(
        "friedman",
        learners.svr,
        learners.squared_error,
        {"C": _log(1e-2, 1e3), "gamma": _log(1e-4, 1.0), "epsilon": _log(1e-3, 1.0)},
        {"rows": 150},
        {"rows": 1200},
        best=0.055745,
        median=0.231751,
        rho=0.94,
    ),
    "boost_cancer": Training(
        "cancer",
        learners.boosted_classifier,
        learners.log_loss,
        _BOOSTING,
        {"rows": 100, "iterations": 20},
        {"rows": 379, "iterations": 150},
        best=0.0512313,
        median=0.113674,
        rho=0.62,
    ),
    "boost_friedman": Training(
        "friedman",
        learners.boosted_regressor,
        learners.squared_error,
        _BOOSTING,
        {"rows": 250, "iterations": 25},
        {"rows": 2000, "iterations": 150},
        best=0.0584862,
        median=0.110541,
        rho=0.76,
    ),
    "boost_digits": Training(
        "digits",
        learners.boosted_classifier,
        learners.log_loss,
        _BOOSTING
        | {
            "learning_rate": _log(0.01, 1.0),
            "max_leaf_nodes": _log_int(2, 32),
            "min_samples_leaf": _log_int(1, 40),
            "l2_regularization": _log(1e-4, 100.0),
        },
        {"rows": 150, "iterations": 6},
        {"rows": 500, "iterations": 20},
        best=0.181778,
        median=0.728811,
        rho=0.87,
    ),
    "trees_digits": Training(
        "digits",
        learners.trees_classifier,
        learners.log_loss,
        {
            "max_features": FloatDistribution(0.02, 1.0),
            "min_samples_leaf": _log_int(1, 30),
            "max_depth": IntDistribution(2, 30),
            "criterion": CategoricalDistribution(["gini", "entropy"]),
            "bootstrap": CategoricalDistribution([True, False]),
        },
        {"rows": 200, "trees": 10},
        {"rows": 1150, "trees": 60},
        best=0.214922,
        median=0.44153,
        rho=0.84,
    ),
    "trees_friedman": Training(
        "friedman",
        learners.trees_regressor,
        learners.squared_error,
        {
            "max_features": FloatDistribution(0.1, 1.0),
            "min_samples_leaf": _log_int(1, 30),
            "max_depth": IntDistribution(2, 30),
            "min_samples_split": _log_int(2, 50),
        },
        {"rows": 150, "trees": 10},
        {"rows": 2000, "trees": 30},
        best=0.112907,
        median=0.194069,
        rho=0.88,
    ),
    "ridge_diabetes": Training(
        "diabetes",
        learners.kernel_ridge,
        learners.squared_error,
        _KERNEL,
        {"rows": 60},
        {"rows": 295},
        best=0.445786,
        median=0.804772,
        rho=0.94,
    ),
    "ridge_friedman": Training(
        "friedman",
        learners.kernel_ridge,
        learners.squared_error,
        _KERNEL,
        {"rows": 150},
        {"rows": 1000},
        best=0.0559193,
        median=0.280991,
        rho=0.89,
    ),
    "sgd_cancer": Training(
        "cancer",
        learners.sgd_classifier,
        learners.log_loss,
        _SGD,
        {"rows": 80, "epochs": 3},
        {"rows": 379, "epochs": 40},
        best=0.0446731,
        median=0.212442,
        rho=0.91,
    ),
    "sgd_digits": Training(
        "digits",
        learners.sgd_classifier,
        learners.log_loss,
        _SGD,
        {"rows": 300, "epochs": 2},
        {"rows": 1150, "epochs": 15},
        best=0.178809,
        median=1.89676,
        rho=0.93,
    ),
    "pca_digits": Training(
        "digits",
        learners.pca_logistic,
        learners.log_loss,
        {
            "n_components": _log_int(2, 60),
            "C": _log(1e-4, 1e3),
            "whiten": CategoricalDistribution([True, False]),
        },
        {"rows": 120},
        {"rows": 1150},
        best=0.1292,
        median=0.700667,
        rho=0.92,
    ),
    "features_digits": Training(
        "digits",
        learners.random_features,
        learners.error,
        {"gamma": _log(1e-4, 10.0), "alpha": _log(1e-8, 0.1), "eta0": _log(1e-3, 100.0)},
        {"rows": 250, "features": 64, "epochs": 3},
        {"rows": 1150, "features": 400, "epochs": 6},
        best=0.0116861,
        median=0.716194,
        rho=0.79,
    ),
    "net_poly": Training(
        "diabetes",
        learners.polynomial_net,
        learners.squared_error,
        {"alpha": _log(1e-4, 10.0), "l1_ratio": FloatDistribution(0.01, 1.0)},
        {"rows": 70},
        {"rows": 295},
        best=0.442568,
        median=0.515823,
        rho=0.32,
    ),
    "knn_digits": Training(
        "digits",
        learners.neighbours,
        learners.error,
        {
            "n_neighbors": _log_int(1, 50),
            "p": FloatDistribution(1.0, 4.0),
            "weights": CategoricalDistribution(["uniform", "distance"]),
        },
        {"rows": 120},
        {"rows": 700},
        best=0.0133556,
        median=0.0267112,
        rho=0.96,
    ),
}


def training_ids() -> list[str]:
    """Names of all trainings."""
    return list(_TRAININGS)


def build_training(task_id: str) -> Task:
    """The task of that name.

    Raises:
        KeyError: If there is no such task.
    """
    return _TRAININGS[task_id].task(task_id)
