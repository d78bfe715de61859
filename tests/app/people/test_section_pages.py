"""The pages of sections: personnel and IT keep the tree, auditors read it, and a refusal says why."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.access import SESSION_ID, USER
from app.database import reading, transaction
from app.people.models import Role, Section, User
from tests.fixtures.web import Api
from tests.house import DAY, House

ENGLISH = {"Accept-Language": "en"}


def sign_in(house: House, client: FlaskClient, who: str, role: Role) -> FlaskClient:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(role=role))
    with client.session_transaction() as session:
        session[USER] = house.people[who].id
        session[SESSION_ID] = "one"
    return client


@pytest.fixture
def personnel(app: Flask, api: Api, house: House) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return sign_in(house, api.client, "chiba", Role.PERSONNEL)


def sections(house: House) -> dict[str, Section]:
    with reading(house.engine) as session:
        found = {one.code: one for one in session.scalars(select(Section))}
        session.expunge_all()
    return found


def post(client: FlaskClient, path: str, **form: object) -> str:
    return client.post(path, data=form, headers=ENGLISH, follow_redirects=True).text


def test_a_section_is_added_named_placed_and_closed_by_page(personnel: FlaskClient, house: House) -> None:
    zei = sections(house)["zei"].id
    shown = post(personnel, "/office/sections", code="shomin", name="市民税係", parent_id=zei)
    assert "Added." in shown
    assert re.search(r'class="depth-1"><a href="/office/sections/\d+">市民税係</a>', shown)
    made = sections(house)["shomin"]
    page = f"/office/sections/{made.id}"
    assert "市民税係" in personnel.get(page).text
    form = {"version": 1, "code": "shimin", "name": "個人市民税係", "name_en": "Residents", "parent_id": ""}
    assert "Saved." in post(personnel, page, **form, until=DAY.isoformat())
    changed = sections(house)["shimin"]
    assert (changed.name, changed.parent_id, changed.until_on) == ("個人市民税係", None, DAY)
    assert "changed it in the meantime" in post(personnel, page, **form, until="")


def test_a_refusal_says_why_and_changes_nothing(personnel: FlaskClient, house: House) -> None:
    zei = sections(house)["zei"]
    page = f"/office/sections/{zei.id}"
    assert "cannot lie under itself" in post(personnel, page, parent_id=zei.id)
    assert "would still be in it" in post(personnel, page, until=DAY.isoformat())
    assert "with this code already" in post(personnel, "/office/sections", code="zei", name="x")
    for wrong in ({"code": "a|b", "name": "x"}, {"code": "a", "name": "x", "parent_id": "?"}):
        assert "notice error" in post(personnel, "/office/sections", **wrong)
    assert sections(house)["zei"].version == 1


def test_one_is_not_offered_a_section_that_is_closed(personnel: FlaskClient, house: House) -> None:
    post(personnel, "/office/sections", code="old", name="旧課")
    post(personnel, f"/office/sections/{sections(house)['old'].id}", until="2026-11-20")
    assert "旧課" in personnel.get("/office/sections").text
    assert '<option value="old">' not in personnel.get("/office/people").text
    assert "旧課" not in personnel.get(f"/office/people/{house.people['aoki'].id}").text


def test_auditors_read_the_tree(app: Flask, api: Api, house: House) -> None:
    auditor = sign_in(house, api.client, "endo", Role.AUDITOR)
    shown = auditor.get("/office/sections")
    assert "税務課" in shown.text
    assert "<form" not in shown.text.split("<main")[1]
