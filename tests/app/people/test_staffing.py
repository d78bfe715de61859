"""Who may change whose account, and what leaving frees and kills; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.rules import LIVE, Status
from app.database import reading, rehearsal, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.events import Event, history
from app.people import lookup, passwords, service, staffing, tokens
from app.people.models import ApiToken, Role, User
from app.people.service import NewUser, Person
from app.spaces import fixed_seats
from app.spaces.models import FixedSeat
from tests.house import DAY, House, at, span

OTHERS = [role for role in Role if role not in {Role.PERSONNEL, Role.IT}]


def become(house: House, who: str, role: Role) -> Person:
    """Somebody of the house has a role from now on."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(role=role))
        house.people[who] = service.get_person(session, house.people[who].id, DAY)
    return house.people[who]


def account(session: Session, house: House, who: str) -> User:
    return staffing.get_account(session, house.people[who].id, to_change=True)


def kinds(house: House, who: str) -> list[str]:
    with reading(house.engine) as session:
        return [one.kind for one in history(session, f"user:{house.people[who].id}")]


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_a_role_above_the_own(sqlite_house: House, role: Role) -> None:
    actor = become(sqlite_house, "chiba", role)
    for given in Role:
        may = role is Role.IT or (role is Role.PERSONNEL and given in {Role.STAFF, Role.CHIEF})
        for verb in (hire, promote):
            with rehearsal(sqlite_house.engine) as session:
                if may:
                    verb(session, sqlite_house, given, actor)
                else:
                    with pytest.raises(Forbidden, match=r"user\.not_allowed"):
                        verb(session, sqlite_house, given, actor)


def hire(session: Session, _house: House, role: Role, actor: Person) -> None:
    new = NewUser("new@example.jp", "new", role)
    staffing.hire(session, new, section_code="zei", on=DAY, actor=actor, now=at("09:00"))


def promote(session: Session, house: House, role: Role, actor: Person) -> None:
    """Of staff who is none yet: a role that stays is no promotion."""
    user = account(session, house, "aoki")
    user.role = Role.CHIEF if role is Role.STAFF else Role.STAFF
    staffing.change(session, user, {"role": role}, on=DAY, actor=actor, now=at("09:00"))


def test_personnel_keep_out_of_the_accounts_of_it_and_machines(sqlite_house: House) -> None:
    actor = become(sqlite_house, "chiba", Role.PERSONNEL)
    for role in (Role.IT, Role.KIOSK, Role.SERVICE):
        become(sqlite_house, "aoki", role)
        with transaction(sqlite_house.engine) as session:
            user = account(session, sqlite_house, "aoki")
            for verb in (
                lambda user=user: staffing.change(
                    session, user, {"name": "x"}, on=DAY, actor=actor, now=at("09:00")
                ),
                lambda user=user: staffing.reassign(
                    session, user, {1}, from_on=DAY, actor=actor, now=at("09:00")
                ),
                lambda user=user: pipeline.leave(session, user.id, actor=actor, now=at("09:00")),
            ):
                with pytest.raises(Forbidden, match=r"user\.not_allowed"):
                    verb()


def test_an_address_is_changed_by_it_alone_since_it_signs_in(house: House) -> None:
    personnel, it = become(house, "chiba", Role.PERSONNEL), become(house, "fujii", Role.IT)
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        with pytest.raises(Forbidden, match=r"user\.not_allowed"):
            staffing.change(
                session, user, {"email": "evil@example.jp"}, on=DAY, actor=personnel, now=at("09:00")
            )
        staffing.change(session, user, {"email": "A.Oki@example.jp"}, on=DAY, actor=it, now=at("09:00"))
        assert user.email == "a.oki@example.jp"
        with pytest.raises(Conflict, match=r"user\.exists"):
            staffing.change(session, user, {"email": "BABA@example.jp"}, on=DAY, actor=it, now=at("09:00"))


def test_nobody_changes_the_own_role_or_leaves_by_the_own_hand(house: House) -> None:
    it = become(house, "fujii", Role.IT)
    with transaction(house.engine) as session:
        user = account(session, house, "fujii")
        with pytest.raises(Forbidden, match=r"user\.self"):
            staffing.change(session, user, {"role": Role.STAFF}, on=DAY, actor=it, now=at("09:00"))
        with pytest.raises(Forbidden, match=r"user\.self"):
            pipeline.leave(session, user.id, actor=it, now=at("09:00"))


