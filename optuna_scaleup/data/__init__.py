"""From Optuna's studies to arrays: knows Optuna, knows no model."""
