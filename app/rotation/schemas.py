"""What the API takes and shows of rotations."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.fields import Day, Identifier, Text
from app.http import PageArguments
from app.rotation.form import A_HALF, NAME, ProblemForm, count
from app.rotation.models import State, SwapState
from app.rotation.naming import duties_of_one, own_mentors
from app.rotation.rules import HALVES, WEEKDAYS
from app.rotation.solving import MOST_SECONDS, MOST_WORK
from app.telework.schemas import BreachView

HALF_DAYS = [f"{day}-{half}" for day in WEEKDAYS for half in HALVES]
# Of what a section's rotations must hold.
MOST_PEOPLE, MOST_COVERS, MOST_DUTIES, MOST_MEETINGS = 500, 100, 200, 200


class PersonForm(Schema):
    """`target`: half-days at home a month that are wanted. `care`: their wishes come first; why is nobody's business.
    `away`: half-days of the week on which they never work, such as `wed-am`."""

    user_id = Identifier(required=True)
    target = count(load_default=None, allow_none=True)
    skills = fields.List(Text(validate=NAME), load_default=list, validate=validate.Length(max=50))
    own_terminal = fields.Boolean(load_default=False)
    mentor = Identifier(load_default=None, allow_none=True)
    care = fields.Boolean(load_default=False)
    away = fields.List(Text(validate=validate.OneOf(HALF_DAYS)), load_default=list)


class CoverSetting(Schema):
    """At least so many in the office: of a section (係), of those with a skill, of some people: of whoever is all that
    is named; else of all."""

    name = Text(required=True, validate=NAME)
    least = count(required=True)
    section = Identifier(load_default=None, allow_none=True)
    skill = Text(load_default=None, allow_none=True, validate=NAME)
    people = fields.List(Identifier(), load_default=None, allow_none=True)
    half = Text(load_default=None, allow_none=True, validate=A_HALF)


class DutySetting(Schema):
    name = Text(required=True, validate=NAME)
    main = Identifier(required=True)
    deputy = Identifier(required=True)


class MeetingSetting(Schema):
    """A day in the office for all, or for some: an assembly, a busy season."""

    on = Day(required=True)
    half = Text(load_default=None, allow_none=True, validate=A_HALF)
    people = fields.List(Identifier(), load_default=None, allow_none=True)
    why = Text(load_default="", validate=validate.Length(max=100))


class SettingParts(Schema):
    """What a section's rotations must hold, beside the office's telework rules."""

    people = fields.List(
        fields.Nested(PersonForm), load_default=list, validate=validate.Length(max=MOST_PEOPLE)
    )
    covers = fields.List(
        fields.Nested(CoverSetting), load_default=list, validate=validate.Length(max=MOST_COVERS)
    )
    duties = fields.List(
        fields.Nested(DutySetting), load_default=list, validate=validate.Length(max=MOST_DUTIES)
    )
    meetings = fields.List(
        fields.Nested(MeetingSetting), load_default=list, validate=validate.Length(max=MOST_MEETINGS)
    )


class SettingForm(SettingParts):
    """What a section's rotations must hold, beside the office's telework rules. No cover, duty or person stands there
    twice; nobody is their own mentor, nor deputy."""

    @validates_schema
    def names_once(self, data: dict[str, Any], **_: object) -> None:
        """No cover, duty or person stands there twice."""
        for where, key in (("covers", "name"), ("duties", "name"), ("people", "user_id")):
            named = [one[key] for one in data[where]]
            if len(set(named)) < len(named):
                raise ValidationError("It names something twice.", where)

    @validates_schema
    def agrees(self, data: dict[str, Any], **_: object) -> None:
        """Nobody is their own mentor, or their own deputy."""
        wrong = {
            "people": [f"{user_id} is their own mentor." for user_id in own_mentors(data)],
            "duties": [
                f"{name}: the main person and the deputy are the same." for name in duties_of_one(data)
            ],
        }
        if any(wrong.values()):
            raise ValidationError({where: said for where, said in wrong.items() if said})


class RotationRequest(Schema):
    """Either `section`, `from` and `to`: what the office knows of a section's days becomes the problem; or `problem`:
    the documented form, as `akiseki rotation solve` takes it. `work`: nodes of the search tree for each level of the
    wishes instead of `seconds`, so that the same input and seed give the same plan."""

    section = Identifier()
    first = Day(data_key="from")
    last = Day(data_key="to")
    problem = fields.Nested(ProblemForm)
    seconds = fields.Integer(load_default=60, strict=True, validate=validate.Range(min=1, max=MOST_SECONDS))
    work = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1, max=MOST_WORK)
    )
    seed = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=0, max=2**31 - 1))

    @validates_schema
    def is_one_of_both(self, data: dict[str, Any], **_: object) -> None:
        """A section with its days, or a problem."""
        of_section = {"section", "first", "last"} & data.keys()
        if ("problem" in data) == bool(of_section) or (of_section and len(of_section) < 3):
            raise ValidationError("Give section, from and to, or a problem.", "problem")


class RotationsQuery(PageArguments):
    section = Identifier(load_default=None)


class ConflictRule(Schema):
    """`why`: of what is fixed, as it was given: locked, a meeting, approved."""

    kind = fields.String()
    about = fields.String()
    why = fields.String()
    frees = fields.Boolean()
    sentence = fields.String()


class ConflictDay(Schema):
    """How many are away in each half."""

    on = fields.Date()
    am = fields.Integer()
    pm = fields.Integer()


class ConflictView(Schema):
    """`days`: on which the rules fail, each of them alone (`is_each`) or only these together; of how many `people`."""

    rules = fields.List(fields.Nested(ConflictRule))
    days = fields.List(fields.Nested(ConflictDay))
    is_each = fields.Boolean()
    people = fields.Integer()


class RotationSummary(Schema):
    id = fields.Integer()
    section_id = fields.Integer(allow_none=True)
    first_on = fields.Date(data_key="from")
    last_on = fields.Date(data_key="to")
    state = fields.String(validate=validate.OneOf([state.value for state in State]))
    seconds = fields.Integer()
    work = fields.Integer(allow_none=True)
    seed = fields.Integer()
    figures = fields.Dict(allow_none=True)
    made_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    published_at = fields.AwareDateTime(allow_none=True)


class RotationView(RotationSummary):
    """`progress`: the level that is searched, its best and its bound; `ended_after` so many seconds, where the search
    was ended since it took longer than any may; `failed`: the code of why the search failed, and `said`: where that is.
    `plan`: person → day → half → where; the best so far while it is
    searched."""

    progress = fields.Dict(allow_none=True)
    plan = fields.Dict(allow_none=True)
    conflict = fields.Nested(ConflictView, allow_none=True)


class RotationAskedView(RotationView):
    """`publishable_from`: where its seats cannot be booked that far ahead yet, when they can."""

    publishable_from = fields.AwareDateTime(allow_none=True)


class RotationList(Schema):
    items = fields.List(fields.Nested(RotationSummary))
    next_cursor = fields.Integer(allow_none=True)


class ExpectedView(Schema):
    on = fields.Date()
    half = fields.String()
    people = fields.Integer()
    seats = fields.Integer()


class UnseatedView(Schema):
    """`part`: for a part of their hours alone."""

    user_id = fields.Integer()
    name = fields.String()
    on = fields.Date()
    part = fields.Boolean()


class WithdrawQuery(Schema):
    dry_run = fields.Boolean(load_default=False)


class PublishQuery(WithdrawQuery):
    """`confirmed`: though rules of telework are broken that the chief may allow."""

    confirmed = fields.Boolean(load_default=False)


class BrokenView(BreachView):
    """A rule of telework that somebody's new plans break. `refused`: nobody may allow it."""

    user_id = fields.Integer()
    name = fields.String()
    refused = fields.Boolean()