def test_a_change_tells_which_fields_and_no_more(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        version = user.version
        staffing.change(
            session, user, {"kana": "あおき", "role": Role.CHIEF}, on=DAY, actor=personnel, now=at("09:00")
        )
        assert user.version == version + 1
        staffing.change(session, user, {"kana": "あおき"}, on=DAY, actor=personnel, now=at("09:00"))
        assert user.version == version + 1
        (event,) = [one for one in history(session, f"user:{user.id}") if one.kind == "user.changed"]
        assert event.data == {"fields": ["kana", "role"], "role": ["staff", "chief"]}
        assert event.actor_id == personnel.id


def test_sections_change_from_a_day_and_the_past_stays(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    soumu, zei = (next(iter(house.people[who].section_ids)) for who in ("aoki", "endo"))
    tomorrow = DAY + timedelta(days=1)
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        staffing.reassign(session, user, {soumu, zei}, from_on=tomorrow, actor=personnel, now=at("09:00"))
    with reading(house.engine) as session:
        aoki = house.people["aoki"].id
        assert service.get_person(session, aoki, DAY).section_ids == {soumu}
        assert service.get_person(session, aoki, tomorrow).section_ids == {soumu, zei}
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        staffing.reassign(session, user, {zei}, from_on=tomorrow, actor=personnel, now=at("09:00"))
        stays = [(one.section.code, one.from_on, one.until_on) for one in staffing.stays_of(session, user.id)]
        with pytest.raises(NotFound, match=r"section\.unknown"):
            staffing.reassign(session, user, {99}, from_on=DAY, actor=personnel, now=at("09:00"))
        with pytest.raises(RuleBroken, match=r"user\.no_section"):
            staffing.reassign(session, user, set(), from_on=DAY, actor=personnel, now=at("09:00"))
    assert stays == [("soumu", date(2026, 4, 1), DAY), ("zei", tomorrow, None)]


def test_the_address_of_a_leaver_stays_theirs_until_it_changes_it(house: House) -> None:
    it = become(house, "fujii", Role.IT)
    new = NewUser("aoki@example.jp", "another", Role.STAFF)
    with transaction(house.engine) as session:
        pipeline.leave(session, house.people["aoki"].id, actor=it, now=at("09:00"))
        with pytest.raises(Conflict, match=r"user\.exists"):
            staffing.hire(session, new, section_code="zei", on=DAY, actor=it, now=at("09:00"))
        user = account(session, house, "aoki")
        staffing.change(session, user, {"email": "aoki.2026@example.jp"}, on=DAY, actor=it, now=at("09:00"))
        staffing.hire(session, new, section_code="zei", on=DAY, actor=it, now=at("09:00"))


def leave(house: House, who: str, now: str) -> None:
    with transaction(house.engine) as session:
        pipeline.leave(session, house.people[who].id, actor=None, now=at(now))


def test_leaving_frees_what_is_held_and_kills_what_opens_doors_in_one_step(house: House) -> None:
    on = house.book("aoki", "seat", "08:30", "12:00")
    later = house.book("aoki", "seat", "13:00", "17:00")
    other = house.book("baba", "window", "09:00", "12:00")
    aoki = house.people["aoki"]
    with transaction(house.engine) as session:
        user = session.get_one(User, aoki.id)
        token = service.issue_token(session, user, now=at("08:00"))
        code, _until = passwords.issue_code(session, user.id, actor=None, now=at("08:00"))
        user.card_digest = "f" * 64
        fixed_seats.keep_for(
            session,
            house.spaces["focus"],
            aoki.id,
            first=DAY - timedelta(days=30),
            last=None,
            actor_id=None,
            now=at("08:00"),
        )
        epoch = user.session_epoch
    with rehearsal(house.engine) as session:
        foreseen = [one.id for one in pipeline.leave(session, aoki.id, actor=None, now=at("09:00"))]
    assert house.get(on).is_live
    leave(house, "aoki", "09:00")
    assert foreseen == [on.id, later.id]
    assert (house.get(on).status, house.get(on).reason, house.get(on).ended_at) == (
        Status.ENDED_EARLY,
        "left",
        at("09:00"),
    )
    assert (house.get(later).status, house.get(later).reason) == (Status.CANCELLED, "left")
    assert house.get(other).is_live
    with transaction(house.engine) as session:
        assert service.find_by_token(session, token, DAY, at("09:00")) is None
        assert service.find_person(session, aoki.id, DAY) is None
        with pytest.raises(Forbidden, match=r"password\.code_unknown"):
            passwords.choose(session, code, "a new password", now=at("09:01"))
        user = session.get_one(User, aoki.id)
        assert (user.card_digest, user.session_epoch) == ("", epoch + 1)
        assert session.scalars(select(ApiToken.revoked_at).where(ApiToken.user_id == aoki.id)).all() == [
            at("09:00")
        ]
        (kept,) = session.scalars(select(FixedSeat))
        assert kept.until_on == DAY - timedelta(days=1)
        with pytest.raises(Conflict, match=r"user\.left"):
            pipeline.leave(session, aoki.id, actor=None, now=at("09:02"))


def test_the_guests_whom_a_leaver_was_to_receive_are_freed_too(house: House) -> None:
    with transaction(house.engine) as session:
        guest = reserve.reserve(
            session,
            actor=house.people["chiba"],
            space_id=house.spaces["seat"],
            span=span("10:00", "11:00"),
            now=at("08:00"),
            guest_name="客",
        )
        session.expunge(guest)
    leave(house, "chiba", "09:00")
    assert house.get(guest).status is Status.CANCELLED


def test_a_leaver_comes_back_with_sections_and_password_but_without_tokens_and_bookings(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    booking = house.book("aoki", "seat", "13:00", "17:00")
    before = house.people["aoki"]
    with transaction(house.engine) as session:
        user = session.get_one(User, before.id)
        service.set_password(user, "a long password")
        token = service.issue_token(session, user, now=at("08:00"))
    leave(house, "aoki", "09:00")
    with transaction(house.engine) as session:
        staffing.come_back(session, account(session, house, "aoki"), actor=personnel, now=at("09:05"))
        assert service.get_person(session, before.id, DAY).section_ids == before.section_ids
        assert service.find_by_password(session, "aoki@example.jp", "a long password", at("09:00"))
        assert service.find_by_token(session, token, DAY, at("09:00")) is None
        with pytest.raises(Conflict, match=r"user\.here"):
            staffing.come_back(session, account(session, house, "aoki"), actor=personnel, now=at("09:06"))
    assert house.get(booking).status is Status.CANCELLED
    assert kinds(house, "aoki") == ["token.issued", "user.left", "user.returned"]


def test_who_leaves_at_an_instant_leaves_with_the_first_sweep_from_then(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    booking = house.book("aoki", "bare", "17:00", "18:00")
    with transaction(house.engine) as session:
        user = account(session, house, "aoki")
        with pytest.raises(RuleBroken, match=r"user\.leaves_in_past"):
            staffing.plan_to_leave(session, user, at("08:00"), actor=personnel, now=at("08:00"))
        staffing.plan_to_leave(session, user, at("17:15"), actor=personnel, now=at("08:00"))
    with reading(house.engine) as session:
        assert pipeline.next_due(session) <= at("17:15")  # type: ignore[operator]
    assert house.sweep("17:14").freed == []
    assert [one.id for one in house.sweep("17:15").freed] == [booking.id]
    assert house.get(booking).status is Status.ENDED_EARLY
    assert house.sweep("17:16").freed == []
    assert kinds(house, "aoki") == ["user.leaving", "user.left"]


def test_a_leaving_to_come_can_be_taken_back(house: House) -> None:
    personnel = become(house, "chiba", Role.PERSONNEL)
    for instant in (at("17:15"), None):
        with transaction(house.engine) as session:
            user = account(session, house, "aoki")
            staffing.plan_to_leave(session, user, instant, actor=personnel, now=at("08:00"))
    house.sweep("17:15")
    assert kinds(house, "aoki") == ["user.leaving", "user.staying"]


def test_what_is_booked_while_somebody_leaves_is_freed_by_the_next_sweep(postgresql_house: House) -> None:
    house = postgresql_house

    def book(hour: int) -> None:
        with suppress(DomainError):
            house.book("aoki", "bare", f"{hour:02}:00", f"{hour:02}:45")

    def go() -> None:
        leave(house, "aoki", "08:00")

    def act(turn: int) -> None:
        go() if turn == 6 else book(9 + turn)

    with ThreadPoolExecutor(13) as pool:
        list(pool.map(act, range(13)))
    house.sweep("08:01")
    with reading(house.engine) as session:
        mine = session.scalars(select(Booking).where(Booking.user_id == house.people["aoki"].id)).all()
    assert [one for one in mine if one.status in LIVE] == []


def test_tokens_end_by_their_day_by_their_owner_and_by_it(house: House) -> None:
    it, aoki, baba = become(house, "fujii", Role.IT), house.people["aoki"], house.people["baba"]
    with transaction(house.engine) as session:

        def issue(user_id: int, actor: Person, expires_on: date | None = None) -> tuple[ApiToken, str]:
            return tokens.issue(
                session, user_id, label="x", expires_on=expires_on, actor=actor, on=DAY, now=at("09:00")
            )

        row, token = issue(aoki.id, aoki, DAY)
        assert service.find_by_token(session, token, DAY, at("09:00")) is not None
        assert service.find_by_token(session, token, DAY + timedelta(days=1), at("09:00", day=1)) is None
        assert [one.id for one in tokens.working(session, aoki.id, DAY)] == [row.id]
        assert tokens.working(session, aoki.id, DAY + timedelta(days=1)) == []
        with pytest.raises(RuleBroken, match=r"token\.expired"):
            issue(aoki.id, aoki, DAY - timedelta(days=1))
        for actor in (baba, it):
            with pytest.raises(Forbidden, match=r"token\.not_allowed"):
                issue(aoki.id, actor)
        with pytest.raises(NotFound, match=r"token\.unknown"):
            tokens.revoke(session, row.id, actor=baba, now=at("09:00"))
        tokens.revoke(session, row.id, actor=it, now=at("09:00"))
        assert service.find_by_token(session, token, DAY, at("09:00")) is None
        with pytest.raises(NotFound, match=r"token\.unknown"):
            tokens.revoke(session, row.id, actor=aoki, now=at("09:00"))
        for _ in range(tokens.AT_MOST):
            issue(aoki.id, aoki)
        with pytest.raises(Conflict, match=r"token\.too_many"):
            issue(aoki.id, aoki)


def test_a_code_lets_choose_a_password_once_within_a_day(house: House) -> None:
    user_id = house.people["aoki"].id
    with transaction(house.engine) as session:
        first, _ = passwords.issue_code(session, user_id, actor=None, now=at("09:00"))
        code, until = passwords.issue_code(session, user_id, actor=None, now=at("09:00"))
    assert until == at("09:00", day=1)
    with transaction(house.engine) as session:
        for wrong, now in ((first, at("09:01")), ("", at("09:01")), (code, until)):
            with pytest.raises(Forbidden, match=r"password\.code_unknown"):
                passwords.choose(session, wrong, "a new password", now=now)
        for short in ("short", " " * 8, "two\nlines of it"):
            with pytest.raises(RuleBroken, match=r"password\.length"):
                passwords.choose(session, code, short, now=at("09:01"))
        spoken = code.lower().replace("-", " ")
        passwords.choose(session, spoken, "a new password", now=until - timedelta(seconds=1))
        assert service.find_by_password(session, "aoki@example.jp", "a new password", at("09:00"))
        with pytest.raises(Forbidden, match=r"password\.code_unknown"):
            passwords.choose(session, code, "another password", now=at("09:02"))


def test_looking_somebody_up_is_told_to_them_and_nobody_else(house: House) -> None:
    aoki, baba = house.people["aoki"], house.people["baba"]
    with transaction(house.engine) as session:
        for name, kana in (("aoki", "やまだ たろう"), ("baba", "ヤマモト"), ("endo", "はやま")):
            session.execute(update(User).where(User.id == house.people[name].id).values(kana=kana))
        session.execute(update(User).where(User.id == house.people["fujii"].id).values(role=Role.KIOSK))
        found = lookup.look_up(session, "やま", actor=baba, on=DAY, now=at("09:00"))
        assert [(one.id, [section.code for section in one.sections]) for one in found] == [
            (aoki.id, ["soumu"]),
            (baba.id, ["soumu"]),
        ]
        assert lookup.look_up(session, "fu", actor=baba, on=DAY, now=at("09:00")) == []
        assert [(one.name, one.at) for one in lookup.who_looked(session, aoki.id, at("10:00"))] == [
            ("baba", at("09:00"))
        ]
        assert lookup.who_looked(session, baba.id, at("10:00")) == []
        assert lookup.who_looked(session, aoki.id, at("10:00", day=180)) == []
        events = session.scalars(select(Event).where(Event.kind == lookup.LOOKED_UP)).all()
        told = [(one.subject, one.actor_id, one.data) for one in events]
    assert told == [(f"user:{aoki.id}", baba.id, {})]
