"""What a section's rotations must hold: kept as it was set, and nothing of it unknown; over HTTP, on both databases."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.access import SESSION_ID, USER
from app.database import reading, transaction
from app.rotation import service
from app.rotation.models import RotationSetting
from app.rotation.naming import Lapsed, Part, lapsed, people_in, sections_in
from app.wording.rotation import LAPSED
from tests.app.rotation.months import FIRST, setting
from tests.app.telework.desk import section_id
from tests.fixtures.web import Api, problem
from tests.house import House, at


class Filled(HTMLParser):
    """What a browser would send of a form, changed by nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.form: MultiDict[str, str] = MultiDict()
        self._select: str | None = None
        self._is_ours = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_ours = given.get("action") == "/rotation/setting"
        elif self._is_ours and tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.form.add(given["name"], given.get("value", "on"))
        elif self._is_ours and tag == "select":
            self._select = given["name"]
        elif (
            self._is_ours
            and tag == "option"
            and self._select is not None
            and ("selected" in given or self._select not in self.form)
        ):
            self.form[self._select] = given["value"]


def page(api: Api, house: House) -> str:
    """The form, to the chief."""
    with api.client.session_transaction() as session:
        session[USER] = house.people["chiba"].id
        session[SESSION_ID] = "one"
    answer = api.client.get(f"/rotation/setting?section={section_id(house, 'soumu')}")
    assert answer.status_code == 200
    return answer.text


def kept(house: House) -> dict[str, Any]:
    with reading(house.engine) as session:
        return service.get_setting(session, section_id(house, "soumu"))


def test_saving_the_page_as_it_is_changes_nothing(api: Api, house: House) -> None:
    ids = {who: person.id for who, person in house.people.items()}
    own = section_id(house, "soumu")
    cover: dict[str, Any] = {"section": None, "skill": None, "people": None, "half": None}
    setting(
        house,
        people=[
            {
                "target": 0,
                "skills": ["窓口"],
                "own_terminal": True,
                "mentor": ids["endo"],
                "care": True,
                "user_id": ids["aoki"],
                "away": ["wed-am", "sat-pm"],
            },
            {
                "target": 3,
                "skills": [],
                "own_terminal": False,
                "mentor": None,
                "care": False,
                "user_id": ids["endo"],
                "away": [],  # who is in another section today
            },
        ],
        covers=[
            {**cover, "name": "課長・代理", "least": 1, "people": [ids["chiba"], ids["aoki"], ids["endo"]]},
            {**cover, "name": "係", "least": 1, "section": own, "half": "am"},
            {**cover, "name": "他課", "least": 0, "section": section_id(house, "zei")},
            {**cover, "name": "だれも", "least": 0, "people": []},
        ],
        duties=[{"name": f"当番{n}", "main": ids["aoki"], "deputy": ids["endo"]} for n in range(70)],
        meetings=[
            {"on": FIRST.isoformat(), "half": None, "people": [ids["aoki"]], "why": "研修"},
            {"on": FIRST.isoformat(), "half": "pm", "people": None, "why": ""},
        ],
    )
    before = kept(house)
    filled = Filled()
    filled.feed(page(api, house))
    answer = api.client.post("/rotation/setting", data=filled.form)
    assert answer.status_code == 302
    after = kept(house)
    for one in (*before["covers"], *before["meetings"], *after["covers"], *after["meetings"]):
        one["people"] = one["people"] and sorted(one["people"])
    assert after == before