class UnmetView(Schema):
    """A must of the section that does not hold in a half-day; where it is about a number, so many were `found`."""

    kind = fields.String()
    about = fields.String()
    on = fields.Date()
    half = fields.String()
    limit = fields.Integer(allow_none=True)
    found = fields.Integer(allow_none=True)
    sentence = fields.String()


class GoneView(Schema):
    """`on`: the first planned day on which they belong to the section no more; `why`: `left` or `elsewhere`."""

    user_id = fields.Integer()
    name = fields.String()
    on = fields.Date()
    why = fields.String()


class PublishedView(Schema):
    """What publishing did, or would do. `requested_cells`: those of the changed half-days that are at home and of
    whoever publishes, and wait for somebody else's approval. `taken_back_cells`: half-days whose plans an earlier
    rotation had written for people who do not work in the section then any more. `gone`: of whom nothing is published
    from a day on. `closed_days`: planned days of which nothing is, for they are no working days by now. `broken`: rules
    of telework that the plans break. `unmet`: musts of the section that do not hold, for some are elsewhere since, or
    are at home while called in. `unseated`: who found no seat on which days. `expected`: how many of those without a
    desk come to zones without booking in each half-day."""

    changed_cells = fields.Integer()
    requested_cells = fields.Integer()
    people_told = fields.Integer()
    taken_back_cells = fields.Integer()
    gone = fields.List(fields.Nested(GoneView))
    closed_days = fields.List(fields.Date())
    seats_booked = fields.Integer()
    broken = fields.List(fields.Nested(BrokenView))
    unmet = fields.List(fields.Nested(UnmetView))
    unseated = fields.List(fields.Nested(UnseatedView))
    expected = fields.List(fields.Nested(ExpectedView))


