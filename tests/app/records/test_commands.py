"""`akiseki keep`, `import` and `export` as an operator types them."""

from __future__ import annotations

from pathlib import Path

from tests.app.test_cli import Run, refused, run  # noqa: F401 - the fixture
from tests.house import House


def test_an_export_is_imported_with_no_change_and_a_wrong_line_stops_it_all(
    house: House,
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    url = house.engine.url.render_as_string(hide_password=False)
    for name in ("people", "spaces", "sensors"):
        file = tmp_path / f"{name}.csv"
        assert run("export", name, str(file), DATABASE_URL=url).status == 0
        done = run("import", name, str(file), DATABASE_URL=url)
        assert "0 added, 0 changed" in done.out, done
    file = tmp_path / "people.csv"
    file.write_text("email,name,sections\naoki@example.jp,青木,soumu\nx@example.jp,x,nowhere\n")
    said = refused(run("import", "people", str(file), DATABASE_URL=url))
    assert "1 lines" in said
    file.write_text("email,name\naoki@example.jp,青木\n")
    tried = run("import", "people", str(file), "--dry-run", DATABASE_URL=url)
    assert "line 2: ~ person aoki@example.jp: name: 'aoki' → '青木'" in tried.out
    assert "1 changed" in run("import", "people", str(file), DATABASE_URL=url).out
    assert "0 added, 0 changed, 1 as" in run("import", "people", str(file), DATABASE_URL=url).out


def test_a_model_that_no_profile_knows_is_told_and_taken(
    sqlite_house: House,
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "sensors.csv"
    file.write_text("id,model\nnew-1,VS341\nnew-2,RB11F\n")
    done = run("import", "sensors", str(file), DATABASE_URL=str(sqlite_house.engine.url))
    assert "2 added" in done.out
    assert "line 3: model 'RB11F': No profile knows this model" in done.err
    assert "VS341" not in done.err


def test_a_word_that_may_not_stand_there_is_told_which_may_and_the_help_names_the_columns(
    sqlite_house: House,
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "spaces.csv"
    file.write_text("floor,zone,space,kind\n3F,A,A-9,desk\n")
    done = run("import", "spaces", str(file), DATABASE_URL=str(sqlite_house.engine.url))
    assert "kind 'desk': it may be seat, focus_seat, booth, meeting_booth, open_meeting" in done.out
    shown = run("import", "--help").out
    assert "  sensors   id*, model, heartbeat_s" in shown
    assert "Kind of a space: seat, focus_seat" in shown


def test_cp932_names_what_it_cannot_carry(sqlite_house: House, run: Run, tmp_path: Path) -> None:  # noqa: F811
    url = str(sqlite_house.engine.url)
    file = tmp_path / "people.csv"
    file.write_text("email,name\naoki@example.jp,𠮷野\n")
    assert run("import", "people", str(file), DATABASE_URL=url).status == 0
    done = run("export", "people", str(file), "--encoding", "cp932", DATABASE_URL=url)
    assert "name: 𠮷 (U+20BB7) is not in CP932" in done.err
    assert "〓野" in file.read_bytes().decode("cp932")


def test_keeping_counts_first_and_then_erases(house: House, run: Run) -> None:  # noqa: F811
    house.hear("seat", ("09:01", True))
    url = house.engine.url.render_as_string(hide_password=False)
    clock = "2026-01-01T00:00:00+00:00/2027-03-01T00:00:00+00:00/1"  # months after the reading, for good
    for _again in range(2):
        assert "readings         1" in run("keep", "--dry-run", DATABASE_URL=url, CLOCK=clock).out
    assert "readings         1" in run("keep", DATABASE_URL=url, CLOCK=clock).out
    assert "readings         0" in run("keep", "--dry-run", DATABASE_URL=url, CLOCK=clock).out
