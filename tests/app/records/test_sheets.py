"""Files out and in: what is exported is read back unharmed, and an export read again changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.calendar import working_days
from app.csv_text import CP932, SheetError, as_written, harmless, read, write
from app.database import reading, rehearsal, transaction
from app.errors import RuleBroken
from app.people.models import Membership, Role, User
from app.records.sheets import service
from app.records.sheets.rules import Diff
from app.records.sheets.sheet import Asked
from app.spaces.models import Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import Kind
from app.texts import LOST
from tests.house import DAY, House, at, copied

ASKED = Asked(at("09:00"), DAY)
FORMULAS = ["=1+1", "+81", "-1", "@SUM(A1)", "'=1", "''@x", "\t=1"]
WIDE = ["＝1+1", "＋81", "－1", "＠SUM(A1)", "'＝1", "''＠x", "\n=1", "'\n=1"]
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
) | st.sampled_from([*FORMULAS, *WIDE, '"', "a,b", "a\r\nb", "髙﨑", "'"])


@given(cell=TEXT)
def test_a_cell_is_harmless_and_reads_back_as_it_was(cell: str) -> None:
    assert not harmless(cell).startswith(tuple("=+-@＝＋－＠\t\r\n"))
    assert as_written(harmless(cell)) == cell


@given(rows=st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    content = write(["a", "b"], rows).content
    assert content.startswith(b"\xef\xbb\xbf")
    header, found = read(content, 100)
    assert header == ["a", "b"]
    assert [tuple(row) for _line, row in found] == [row for row in rows if any(cell.strip() for cell in row)]


def test_what_a_spreadsheet_left_of_cleared_cells_is_passed_over() -> None:
    content = b"a,b,,\n1,2,,\n,,,\n3,,,\n , ,,\n4,5,6\n"
    assert read(content, 9) == (["a", "b"], [(2, ["1", "2"]), (4, ["3", ""]), (6, ["4", "5", "6"])])


@given(rows=st.lists(st.tuples(TEXT), max_size=5))
def test_cp932_says_what_it_could_not_carry(rows: list[tuple[str]]) -> None:
    written = write(["a"], rows, CP932)
    text = written.content.decode(CP932)
    assert text.count(LOST) == len(written.lost) + sum(row[0].count(LOST) for row in rows)
    back = [as_written(cells[0]) for cells in list(csv.reader(io.StringIO(text, newline="")))[1:] if cells]
    lost = {character for _line, _column, character in written.lost}
    assert back == ["".join(LOST if one in lost else one for one in row[0]) for row in rows]


def test_a_file_that_excel_saved_in_cp932_is_read() -> None:
    assert read("名前\n髙橋\n".encode(CP932), 10) == (["名前"], [(2, ["髙橋"])])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv.empty_file"),
        (b"\xef\xbb\xbf\r\n", "csv.empty_file"),
        (b"a\n\x81 \n", "csv.encoding"),
        (b'a\n"x"y\n', "csv.broken"),
        (b'a\n"x\n', "csv.broken"),
        (b"a\n" + b"1\n" * 4, "csv.too_long"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(SheetError, match=code):
        read(content, 3)


def diff(house: House, name: str, text: str, asked: Asked = ASKED) -> Diff:
    with rehearsal(house.engine) as session:
        return service.diff_of(session, service.SHEETS[name], text.encode(), asked)


def take(house: House, name: str, text: str, asked: Asked = ASKED) -> Diff:
    with transaction(house.engine) as session:
        return service.import_file(session, service.SHEETS[name], text.encode(), asked)


def exported(house: House, name: str, asked: Asked = ASKED) -> bytes:
    with reading(house.engine) as session:
        return service.export(session, service.SHEETS[name], asked).content


NAME = st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "Co"]), max_size=20) | st.sampled_from(
    ["=1+1", "+81", "-1", "@SUM(A1)", "'=1", "''@x", '"', "a,b", "青木　花子", "髙﨑", "'"]
)
PEOPLE = st.lists(
    st.tuples(
        st.from_regex(r"\A[a-z]{1,6}@x\.jp\Z"),
        NAME.filter(str.strip),
        NAME,
        st.sampled_from(Role),
        st.sampled_from(["zei", "soumu|zei", "zei|soumu"]),
    ),
    max_size=5,
    unique_by=lambda one: one[0],
)
SPACES = st.lists(
    st.tuples(
        st.from_regex(r"\A[A-Z][-　][0-9]{1,2}\Z"),
        st.sampled_from(["A", "B", "NEW"]),
        st.sampled_from(Kind),
        st.integers(1, 20),
        st.integers(0, 1000),
    ),
    max_size=5,
    unique_by=lambda one: one[0],
)


@settings(max_examples=15)
@given(people=PEOPLE, spaces=SPACES)
def test_an_export_read_again_is_an_empty_diff(
    furnished_sqlite: House,
    people: list[tuple[str, str, str, Role, str]],
    spaces: list[tuple[str, str, Kind, int, int]],
) -> None:
    with copied(furnished_sqlite) as house:
        names = ["email", "name", "kana", "role", "sections"]
        took = take(house, "people", write(names, people).content.decode())
        assert len(took.added) == len(people)
        rows = [("main", "3F", zone, code, kind, str(seats), str(x)) for code, zone, kind, seats, x in spaces]
        header = ["site", "floor", "zone", "space", "kind", "capacity", "x"]
        took = take(house, "spaces", write(header, rows).content.decode())
        assert sum(one.what == "space" for one in took.added) == len(spaces)
        take(house, "calendar", "date,works,name\n2026-12-28,0,年末\n2027-01-03,1,\n")
        for name in service.SHEETS:
            content = exported(house, name)
            again = diff(house, name, content.decode())
            assert again.is_empty, again
            assert take(house, name, content.decode()).unchanged == again.unchanged > 0
            assert exported(house, name) == content


def test_a_dry_run_tells_what_would_change_from_what_to_what_and_changes_nothing(house: House) -> None:
    text = (
        "email,name,role,sections,locale\n"
        "AOKI@example.jp,青木,staff,soumu,en\n"
        "new@example.jp,新人,staff,zei,\n"
        "baba@example.jp,baba,staff,soumu,\n"
    )
    before = exported(house, "people")
    found = diff(house, "people", text)
    assert [(one.line, one.key) for one in found.added] == [(3, "new@example.jp")]
    assert [(one.line, one.key, one.differs) for one in found.changed] == [
        (2, "aoki@example.jp", {"name": ("aoki", "青木"), "locale": ("", "en")})
    ]
    assert found.unchanged == 1
    assert exported(house, "people") == before


@pytest.mark.parametrize(
    ("name", "text", "refusal"),
    [
        ("people", "name\nx\n", (1, "csv.column_needed", "email")),
        ("people", "email,shoe\nx@x.jp,43\n", (1, "csv.column", "shoe")),
        ("people", "email,email\nx@x.jp,x@x.jp\n", (1, "csv.column", "email")),
        ("people", "email,name\nx@x.jp\n", (2, "csv.cells", "")),
        ("people", "email,name\nx,x\n", (2, "csv.email", "email")),
        ("people", "email,name\n山田@x.jp,x\n", (2, "csv.email", "email")),
        ("people", 'email,name\nx@x.jp,"two\nlines"\n', (2, "csv.text", "name")),
        ("people", "email,name\nx@x.jp, \n", (2, "csv.empty", "name")),
        ("people", "email,name\nx@x.jp,a\nx@x.jp,b\n", (3, "csv.twice", "person")),
        ("people", "email,name\naoki@example.jp,〓田\n", (2, "csv.lost", "name")),
        ("people", "email,name,role\nx@x.jp,x,boss\n", (2, "csv.choice", "role")),
        ("people", "email,name,locale\nx@x.jp,x,fr\n", (2, "csv.choice", "locale")),
        ("people", "email,name,sections\nx@x.jp,x,nowhere\n", (2, "section.unknown", "sections")),
        ("people", "email,sections\naoki@example.jp,\n", (2, "user.no_section", "sections")),
        ("people", "email,name,sections\nx@x.jp,x,|\n", (2, "user.no_section", "sections")),
        ("people", "email\nx@x.jp\n", (2, "csv.empty", "name")),
        ("spaces", "floor,zone,space\n3F,A,x\n", (2, "csv.empty", "kind")),
        ("spaces", "floor,zone,space,kind\n9F,A,x,seat\n", (2, "csv.empty", "site")),
        ("spaces", "floor,zone,section\n3F,A,nobody\n", (2, "section.unknown", "section")),
        ("spaces", "floor,zone,space,kind,capacity\n3F,A,x,seat,0\n", (2, "csv.number", "capacity")),
        ("sections", "code\nx\n", (2, "csv.empty", "name")),
        ("sections", "code,name\n,x\n", (2, "csv.empty", "code")),
        ("sections", "code,name,parent\nx,x,nowhere\n", (2, "section.unknown", "parent")),
        ("sections", "code,parent\nsoumu,zei\nzei,soumu\n", (2, "section.circle", "parent")),
        ("sections", "code,parent\nsoumu,soumu\n", (2, "section.circle", "parent")),
        ("sections", "code,name,parent,until_on\nx,x,,2027-03-31\ny,y,x,\n", (3, "section.closed", "parent")),
        ("sections", "code,until_on\nzei,2027-03-31\n", (2, "section.in_use", "until_on")),
        ("sections", "code,until_on\nzei,next year\n", (2, "csv.date", "until_on")),
        ("sensors", "id,space\ns1,nowhere\n", (2, "space.unknown", "space")),
        ("sensors", "id\na+b\n", (2, "csv.code", "id")),
        ("sensors", "id,model\n24E124535B316056,a\n24e124535b316056,b\n", (3, "csv.twice", "sensor")),
    ],
)
def test_a_line_that_cannot_be_taken_is_named_with_its_reason_and_nothing_is_done(
    sqlite_house: House, name: str, text: str, refusal: tuple[int, str, str]
) -> None:
    before = exported(sqlite_house, name)
    found = diff(sqlite_house, name, text)
    assert refusal in [(one.line, one.code, one.column) for one in found.refused]
    with pytest.raises(RuleBroken, match=r"csv\.refused"):
        take(sqlite_house, name, text)
    assert exported(sqlite_house, name) == before


def test_only_who_may_hand_out_roles_does_so_by_a_file(house: House) -> None:
    personnel = Asked(at("09:00"), DAY, role=Role.PERSONNEL)
    refused = diff(house, "people", "email,role\naoki@example.jp,it\n", personnel).refused
    assert [one.code for one in refused] == ["user.role_by_it"]
    assert diff(house, "people", "email,role\nfujii@example.jp,facility\n", personnel).unchanged == 1
    chiba = Asked(at("09:00"), DAY, house.people["chiba"].id, Role.IT)
    refused = diff(house, "people", "email,role\nchiba@example.jp,staff\n", chiba).refused
    assert [one.code for one in refused] == ["user.self"]


def test_a_file_changes_no_account_that_is_not_the_importers_to_change(house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).role = Role.IT
    personnel = Asked(at("09:00"), DAY, house.people["baba"].id, Role.PERSONNEL)
    text = "email,name\nfujii@example.jp,偽物\nchiba@example.jp,千葉\n"
    found = diff(house, "people", text, personnel)
    assert [(one.line, one.code) for one in found.refused] == [(2, "user.not_allowed")]
    assert [one.key for one in found.changed] == ["fujii@example.jp", "chiba@example.jp"]


def test_who_changes_an_account_by_an_old_version_after_an_import_is_told(house: House) -> None:
    with reading(house.engine) as session:
        before = session.get_one(User, house.people["aoki"].id).version
    with transaction(house.engine) as session:
        text = b"email,name\naoki@example.jp,A\nnew@example.jp,N\n"
        service.import_file(session, service.SHEETS["people"], text, ASKED)
    with reading(house.engine) as session:
        assert session.get_one(User, house.people["aoki"].id).version == before + 1


def test_who_changes_sections_belonged_to_the_old_one_until_the_day_before(house: House) -> None:
    take(house, "people", "email,sections\naoki@example.jp,zei\n")
    with reading(house.engine) as session:
        query = select(Membership.from_on, Membership.until_on).join(User, User.id == Membership.user_id)
        held = session.execute(
            query.where(User.email == "aoki@example.jp").order_by(Membership.from_on)
        ).all()
    assert [one.until_on for one in held] == [DAY - timedelta(days=1), None]
    assert held[1].from_on == DAY


def test_who_belongs_to_no_section_by_now_may_stand_in_a_file_as_they_are(house: House) -> None:
    with transaction(house.engine) as session:
        query = select(Membership).where(Membership.user_id == house.people["aoki"].id)
        session.scalars(query).one().until_on = DAY - timedelta(days=1)
    assert diff(house, "people", exported(house, "people").decode()).is_empty
    assert take(house, "people", "email,name,sections\naoki@example.jp,青木,\n").changed


def test_a_leaver_does_not_come_back_by_a_file(house: House) -> None:
    with transaction(house.engine) as session:
        session.scalars(select(User).where(User.email == "aoki@example.jp")).one().left_at = at("08:00")
    refused = diff(house, "people", "email,name\naoki@example.jp,青木\n").refused
    assert [one.code for one in refused] == ["user.left"]


def test_flags_and_numbers_are_read_as_spreadsheets_and_people_write_them(house: House) -> None:
    file = "floor,zone,free_seating,space,kind,capacity\n3F,A,ＦＡＬＳＥ,seat,seat,１\n"
    assert diff(house, "spaces", file).is_empty
    assert [one.differs for one in diff(house, "spaces", file.replace("ＦＡＬＳＥ", "True")).changed] == [
        {"free_seating": ("0", "1")}
    ]


def test_a_code_that_differs_in_its_writing_alone_is_added_and_doubted(house: House) -> None:
    found = diff(house, "spaces", "floor,zone,space,kind\n3F,A,ｓｅａｔ,seat\n3F,A,other,seat\n")
    assert [(one.line, one.code, one.value) for one in found.doubtful] == [(2, "csv.alike", "ｓｅａｔ")]
    assert len(found.added) == 2


def test_a_new_site_is_one_that_is_named(house: House) -> None:
    rows = "site,site_name,floor,zone,space,kind\nannex,{name},9F,Z9,Z9-1,seat\n"
    assert [one.code for one in diff(house, "spaces", rows.format(name="")).refused] == ["site.unknown"]
    added = take(house, "spaces", rows.format(name="別館")).added
    assert [(one.what, one.key) for one in added] == [
        ("site", "annex"),
        ("floor", "9F"),
        ("zone", "Z9"),
        ("space", "Z9-1"),
    ]
    with reading(house.engine) as session:
        site = session.scalars(select(Site).where(Site.code == "annex")).one()
        assert (site.name, site.timezone) == ("別館", "Asia/Tokyo")
    refused = diff(house, "spaces", "site,timezone,floor\nannex,Mars/Base,9F\n").refused
    assert [one.code for one in refused] == ["csv.choice"]


def test_two_sensors_change_places_in_one_file(house: House) -> None:
    took = take(house, "sensors", "id,space\nsensor-seat,window\nsensor-window,seat\n")
    assert len(took.changed) == 2
    with reading(house.engine) as session:
        bound = dict(
            session.execute(
                select(SensorBinding.sensor_id, Space.code)
                .join(Space, Space.id == SensorBinding.space_id)
                .where(SensorBinding.until_at.is_(None))
            ).all()
        )
        assert session.get_one(Sensor, "sensor-seat").heartbeat_s == 600
    assert (bound["sensor-seat"], bound["sensor-window"]) == ("window", "seat")


def test_a_new_sensor_has_the_times_of_its_model_where_the_file_says_none(house: House) -> None:
    asked = Asked(at("09:00"), DAY, timing=lambda model: {"heartbeat_s": 3600, "holds_itself": model == "M1"})
    texts = [b"id,model\nnew-1,M1\nsensor-seat,M1\n", b"id,model,heartbeat_s\nnew-2,M2,120\n"]
    for text in texts:
        with transaction(house.engine) as session:
            service.import_file(session, service.SHEETS["sensors"], text, asked)
    with reading(house.engine) as session:
        found = {one.id: (one.heartbeat_s, one.holds_itself) for one in session.scalars(select(Sensor))}
    assert (found["new-1"], found["new-2"]) == ((3600, True), (120, False))
    assert found["sensor-seat"] == (600, False)  # was here before, and is as it was


def test_a_new_floor_with_its_zone_and_seats_comes_in_one_file_and_others_stay(house: House) -> None:
    text = (
        "site,floor,floor_name,zone,zone_name,section,free_seating,space,kind,capacity\n"
        "main,4F,4階,N,北,zei,0,N-1,seat,1\n"
        "main,4F,4階,N,北,zei,0,N-2,meeting_booth,4\n"
        "main,5F,5階,,,,,,,\n"
    )
    took = take(house, "spaces", text)
    assert sorted((one.what, one.key) for one in took.added) == [
        ("floor", "4F"),
        ("floor", "5F"),
        ("space", "N-1"),
        ("space", "N-2"),
        ("zone", "N"),
    ]
    with reading(house.engine) as session:
        zone = session.scalars(select(Zone).where(Zone.code == "N")).one()
        assert zone.name == "北"
        assert set(session.scalars(select(Space.code))) >= {"N-1", "N-2", "seat", "taxes"}
    assert diff(house, "spaces", text).is_empty


def test_a_booked_seat_does_not_become_a_room(house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    found = diff(house, "spaces", "floor,zone,space,kind\n3F,A,seat,booth\n3F,A,window,booth\n")
    assert [(one.line, one.code) for one in found.refused] == [(2, "space.booked")]


def test_the_office_works_and_closes_on_days_of_its_own(house: House) -> None:
    saturday, thursday = DAY + timedelta(days=4), DAY + timedelta(days=2)
    assert (saturday.weekday(), thursday.weekday()) == (5, 3)
    with transaction(house.engine) as session:
        session.scalars(select(Site)).one().working_days_only = True
    take(
        house,
        "calendar",
        f"date,works,name\n{saturday:%Y/%m/%d},1,選挙事務\n{thursday.isoformat()},0,庁舎停電\n",
    )
    house.book("aoki", "seat", "10:00", "11:00", day=4)
    with pytest.raises(RuleBroken) as refused:
        house.book("aoki", "seat", "10:00", "11:00", day=2)
    assert refused.value.facts["rule"] == "opening_hours"
    with reading(house.engine) as session:
        calendar = working_days(session, DAY.year)
    assert [calendar.is_working(on) for on in (saturday, thursday)] == [True, False]
    assert diff(house, "calendar", f"date,works\n{saturday.isoformat()},1\n").is_empty


@pytest.mark.parametrize("cell", ["2026-02-30", "20261128", "28.12.2026", "", "二〇二六-12-28", "2026-W01-1"])
def test_what_is_no_date_is_refused_by_line(house: House, cell: str) -> None:
    found = diff(house, "calendar", f"date,works\n{cell},0\n")
    assert [(one.line, one.code) for one in found.refused] == [(2, "csv.date")]