def test_what_was_typed_stays_in_the_form_where_something_of_it_is_wrong(api: Api, house: House) -> None:
    typed = Filled()
    typed.feed(page(api, house))
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    typed.form.setlist("meeting-0-people", [str(baba)])
    for name, text in (
        ("cover-0-name", "窓口"),
        ("cover-0-least", "ふたり"),
        ("duty-0-name", "会計"),  # of nobody
        ("meeting-0-on", FIRST.isoformat()),
        (f"target-{aoki}", "6"),
        (f"skills-{aoki}", "証明, 英語"),
    ):
        typed.form[name] = text
    answer = api.client.post("/rotation/setting", data=typed.form)
    assert answer.status_code == 422
    assert "入力した内容は下に残っています" in answer.text
    assert kept(house)["covers"] == []
    again = Filled()
    again.feed(answer.text)
    before, after = (one.form.to_dict(flat=False) for one in (typed, again))
    del before["csrf_token"]  # as of its second
    assert after | before == after
    for name, said in (("cover-0-least", "2"), ("duty-0-main", str(aoki)), ("duty-0-deputy", str(baba))):
        again.form[name] = said
    assert api.client.post("/rotation/setting", data=again.form).status_code == 302
    assert (kept(house)["covers"][0]["least"], kept(house)["people"][0]["skills"]) == (2, ["証明", "英語"])


def test_the_second_of_two_who_save_sees_that_the_first_did_and_keeps_what_they_typed(
    api: Api, house: House
) -> None:
    first, second = Filled(), Filled()
    for one, name in ((first, "窓口"), (second, "電話")):
        one.feed(page(api, house))
        one.form["cover-0-name"], one.form["cover-0-least"] = name, "1"
    assert api.client.post("/rotation/setting", data=first.form).status_code == 302
    answer = api.client.post("/rotation/setting", data=second.form)
    assert answer.status_code == 422
    assert "入力中にほかの人が変更しました" in answer.text
    assert [one["name"] for one in kept(house)["covers"]] == ["窓口"]
    again = Filled()
    again.feed(answer.text)
    assert api.client.post("/rotation/setting", data=again.form).status_code == 302
    assert [one["name"] for one in kept(house)["covers"]] == ["電話"]


def test_a_slip_does_not_hide_what_another_has_set_meanwhile(api: Api, house: House) -> None:
    typed = Filled()
    typed.feed(page(api, house))
    typed.form["cover-0-name"] = "電話"  # of how many is missing
    setting(house, covers=[{"name": "窓口", "least": 1}])
    again = Filled()
    again.feed(api.client.post("/rotation/setting", data=typed.form).text)
    again.form["cover-0-least"] = "1"
    assert "入力中にほかの人が変更しました" in api.client.post("/rotation/setting", data=again.form).text
    assert [one["name"] for one in kept(house)["covers"]] == ["窓口"]


def test_a_cover_and_a_day_are_of_the_people_who_are_ticked(api: Api, house: House) -> None:
    filled = Filled()
    filled.feed(page(api, house))
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    form = filled.form
    form["cover-0-name"], form["cover-0-least"], form["meeting-0-on"] = "窓口", "1", FIRST.isoformat()
    form.setlist("cover-0-people", [str(aoki), str(baba)])
    form.setlist("meeting-0-people", [str(baba)])
    api.client.post("/rotation/setting", data=form)
    assert kept(house)["covers"][0]["people"] == [aoki, baba]
    assert kept(house)["meetings"][0]["people"] == [baba]


def test_the_page_says_what_does_not_apply_any_more(api: Api, house: House) -> None:
    aoki, endo = house.people["aoki"].id, house.people["endo"].id
    assert "計画に使われません" not in page(api, house)
    setting(
        house,
        people=[{"user_id": aoki, "mentor": endo}],
        duties=[{"name": "会計", "main": aoki, "deputy": endo}],
    )
    text = page(api, house)
    assert "会計: endoさんがいないため、この当番は計画に含まれません。" in text
    assert "aokiさんの指導役endoさん" in text
    assert "endo （この課にいません）" in text


def test_a_setting_of_somebody_who_never_was_is_shown_and_there_are_words_for_every_part(
    api: Api, house: House
) -> None:
    aoki = house.people["aoki"].id
    duty = {"name": "会計", "main": aoki, "deputy": UNKNOWN}
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        data = {"people": [{"user_id": UNKNOWN}], "covers": [], "duties": [duty], "meetings": []}
        session.add(RotationSetting(section_id=own, data=data, changed_at=at("08:00"), changed_by=aoki))
    assert f"会計: #{UNKNOWN}さんがいないため" in page(api, house)
    assert set(LAPSED) == {part.value for part in Part}


