"""The note on a study: sources, what moved, how far to trust it, what to run, feasibility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna_scaleup._optuna import read_trials
from optuna_scaleup.dashboard._feasibility import feasibility_text
from optuna_scaleup.dashboard._markdown import escaped
from optuna_scaleup.dashboard._markdown import prose
from optuna_scaleup.dashboard._markdown import table
from optuna_scaleup.report.interval import number
from optuna_scaleup.report.recommendation import Recommendation
from optuna_scaleup.report.recommendation import expected_value
from optuna_scaleup.report.recommendation import param_rows
from optuna_scaleup.report.recommendation import reach
from optuna_scaleup.report.transfer import TransferReport
from optuna_scaleup.report.transfer import exponent_rows
from optuna_scaleup.report.transfer import share_lines
from optuna_scaleup.report.transfer import shift_rows
from optuna_scaleup.visualization._model import View


# An exact posterior takes time that grows with the cube of the trials.
_MAX_TRIALS = 2000


@dataclass(frozen=True)
class Findings:
    """What the sampler has to say of a study, as far as there is anything to say.

    Attributes:
        report: What was learnt about the sources.
        recommendations: Best first.
    """

    report: TransferReport | None
    recommendations: Sequence[Recommendation] = ()

    @classmethod
    def of(cls, view: View) -> Findings:
        """Asks the sampler; several objectives and long studies have neither."""
        if len(view.study.directions) != 1 or not view.has_data:
            return cls(None)
        if len(view.snapshot.trials) > _MAX_TRIALS:
            return cls(None)
        return cls(view.report(), view.sampler.recommend(view.study, 1))


def study_note(view: View, findings: Findings) -> str:
    """The whole note in Markdown."""
    sections = [
        ("Transfer", _transfer(view, findings.report)),
        ("What moved", _moved(findings.report)),
        ("Recommendation", _recommendation(findings.recommendations)),
        ("Feasibility", feasibility_text(view.study, read_trials(view.study))),
    ]
    written = [f"### {title}\n\n{text}" for title, text in sections if text]
    return "\n\n".join(["## ScaleUpSampler", *written])


def _transfer(view: View, report: TransferReport | None) -> str:
    lines = [f"{prose(note)}." for note in view.notes()]
    if report is None:
        if len(view.snapshot.trials) > _MAX_TRIALS:
            lines.append(
                f"Of more than {_MAX_TRIALS} trials neither report nor recommendation is worked "
                "out here: `sampler.diagnose(study)` and `sampler.recommend(study)` give them."
            )
        if not view.has_data:
            lines.append(f"{prose(view.why_empty())}.")
        elif not view.snapshot.sources:
            lines.append("This study has no source that can be read here.")
        elif len(view.study.directions) > 1:
            labels = ", ".join(escaped(source.label) for source in view.snapshot.sources)
            lines.append(
                f"Sources: {labels}. Of several objectives there is neither report nor "
                "recommendation; how much each source counts stands with each trial."
            )
        return "\n\n".join(lines)
    rows = [
        (
            source.label,
            str(source.n_trials),
            ", ".join(f"{name} {number(size)}" for name, size in source.scale.items()) or "–",
            "not used" if source.weight is None else f"{100 * source.weight:.0f} %",
            "–" if source.rank_agreement is None else str(source.rank_agreement),
        )
        for source in report.sources
    ]
    rows.append(("no source", "", "", f"{100 * report.no_source_weight:.0f} %", ""))
    header = ("source", "trials", "size", "weight", "rank agreement (90 %)")
    lines += [f"**{prose(report.advice)}**" if report.advice else "", table(header, rows)]
    lines += share_lines(report)
    if report.calibration is not None:
        lines.append(f"Trust: {report.calibration}.")
    return "\n\n".join(line for line in lines if line)


def _moved(report: TransferReport | None) -> str:
    if report is None:
        return ""
    tables = [
        (("source", "parameter", "best value moved by (90 %)"), shift_rows(report)),
        (("parameter", "∝ size", "exponent (90 %)"), exponent_rows(report)),
    ]
    return "\n\n".join(table(header, rows) for header, rows in tables if rows)


def _recommendation(recommendations: Sequence[Recommendation]) -> str:
    if not recommendations:
        return ""
    best = recommendations[0]
    rows = [(name, value, outer or inner) for name, value, inner, outer in param_rows(best)]
    lines = [
        table(("parameter", "run", "its best value is (90 %)"), rows),
        f"Expected value (90 %): **{expected_value(best)}**.",
    ]
    if reach(best):
        lines[-1] += f" {escaped(reach(best))}."
    return "\n\n".join(lines)
