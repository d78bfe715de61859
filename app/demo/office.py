"""The sample office: a city division of three sections, 45 people and 45 spaces, each with its sensor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

from sqlalchemy.orm import Session

from app.people import service as people
from app.people.models import Role, User
from app.spaces.models import Floor, Sensor, Site, Space, Zone
from app.spaces.rules import Kind
from app.spaces.watching import watch_spaces

PASSWORD = "akiseki-demo"  # noqa: S105 - the demo listens on this machine only, and prints it
DOMAIN = "demo.example"

SECTIONS = (
    ("soumu", "総務課", "General Affairs"),
    ("kikaku", "企画課", "Planning"),
    ("shimin", "市民課", "Citizen Services"),
)

# (name, kana, romaji) of 45 people, fifteen a section in this order; the first of each is its chief.
PEOPLE = (
    ("佐藤 健一", "さとう けんいち", "sato"),
    ("鈴木 美咲", "すずき みさき", "suzuki"),
    ("高橋 直樹", "たかはし なおき", "takahashi"),
    ("田中 裕子", "たなか ゆうこ", "tanaka"),
    ("伊藤 大輔", "いとう だいすけ", "ito"),
    ("渡辺 彩", "わたなべ あや", "watanabe"),
    ("山本 翔太", "やまもと しょうた", "yamamoto"),
    ("中村 千尋", "なかむら ちひろ", "nakamura"),
    ("小林 誠", "こばやし まこと", "kobayashi"),
    ("加藤 真由美", "かとう まゆみ", "kato"),
    ("吉田 拓也", "よしだ たくや", "yoshida"),
    ("山田 恵", "やまだ めぐみ", "yamada"),
    ("佐々木 亮", "ささき りょう", "sasaki"),
    ("山口 奈緒", "やまぐち なお", "yamaguchi"),
    ("松本 浩", "まつもと ひろし", "matsumoto"),
    ("井上 隆", "いのうえ たかし", "inoue"),
    ("木村 由美", "きむら ゆみ", "kimura"),
    ("林 和也", "はやし かずや", "hayashi"),
    ("斎藤 香織", "さいとう かおり", "saito"),
    ("清水 淳", "しみず じゅん", "shimizu"),
    ("山崎 愛", "やまざき あい", "yamazaki"),
    ("森 俊介", "もり しゅんすけ", "mori"),
    ("池田 麻衣", "いけだ まい", "ikeda"),
    ("橋本 光", "はしもと ひかる", "hashimoto"),
    ("阿部 智子", "あべ ともこ", "abe"),
    ("石川 哲也", "いしかわ てつや", "ishikawa"),
    ("山下 さくら", "やました さくら", "yamashita"),
    ("中島 陽介", "なかじま ようすけ", "nakajima"),
    ("石井 瞳", "いしい ひとみ", "ishii"),
    ("小川 慎一", "おがわ しんいち", "ogawa"),
    ("前田 久美子", "まえだ くみこ", "maeda"),
    ("岡田 修", "おかだ おさむ", "okada"),
    ("長谷川 優", "はせがわ ゆう", "hasegawa"),
    ("藤田 理恵", "ふじた りえ", "fujita"),
    ("後藤 剛", "ごとう つよし", "goto"),
    ("近藤 沙織", "こんどう さおり", "kondo"),
    ("村上 勇気", "むらかみ ゆうき", "murakami"),
    ("遠藤 純子", "えんどう じゅんこ", "endo"),
    ("青木 聡", "あおき さとし", "aoki"),
    ("坂本 陽子", "さかもと ようこ", "sakamoto"),
    ("福田 海斗", "ふくだ かいと", "fukuda"),
    ("太田 葵", "おおた あおい", "ota"),
    ("西村 豊", "にしむら ゆたか", "nishimura"),
    ("藤井 菜々子", "ふじい ななこ", "fujii"),
    ("金子 学", "かねこ まなぶ", "kaneko"),
)
ROLES = {"suzuki": Role.FACILITY, "takahashi": Role.PERSONNEL, "tanaka": Role.IT}
PER_SECTION = 15


@dataclass(frozen=True, slots=True)
class Block:
    """A zone of the sample floor: its rectangle, and its spaces in rows of `across`."""

    code: str
    name: str
    name_en: str
    section: int | None
    kind: Kind
    prefix: str
    spaces: int
    across: int
    rect: tuple[int, int, int, int]
    size: tuple[int, int] = (64, 48)
    capacity: int = 1


FLOOR_SIZE = (1240, 640)
BLOCKS = (
    Block("A", "総務課ゾーン", "General Affairs", 0, Kind.SEAT, "A", 11, 4, (20, 20, 390, 290)),
    Block("B", "企画課ゾーン", "Planning", 1, Kind.SEAT, "B", 10, 4, (425, 20, 390, 290)),
    Block("C", "市民課ゾーン", "Citizen Services", 2, Kind.SEAT, "C", 10, 4, (830, 20, 390, 290)),
    Block("F", "集中席", "Focus seats", None, Kind.FOCUS_SEAT, "F", 6, 3, (20, 330, 300, 290)),
    Block(
        "H",
        "半個室ブース",
        "Semi-private booths",
        None,
        Kind.BOOTH,
        "H",
        4,
        2,
        (335, 330, 270, 290),
        (100, 90),
    ),
    Block(
        "M",
        "ミーティングブース",
        "Meeting booths",
        None,
        Kind.MEETING_BOOTH,
        "M",
        2,
        1,
        (620, 330, 290, 290),
        (230, 90),
        6,
    ),
    Block(
        "O",
        "オープンミーティング",
        "Open meeting",
        None,
        Kind.OPEN_MEETING,
        "O",
        2,
        1,
        (925, 330, 295, 290),
        (230, 90),
        8,
    ),
)
ZONE_TITLE = 40


def build(session: Session, *, now: datetime, on: date, timezone: str) -> None:
    """Create the sample office; its people belong to their sections from the day `on`."""
    site = Site(code="honcho", name="本庁舎", timezone=timezone)
    session.add(site)
    session.flush()
    floor = Floor(
        site_id=site.id,
        code="3F",
        name="本庁舎 3階",
        name_en="City Hall, 3rd floor",
        width=FLOOR_SIZE[0],
        height=FLOOR_SIZE[1],
    )
    session.add(floor)
    sections = [people.add_section(session, code, name=name, name_en=en) for code, name, en in SECTIONS]
    session.flush()
    numbers = count(1)
    for block in BLOCKS:
        x, y, width, height = block.rect
        zone = Zone(
            floor_id=floor.id,
            section_id=None if block.section is None else sections[block.section].id,
            code=block.code,
            name=block.name,
            name_en=block.name_en,
            x=x,
            y=y,
            width=width,
            height=height,
        )
        session.add(zone)
        session.flush()
        spaces = _spaces(block, zone.id)
        sensors = [Sensor(id=f"desk-{next(numbers):03d}") for _space in spaces]
        session.add_all([*spaces, *sensors])
        session.flush()
        watched = {sensor.id: [space.id] for sensor, space in zip(sensors, spaces, strict=True)}
        watch_spaces(session, watched, actor_id=None, now=now)
    _people(session, now=now, on=on)


def _spaces(block: Block, zone_id: int) -> list[Space]:
    x, y, width, height = block.rect
    across, down = block.across, -(-block.spaces // block.across)
    step_x, step_y = width / across, (height - ZONE_TITLE) / down
    return [
        Space(
            zone_id=zone_id,
            code=f"{block.prefix}-{n + 1:02d}",
            kind=block.kind,
            capacity=block.capacity,
            x=round(x + step_x * (n % across) + (step_x - block.size[0]) / 2),
            y=round(y + ZONE_TITLE + step_y * (n // across) + (step_y - block.size[1]) / 2),
            width=block.size[0],
            height=block.size[1],
        )
        for n in range(block.spaces)
    ]


def _people(session: Session, *, now: datetime, on: date) -> list[User]:
    shared = User(email="", name="", role=Role.STAFF)
    people.set_password(shared, PASSWORD)
    made = []
    for n, (name, kana, romaji) in enumerate(PEOPLE):
        role = Role.CHIEF if n % PER_SECTION == 0 else ROLES.get(romaji, Role.STAFF)
        section = SECTIONS[n // PER_SECTION][0]
        user = people.add_user(
            session,
            f"{romaji}@{DOMAIN}",
            name=name,
            kana=kana,
            section_code=section,
            role=role,
            now=now,
            on=on,
        )
        user.extension = f"{3101 + n}"
        # One hash for all: argon2 is slow by design, and 45 of them would delay the demo's start.
        user.password_hash = shared.password_hash
        made.append(user)
    session.flush()
    return made


def logins() -> list[tuple[str, str]]:
    """(address, what to try with it) for the first page and the terminal."""
    return [
        (f"kobayashi@{DOMAIN}", "職員 / staff"),
        (f"sato@{DOMAIN}", "課長 / section chief"),
        (f"suzuki@{DOMAIN}", "施設担当 / facility staff"),
        (f"takahashi@{DOMAIN}", "人事担当 / personnel"),
    ]