UNKNOWN = 9999


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"people": [{"user_id": UNKNOWN}]}, "user.unknown"),
        ({"people": [{"user_id": 1, "mentor": UNKNOWN}]}, "user.unknown"),
        ({"covers": [{"name": "a", "least": 1, "people": [1, UNKNOWN]}]}, "user.unknown"),
        ({"covers": [{"name": "a", "least": 1, "section": UNKNOWN}]}, "section.unknown"),
        ({"duties": [{"name": "a", "main": 1, "deputy": UNKNOWN}]}, "user.unknown"),
        ({"meetings": [{"on": "2026-12-01", "people": [UNKNOWN]}]}, "user.unknown"),
    ],
)
def test_whoever_and_whatever_is_unknown_is_refused(
    api: Api, house: House, body: dict[str, Any], code: str
) -> None:
    path = f"/sections/{section_id(house, 'soumu')}/rotation-setting"
    tag = api.call("chiba", "GET", path).headers["ETag"]
    assert problem(api.call("chiba", "PUT", path, body, If_Match=tag)) == (404, code)


def test_the_cell_of_somebody_unknown_is_not_locked(api: Api, house: House) -> None:
    own = section_id(house, "soumu")
    path = f"/rotations/locks?section={own}&from=2026-12-01&to=2026-12-31"
    tag = api.call("chiba", "GET", path).headers["ETag"]
    body = {"section": own, "user_id": UNKNOWN, "on": "2026-12-01", "half": "am", "kind": "home"}
    assert problem(api.call("chiba", "PUT", path, body, If_Match=tag)) == (404, "user.unknown")


def test_text_and_days_that_no_row_can_hold_are_refused_on_every_database(api: Api, house: House) -> None:
    path = f"/sections/{section_id(house, 'soumu')}/rotation-setting"
    tag = api.call("chiba", "GET", path).headers["ETag"]
    for text in ("a\x00", "\ud800"):
        body = {"covers": [{"name": text, "least": 1}]}
        assert problem(api.call("chiba", "PUT", path, body, If_Match=tag)) == (422, "request.invalid")
        asked = {"problem": {"days": ["2026-12-01"], "members": [{"id": text}]}}
        assert problem(api.call("chiba", "POST", "/rotations", asked)) == (422, "request.invalid")
    for day in ("9999-12-31", "0001-01-01"):
        asked = {"problem": {"days": [day], "members": [{"id": "a", "caps": {"week": 1}}]}}
        assert problem(api.call("chiba", "POST", "/rotations", asked)) == (422, "request.invalid")


SETTING: dict[str, Any] = {
    "people": [{"user_id": 1, "mentor": 2}, {"user_id": 3}],
    "covers": [
        {"name": "named", "people": [1, 4], "section": 8},
        {"name": "ours", "section": 7},
        {"name": "theirs", "section": 8},
        {"name": "all"},
    ],
    "duties": [{"name": "cash", "main": 1, "deputy": 5}, {"name": "post", "main": 1, "deputy": 1}],
    "meetings": [{"on": "2026-12-01", "people": [6, 6]}, {"on": "2026-12-02", "people": None}],
}


def test_what_a_setting_names_and_what_of_it_is_elsewhere() -> None:
    assert people_in(SETTING) == {1, 2, 3, 4, 5, 6}
    assert sections_in(SETTING) == {7, 8}
    assert lapsed(SETTING, {1, 2, 3, 4, 5, 6}, {7, 8}) == []
    assert lapsed(SETTING, {1}, {7}) == [
        Lapsed(Part.COVER, "named", [4]),
        Lapsed(Part.COVER_SECTION, "named"),
        Lapsed(Part.COVER_SECTION, "theirs"),
        Lapsed(Part.DUTY, "cash", [5]),
        Lapsed(Part.MEETING, "2026-12-01", [6]),
        Lapsed(Part.MENTOR, "1", [2]),
        Lapsed(Part.PERSON, "", [3]),
    ]
    assert lapsed({}, set(), set()) == []
