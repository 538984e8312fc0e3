"""The command line: what it prints, its exit codes, and that it never prints a password."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

import optuna_scaleup
from optuna_scaleup import ScaleUpSampler
from optuna_scaleup.cli import main
from optuna_scaleup.cli import redacted
from optuna_scaleup.cli._wording import in_flags


SECRET = "p%40ss-wörd"


def objective(trial: optuna.Trial) -> float:
    return (math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True)) + 3.0) ** 2


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('cli') / 'studies.db'}"
    small = optuna.create_study(
        study_name="small", storage=url, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    small.optimize(objective, n_trials=8)
    large = optuna.create_study(
        study_name="large", storage=url, sampler=ScaleUpSampler(small, seed=0)
    )
    large.optimize(objective, n_trials=2)
    return url


def test_recommend_before_the_large_study(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--storage", url, "--source", "small"]) == 0
    said = capsys.readouterr().out
    assert "Recommendation from the sources alone" in said
    assert "lr" in said


def test_recommend_with_sizes_as_json(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["recommend", "--storage", url, "--source", "small@params=1e6", "--target", "large"]
    assert main([*argv, "--scale", "params=1e9", "-n", "2", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first["extrapolation"]["ratios"] == {"params": pytest.approx(1e3)}
    assert first["n_trials"] == 2
    assert first["params"]["lr"] != second["params"]["lr"]


def test_an_at_in_a_name(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    optuna.copy_study(
        from_study_name="small", from_storage=url, to_storage=url, to_study_name="sm@ll"
    )
    for source in ("sm@ll@", "sm@ll@3"):
        argv = ["recommend", "--storage", url, "--source", source, "--json"]
        assert main([*argv, "--scale", "6"] if source[-1] == "3" else argv) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert list(found["source_weights"]) == ["sm@ll"]


def test_a_name_that_reads_like_a_size(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    optuna.create_study(study_name="tiny@1", storage=url)
    assert main(["recommend", "--storage", url, "--source", "tiny@1"]) == 1
    assert "needs one more at its end: --source tiny@1@" in capsys.readouterr().err
    assert main(["recommend", "--storage", url, "--source", "other@1"]) == 1
    assert "one more" not in capsys.readouterr().err
    assert _exit_code(["recommend", "--storage", url, "--source", "sm@ll"]) == 2
    assert "needs one more at its end: sm@ll@" in capsys.readouterr().err
    optuna.delete_study(study_name="tiny@1", storage=url)


def test_the_target_remembers_its_sources(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTUNA_SCALEUP_STORAGE", url)
    assert main(["recommend", "--target", "large", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert list(found["source_weights"]) == ["small"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["recommend", "--source", "tiny"], "no study 'tiny'. It has: "),
        (["report", "--target", "large", "--scale", "8"], "as in --source small@2e8"),
        (["recommend", "--source", "small@a=1", "--scale", "8"], "names of the scales differ"),
        (["recommend", "--source", "small", "--source", "small"], "given as a source twice"),
    ],
)
def test_what_the_user_can_put_right(
    url: str, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv[:1], "--storage", url, *argv[1:]]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["recommend"], "needs --source, --target"),
        (["publish"], "required: --target"),
        (["report", "--source", "small"], "required: --target"),
        (["recommend", "--source", "small", "-n", "0"], "at least 1"),
        (["recommend", "--source", "small", "-n", "two"], "at least 1"),
        (["recommend", "--source", "small", "--scale", "8"], "as in --source small@2e8"),
        (["recommend", "--source", "small@-3", "--scale", "8"], "positive and finite"),
        (["recommend", "--source", "small@a=1,b=inf", "--scale", "8"], "positive and finite"),
        (["recommend", "--source", "small@0"], "positive and finite"),
        (["recommend", "--source", "small@nan"], "positive and finite"),
        (["recommend", "--source", "small", "--drift-prior", "foo"], "'steplaw'"),
    ],
)
def test_a_wrong_command_line(
    url: str, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code([*argv[:1], "--storage", url, *argv[1:]]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def _exit_code(argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as exit_:
        return int(exit_.code or 0)


def test_a_mistyped_database_is_not_created(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "typo.db"
    assert main(["report", "--storage", f"sqlite:///{path}", "--target", "large"]) == 1
    assert f"no SQLite file '{path}'" in capsys.readouterr().err
    assert not path.exists()


def test_no_storage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPTUNA_SCALEUP_STORAGE", raising=False)
    assert main(["recommend", "--source", "small"]) == 2
    assert "--storage" in capsys.readouterr().err
    assert main(["recommend", "--storage", "nowhere.journal", "--source", "small"]) == 1
    assert "no journal file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["recommend", "--storage", f"mysql+nonsense://me:{SECRET}@127.0.0.1/x", "--source", "s"],
        ["recommend", "--storage", f"sqlite:///missing-folder/{SECRET}/x.db", "--source", "s"],
        ["recommend", "--storge", f"mysql://me:{SECRET}@127.0.0.1/x", "--source", "s"],
    ],
)
def test_a_password_is_never_echoed(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = _exit_code(argv)
    captured = capsys.readouterr()
    assert code in (1, 2)
    if "://me:" in argv[2]:
        assert SECRET not in captured.err + captured.out
        assert "p@ss-wörd" not in captured.err + captured.out


def test_redacted_covers_both_spellings_and_foreign_urls() -> None:
    text = f"at postgresql://me:{SECRET}@host/db said 'p@ss-wörd'; redis://u:other@h"
    assert redacted(text, f"postgresql://me:{SECRET}@host/db") == (
        "at postgresql://me:***@host/db said '***'; redis://u:***@h"
    )


def test_what_a_driver_takes_for_the_host_is_redacted() -> None:
    """It splits at an `@` of the password that should have been written as `%40`."""
    url = "mysql://me:ge@he@im@localhost:1/db"
    for tail in ("he@im", "im"):
        shown = redacted(f"Can't connect to 'x' on '{tail}@localhost'", url)
        assert shown == "Can't connect to 'x' on '***localhost'"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at mysql://me:a@b:c@host/db", "at mysql://me:***@host/db"),
        (
            "postgresql://host/db?user=me&password=s3cret&x=1",
            "postgresql://host/db?user=me&password=***&x=1",
        ),
        ("redis://:s3cret@host:6379/0 refused", "redis://:***@host:6379/0 refused"),
        ("no secret: user@host", "no secret: user@host"),
    ],
)
def test_redacted_without_knowing_the_url(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["--help"], ["recommend", "--help"]):
        with pytest.raises(SystemExit) as exit_:
            main(argv)
        assert exit_.value.code == 0
        assert "optuna-scaleup recommend --storage sqlite:///" in capsys.readouterr().out
    with pytest.raises(SystemExit) as exit_:
        main(["--nothing"])
    assert exit_.value.code == 2


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        ("params=1e6,params=2e6", "a size is named twice in 'params=1e6,params=2e6'"),
        ("params=many", "sizes are a number, or names and numbers"),
    ],
)
def test_sizes_that_mean_nothing(
    scale: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["recommend", "--source", "small", "--scale", scale])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_a_journal_file_is_a_storage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = tmp_path / "studies.journal"
    storage = JournalStorage(JournalFileBackend(str(path)))
    small = optuna.create_study(
        study_name="small", storage=storage, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    small.optimize(objective, n_trials=4)
    assert main(["recommend", "--storage", str(path), "--source", "small"]) == 0
    assert "lr" in capsys.readouterr().out


def test_it_runs_as_a_module() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "optuna_scaleup", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert run.stdout == f"optuna-scaleup {optuna_scaleup.__version__}\n"


def test_the_version_is_the_project_s() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'version = "{optuna_scaleup.__version__}"' in text
    with pytest.raises(AttributeError, match="no attribute 'versoin'"):
        optuna_scaleup.versoin  # type: ignore[attr-defined]  # noqa: B018


def test_n_has_a_long_form(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recommend", "--storage", url, "--source", "small", "--n", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_messages_name_flags(
    url: str, capsys: pytest.CaptureFixture[str], log_lines: list[str]
) -> None:
    argv = ["recommend", "--storage", url, "--source", "small@8", "--drift-prior", "steplaw"]
    assert main(argv) == 0
    assert [line for line in log_lines if "has no" in line or "has none" in line] == [
        "The sources have a scale, but the large study has none: how far its optimum moves is not "
        "known in advance. Give --scale.",
        "--drift-prior says how the optimum moves with size, but the large study has no --scale: "
        "it is not used. Give --scale.",
    ]
    capsys.readouterr()
    assert in_flags("`scale` of it; `Source(study, scale=...)`, `drift_prior`") == (
        "--scale of it; --source NAME@SIZES, --drift-prior"
    )
    log_lines.clear()
    optuna.create_study(sampler=ScaleUpSampler(drift_prior="steplaw"))
    assert log_lines[0].endswith("Give `scale` to the sampler.")
