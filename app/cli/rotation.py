"""`akiseki rotation …`"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask_babel import force_locale
from marshmallow import ValidationError

from app.cli.common import Failed, akiseki, engine_of, settings_of_env
from app.factory import create_app
from app.rotation import asocio, asocio_search
from app.rotation.explain import Conflict
from app.rotation.form import ProblemForm, first_said, plan_form, problem_of
from app.rotation.milp import Limits
from app.rotation.rules import Problem
from app.rotation.schemas import RotationRequest
from app.rotation.solving import SearchError
from app.rotation.solving import solve as solve_problem
from app.rotation.working import search as search_stored
from app.wording.rotation import rule_in_words

LANGUAGES = ("ja", "en")


@akiseki.group()
def rotation() -> None:
    """Who works where and when."""


@rotation.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["native", "asocio"]), default="native", show_default=True
)
@click.option(
    "--seconds", type=click.FloatRange(min=0.1, max=3600), help="How long to search (native 60, asocio 25)."
)
@click.option(
    "--work",
    type=click.IntRange(min=1),
    help="Deterministic work instead of seconds: same seed, same plan.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Of what is random in the search (1).")
def solve(file: Path, form: str, **options: Any) -> None:
    """Find a plan for the problem in FILE, as one JSON line: {"plan", "figures"}, or {"plan": null, "conflict"}.

    FILE holds what POST /api/v1/rotations takes, {"problem", "seconds"?, "work"?, "seed"?} (see /api/docs), or the
    problem alone, or an instance of the ASOCIO 2025 challenge. Options go before what FILE says. Ends with 1 where
    there is no plan.
    """
    try:
        said = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise Failed(f"{file} cannot be read: {error}.") from error
    given = {name: value for name, value in options.items() if value is not None}
    answer = _asocio(said, given) if form == "asocio" else _native(said, given)
    click.echo(json.dumps(answer, ensure_ascii=False))
    if answer["plan"] is None:
        raise SystemExit(1)


@rotation.command(hidden=True)
@click.argument("rotation_id", type=click.IntRange(min=1))
def work(rotation_id: int) -> None:
    """Search a stored rotation to its end: what the jobs start for each."""
    settings = settings_of_env()
    with engine_of(settings) as engine:
        search_stored(engine, rotation_id, settings.clock)


def _asocio(said: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        instance = asocio.Instance.parse(said)
    except asocio.InstanceError as error:
        raise Failed(f"This is no instance of the challenge: {error}.") from error
    plan = asocio_search.search(instance, Limits(**{"seconds": 25.0, **given}))
    if plan is None:
        return {"plan": None, "figures": None}
    return {"plan": plan, "figures": asdict(asocio.figures(instance, plan))}


def _native(said: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        asked = _asked(said)
    except ValidationError as error:
        raise Failed(f"This is no problem of a rotation: {first_said(error.messages)}") from error
    problem = problem_of(asked.pop("problem"))
    if "seconds" in given:
        asked.pop("work", None)  # or it would go before them
    try:
        solved = solve_problem(problem, Limits(**{**asked, **given}))
    except SearchError as error:
        raise Failed(f"The search failed, by a fault of the program: {error}.") from error
    if solved.plan is not None:
        return {"plan": plan_form(solved.plan), "figures": solved.figures}
    return {"plan": None, "conflict": _conflict(problem, solved.conflict) if solved.conflict else None}


def _asked(said: Any) -> dict[str, Any]:
    """A problem, and beside it how long to search, where that is said. Raises ValidationError."""
    if isinstance(said, dict) and not said.keys().isdisjoint(RotationRequest().fields):
        request: dict[str, Any] = RotationRequest().load(said)
        if "problem" not in request:
            raise ValidationError("A section is planned in its office alone: give a problem.", "section")
        return request
    return {"problem": ProblemForm().load(said)}


def _conflict(problem: Problem, conflict: Conflict) -> dict[str, Any]:
    told = conflict.told(problem)

    def words(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for language in LANGUAGES:
            with force_locale(language):
                yield language, rule_in_words(**rule)

    with create_app(settings_of_env()).test_request_context():
        return {
            "rules": [
                {
                    "kind": rule.kind,
                    "about": rule.about,
                    "why": rule.why,
                    "frees": one["frees"],
                    **dict(words(one)),
                }
                for rule, one in zip(conflict.rules, told["rules"], strict=True)
            ],
            **{name: told[name] for name in ("days", "is_each", "people")},
        }
