"""`akiseki rotation solve`: one JSON line; bad input ends with one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import akiseki
from tests.benchmarks.rotation import INSTANCES

TWO = {
    "days": ["2026-12-01", "2026-12-02"],
    "members": [
        {"id": "aoki", "name": "青木", "target": 2, "caps": {"week": 2}},
        {"id": "baba", "name": "馬場", "target": 2},
    ],
    "covers": [{"name": "窓口", "least": 1}],
    "wishes": [{"person": "aoki", "day": "2026-12-01", "state": "home"}],
}


def solve(folder: Path, problem: object, *options: str) -> Result:
    file = folder / "problem.json"
    file.write_text(problem if isinstance(problem, str) else json.dumps(problem))
    return CliRunner().invoke(akiseki, ["rotation", "solve", str(file), *options])


def test_a_plan_comes_with_its_figures(tmp_path: Path) -> None:
    done = solve(tmp_path, TWO, "--work", "100")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["plan"]["aoki"]["2026-12-01"] == {"am": "home", "pm": "home"}
    assert said["plan"]["baba"]["2026-12-01"] == {"am": "office", "pm": "office"}
    assert said["figures"]["targets"] == {"value": 0, "bound": 0}
    assert said["figures"]["wishes"] == {"value": 0, "bound": 0}


def test_what_a_post_takes_is_solved_with_what_it_says_of_the_search_and_options_go_before_it(
    tmp_path: Path,
) -> None:
    alone = json.loads(solve(tmp_path, TWO, "--work", "100").output)
    asked = {"problem": TWO, "work": 100, "seed": 1}
    assert json.loads(solve(tmp_path, asked).output) == alone
    assert json.loads(solve(tmp_path, {"problem": TWO, "seconds": 5}, "--work", "100").output) == alone
    assert json.loads(solve(tmp_path, asked, "--seconds", "5").output)["figures"] == alone["figures"]


def test_where_there_is_no_plan_the_rules_in_conflict_are_named_in_both_languages(tmp_path: Path) -> None:
    impossible = {
        **TWO,
        "fixed": [{"person": one, "day": "2026-12-01", "state": "home"} for one in ("aoki", "baba")],
    }
    done = solve(tmp_path, impossible)
    assert done.exit_code == 1
    said = json.loads(done.output)
    assert said["plan"] is None
    rules = said["conflict"]["rules"]
    assert [(one["kind"], one["about"], one["frees"]) for one in rules] == [
        ("cover", "窓口", True),
        ("fixed", "aoki", True),
        ("fixed", "baba", True),
    ]
    assert rules[0]["en"] == "窓口: at least 1 in the office."
    assert rules[0]["ja"] == "窓口: 出勤は1人以上とします。"
    assert "青木" in rules[1]["ja"]


def test_an_instance_of_the_challenge_is_taken_too(tmp_path: Path) -> None:
    text = (INSTANCES / "instance1.json").read_text()
    done = solve(tmp_path, text, "--format", "asocio", "--seconds", "2")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert set(said["plan"]) == set(json.loads(text)["Employees"])
    assert said["figures"]["group_days"] == said["figures"]["groups"] == 4


@pytest.mark.parametrize(
    ("problem", "options", "why"),
    [
        ("{", (), "cannot be read"),
        ("[]", (), "no problem of a rotation"),
        ({"days": [], "members": []}, (), "days"),
        (
            {**TWO, "wishes": [{"person": "chiba", "day": "2026-12-01", "state": "home"}]},
            (),
            "chiba is none of the members",
        ),
        (
            {**TWO, "wishes": [{"person": "aoki", "day": "2026-12-09", "state": "home"}]},
            (),
            "2026-12-09 is none of the days",
        ),
        ({**TWO, "members": [{"id": "aoki"}, {"id": "aoki"}]}, (), "It names something twice"),
        (
            {**TWO, "duties": [{"name": "cash", "main": "aoki", "deputy": "aoki"}]},
            (),
            "duties: cash: the main person and the deputy are the same.",
        ),
        ({**TWO, "strange": 1}, (), "strange"),
        ({**TWO, "days": ["2026-12-01", "9999-12-31"]}, (), "days.1: must lie in the years"),
        ('{"days": ["2026-12-01"], "members": [{"id": "\\ud800"}]}', (), "members.0.id: must be text"),
        ({"problem": {**TWO, "strange": 1}}, (), "problem.strange"),
        ({"problem": TWO, "seconds": 0}, (), "seconds"),
        ({"section": 1, "from": "2026-12-01", "to": "2026-12-31"}, (), "give a problem"),
        ({"Employees": []}, ("--format", "asocio"), "no instance of the challenge"),
    ],
)
def test_bad_input_ends_with_one_line_that_says_what_is_wrong(
    tmp_path: Path, problem: Any, options: tuple[str, ...], why: str
) -> None:
    done = solve(tmp_path, problem, *options)
    assert done.exit_code == 1
    assert why in done.output
    assert len(done.output.strip().splitlines()) == 1
