"""What is trained: parameters and the size of the job to an estimator, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_approximation import RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.preprocessing import PolynomialFeatures
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.svm import SVR

from benchmarks.tasks.task import Array
from benchmarks.tasks.task import Params


Size = Mapping[str, Any]  # rows, epochs, widths, and what else makes a training small or large


def log_loss(model: Any, X: Array, y: Array) -> float:
    """Cross-entropy, no single row worse than 16 nats."""
    p = np.clip(model.predict_proba(X), 1e-7, 1.0)
    p /= p.sum(axis=1, keepdims=True)
    return float(sklearn_log_loss(y, p, labels=np.arange(p.shape[1])))


def error(model: Any, X: Array, y: Array) -> float:
    """Share of rows that are classified wrongly."""
    return float(np.mean(model.predict(X) != y))


def squared_error(model: Any, X: Array, y: Array) -> float:
    """Mean squared error."""
    return float(np.mean((model.predict(X) - y) ** 2))


def squared_hinge(model: Any, X: Array, y: Array) -> float:
    """Mean squared hinge loss of two classes."""
    margin = (2.0 * y - 1.0) * model.decision_function(X)
    return float(np.mean(np.maximum(0.0, 1.0 - margin) ** 2))


def mlp_classifier(params: Params, size: Size) -> Any:
    return MLPClassifier(**_mlp_options(params, size))


def mlp_regressor(params: Params, size: Size) -> Any:
    return MLPRegressor(**_mlp_options(params, size))


def _mlp_options(params: Params, size: Size) -> dict[str, Any]:
    solver = params.get("solver", "adam")
    return dict(
        hidden_layer_sizes=(size["width"],) * size.get("depth", 1),
        solver=solver,
        learning_rate_init=params["lr"],
        alpha=params["alpha"],
        batch_size=params["batch_size"],
        max_iter=size["epochs"],
        n_iter_no_change=size["epochs"] + 1,
        tol=0.0,
        random_state=0,
        **{"momentum" if solver == "sgd" else "beta_1": params["momentum"]},
    )


def svc(params: Params, size: Size) -> Any:
    model = SVC(**params)
    return make_pipeline(FunctionTransformer(_half_resolution), model) if "low" in size else model


def _half_resolution(X: Array) -> Array:
    """Images of 8 by 8 pixels to images of 4 by 4."""
    return np.asarray(X.reshape(len(X), 4, 2, 4, 2).mean(axis=(2, 4)).reshape(len(X), 16))


def svr(params: Params, size: Size) -> Any:
    return SVR(**params, max_iter=20000)


def boosted_classifier(params: Params, size: Size) -> Any:
    return HistGradientBoostingClassifier(**params, **_boosting_options(size))


def boosted_regressor(params: Params, size: Size) -> Any:
    return HistGradientBoostingRegressor(**params, **_boosting_options(size))


def _boosting_options(size: Size) -> dict[str, Any]:
    return dict(max_iter=size["iterations"], early_stopping=False, random_state=0)


def trees_classifier(params: Params, size: Size) -> Any:
    return ExtraTreesClassifier(size["trees"], random_state=0, **params)


def trees_regressor(params: Params, size: Size) -> Any:
    return ExtraTreesRegressor(size["trees"], random_state=0, **params)


def kernel_ridge(params: Params, size: Size) -> Any:
    return KernelRidge(**params)


def sgd_classifier(params: Params, size: Size) -> Any:
    return SGDClassifier(
        loss="log_loss",
        penalty="elasticnet",
        learning_rate="invscaling",
        max_iter=size["epochs"],
        tol=None,
        random_state=0,
        **params,
    )


def pca_logistic(params: Params, size: Size) -> Any:
    pca = PCA(params["n_components"], whiten=params["whiten"], random_state=0)
    return make_pipeline(pca, LogisticRegression(C=params["C"], max_iter=100))


def random_features(params: Params, size: Size) -> Any:
    features = RBFSampler(gamma=params["gamma"], n_components=size["features"], random_state=0)
    model = SGDClassifier(
        loss="log_loss",
        alpha=params["alpha"],
        learning_rate="constant",
        eta0=params["eta0"],
        max_iter=size["epochs"],
        tol=None,
        random_state=0,
    )
    return make_pipeline(features, model)


def polynomial_net(params: Params, size: Size) -> Any:
    return make_pipeline(
        PolynomialFeatures(2), StandardScaler(), ElasticNet(**params, max_iter=300)
    )


def neighbours(params: Params, size: Size) -> Any:
    return KNeighborsClassifier(**params)