class WithdrawnView(Schema):
    plans = fields.Integer()
    bookings = fields.Integer()


class LocksQuery(PageArguments):
    section = Identifier(required=True)
    first = Day(data_key="from", required=True)
    last = Day(data_key="to", required=True)


class LocksSeen(Schema):
    """Which locks If-Match is about: the query of the GET that showed them."""

    section = Identifier(load_default=None)
    first = Day(data_key="from", load_default=None)
    last = Day(data_key="to", load_default=None)


class LockView(Schema):
    user_id = fields.Integer()
    on = fields.Date(attribute="on_date")
    half = fields.String()
    kind = fields.String()


class LockList(Schema):
    items = fields.List(fields.Nested(LockView))
    next_cursor = fields.String(allow_none=True)


class LockRequest(Schema):
    section = Identifier(required=True)
    user_id = Identifier(required=True)
    on = Day(required=True)
    half = fields.String(required=True, validate=A_HALF)
    kind = fields.String(required=True, allow_none=True, validate=validate.OneOf(["office", "home"]))


class WhatIfQuery(Schema):
    section = Identifier(required=True)
    first = Day(data_key="from", required=True)
    last = Day(data_key="to", required=True)
    seats = count(load_default=None, allow_none=True)


class WhatIfView(Schema):
    """`least_seats`: with fewer no plan holds the rules. `least_home`: half-days at home of all together that so many
    `seats` ask for. A `…_bound` is what is proven: less cannot be; where it is the number itself, nothing less will do.

    `most_planned`: the most in the office at once by what is planned; `most_seen`: as the day log has it, of five
    people or more.
    """

    people = fields.Integer()
    half_days = fields.Integer()
    least_seats = fields.Integer(allow_none=True)
    least_seats_bound = fields.Integer(allow_none=True)
    seats = fields.Integer(allow_none=True)
    least_home = fields.Integer(allow_none=True)
    least_home_bound = fields.Integer(allow_none=True)
    most_planned = fields.Integer()
    most_seen = fields.Integer(allow_none=True)


class SwapsQuery(Schema):
    """`half`: in which somebody is absent; else all day."""

    user_id = Identifier(required=True)
    on = Day(required=True)
    half = fields.String(load_default=None, allow_none=True, validate=A_HALF)


class SwapView(Schema):
    user_id = fields.Integer()
    name = fields.String()
    comes = fields.List(fields.Dict())
    home_instead = fields.List(fields.Dict())
    half = fields.String(allow_none=True, metadata={"description": "for which alone, as nobody can all day"})
    cost = fields.Dict()


class BreaksView(Schema):
    """A rule that does not hold without whoever is absent. `found`: what there is of what the rule counts."""

    kind = fields.String()
    about = fields.String()
    why = fields.String()
    limit = fields.Integer(allow_none=True)
    on = fields.Date(allow_none=True)
    half = fields.String(allow_none=True)
    found = fields.Integer()
    sentence = fields.String()


class SwapsView(Schema):
    """What `breaks`; and at most three ways out, the cheapest first. Where nothing breaks, nobody need step in."""

    breaks = fields.List(fields.Nested(BreaksView))
    swaps = fields.List(fields.Nested(SwapView))


class SwapRequest(SwapsQuery):
    """`user_id`: who is absent; `person_id`: who is asked to come in."""

    person_id = Identifier(required=True)


class SwapAskedView(Schema):
    id = fields.Integer()
    rotation_id = fields.Integer()
    absent_id = fields.Integer()
    person_id = fields.Integer()
    on = fields.Date(attribute="on_date")
    cells = fields.Dict()
    state = fields.String(validate=validate.OneOf([state.value for state in SwapState]))


class SwapAnsweredView(SwapAskedView):
    """`unseated`: who comes in found no seat free."""

    unseated = fields.Boolean()


class SwapsAskedView(Schema):
    """What one is asked for, and has not answered."""

    swaps = fields.List(fields.Nested(SwapAskedView))
