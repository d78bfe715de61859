"""Names of a site's or a maker's choice: whether one is of somebody being there, says the opposite, or stands aside.

Only a plain word says it. What is doubtful is of no seat: nobody turns a value round, and none is read upside down. A
name is read as its words in small letters, `seat_no_motion`, the levels of a path with a slash between them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

# Longer names are a stranger's: of them the end is read.
MOST_NAME = 255
# Somebody is there, by language; a part of a word is enough, as in `Raumpräsenz`.
_SENSES = {
    "en": r"occup|presen|motion",
    "fr": r"présen",
    "de": r"präsen|praesen|bewegung|beleg(?:t|ung)|besetzt|anwesen",
    "es": r"ocup",
    "ja": r"在席|人感|在室|着席|着座|使用中|利用中|有人",
}
# The same letters, of something else: taken out before a name is read.
_STRANGERS = re.compile(
    r"(?<![a-z])(e|pro|com|loco)motion|presenter|pr[eä]sent?a[tzc]i|present_?value|preoccup|belegungsplan"
    r"|[使利]用中[止断]|[占所保]有人"
)
# Nobody is there: by a word in front of a sense or behind it, or by one alone. A seat that is called free, or an area
# that is called no. 4, says nothing by that.
_WITHOUT = {
    "en": r"un|no|non|not|never|none|zero|nobody|noone|without|undetected|(?:absence|lack)_of",
    "de": r"keine?|nicht|ohne|niemand",
    "fr": r"sans|aucune?|pas_de?",
    "es": r"sin|ning[uú]na?|nadie",
    "it": r"senza|nessun[ao]?",
    "pt": r"n[ãa]o|sem|ningu[ée]m",
}
# May stand between the two: `no_pir_motion`, `no_hay_presencia`.
_BETWEEN = (
    r"is|currently|current|recent|longer|more|yet|one|body|person|people|human|any|anyone|anybody|user|staff|detected|"
    r"active|pir|radar|mmwave|desk|seat|chair|table|room|booth|zone|area|office|sensor|mehr|mensch|hay|h[áa]|est[áa]|[eè]"
)
_OVER = {
    "en": r"not|lost|gone|clear|cleared|absent|ended|stopped|inactive|undetected|none|off|false|idle|no(?=/|$)",
    "de": r"nicht",
}
_NOBODY = {
    "en": r"absence|absent|vacant|vacancy|empty|free(?!_address)|nobody|unmanned|unused|motionless",
    "de": r"frei(?:e[nrs]?)?|abwesen[a-z]*|bewegungslos",
    "fr": r"libre|inoccup[a-zé]*",
    "es": r"libre|ausen[a-z]*|(?:des|in)ocup[a-z]*",
    "it": r"liber[ao]|assen[a-z]*|disoccup[a-z]*",
    "pt": r"livre",
}
_NOBODY_JA = r"空席|空室|不在|無人|未使用|未利用|空き|離席"
# Of what was sensed, in front of a sense; or behind it, with no other word between: a seat has a 電源なし, a section is
# called 未来創造課.
_SEEN_JA = r"検知|検出|感知|反応"
_NOTHING_SEEN_JA = (
    rf"[未非不無](?:{_SEEN_JA})|(?:{_SEEN_JA})(?:なし|ナシ|無し?|しない|せず|されず|していない)"
    r"|(?:無人|不在|空席|空室)(?:検知)?(?=_)"
)
_BETWEEN_JA = rf"(?:{_SEEN_JA}|者|中|状態|センサー?|[がはもでにをしていあおなりまじゃ_/])*"
_NOT_JA = (
    r"(?:なし|ナシ|無し?|ない|なかった|ません|せず|おらず)(?![^_/）)])"
    rf"|[未非不](?={_SEEN_JA}|[使利]用|[在着])"
)
# What a sensor is set to, and what else it tells around its sense: a light beside it, how often it saw something,
# whether the sensor itself is well.
_ASIDE = re.compile(
    r"led|light|enable|enabled|disable|disabled|sensitivity|timeout|count|counts|counter|total|last|"
    r"since|time|timestamp|config|configuration|settings|delay|hold|threshold|cooldown|interval|"
    r"duration|indicator|mode|calibration|distance|energy|tamper|battery|occupants|"
    r"online|offline|connected|connection|connectivity|fault|faults|faulty|problem|error|errors|alarm|alarms|"
    r"alert|trouble|inhibit|bypass|schedule|scheduled|command|cmd|request|reset|"
    r"valid|validity|invalid|stale|ok|override|setpoint|setback|update|updated|available|availability"
)
_ASIDE_JA = (
    r"異常|故障|警報|エラー|感度|設定|電池|有効|無効|通信|照明|回数|時間|時刻|率"
    r"|人数|断線|予約|解除|低下|残量|ランプ|リセット"
)

_SENSE = "|".join(_SENSES.values())
_HAS_A_SENSE = re.compile(_SENSE)
_ANYBODY = rf"({_SENSE}|target|movement|mouvement|movim|person|people|human|in_use|used|taken)"
_NEGATED = re.compile(
    rf"(?<![a-z])({'|'.join(_WITHOUT.values())})(_({_BETWEEN}))*_?{_ANYBODY}"
    r"|unoccup|unbesetzt|unbelegt"
    rf"|({_SENSE}|target).*[_/]({'|'.join(_OVER.values())})(?![a-z])"
    rf"|(?<![a-z])({'|'.join(_NOBODY.values())})(?![a-zß-ÿ])(?!.*({_SENSE}|target))"
    rf"|({_NOBODY_JA})(?!.*({_SENSE}))|([未非不無]_?|({_NOTHING_SEEN_JA})[^/]*)({_SENSES['ja']})"
    rf"|({_SENSES['ja']}){_BETWEEN_JA}({_NOT_JA})"
)
# `presence_status` and `在席状態` are of the seat, `presence_sensor_status` and `在席センサー状態` of the sensor. A
# room may be called a test, or by its number.
_OF_THE_SENSOR = re.compile(
    r"(sensor|detector|detection)s?_(status|active|health|healthy|alive|running|ready|power|heartbeat)"
    rf"|({_SENSE}).*[_/](test|number)(?![a-z])|number_of"
    rf"|({_SENSES['ja']}).*({_ASIDE_JA}|センサー?状態)|(?<![^_/])({_ASIDE_JA})値?(?![^_/])"
)
_WORDS = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\d+|[^\W\d_A-Za-zÀ-ÿ]+")


def _telling(name: str) -> str:
    """The words of a name; of a path those of each level that says what it is, not where, and of the last one.
    BACnet's `Present Value` is of what stands before it."""
    levels = ["_".join(_WORDS.findall(level)).lower() for level in normalize("NFKC", name).split("/")]
    while len(levels) > 1 and levels[-1] in {"present_value", "presentvalue"}:
        levels.pop()
    *before, last = (_STRANGERS.sub("", level) for level in levels)
    return "/".join([*(one for one in before if _HAS_A_SENSE.search(one)), last])


class _Meaning(NamedTuple):
    has_a_sense: bool
    is_negated: bool
    is_aside: bool


@lru_cache(maxsize=4096)
def _meaning(end: str) -> _Meaning:
    """What the end of a name says. The same names come with every message."""
    words = _telling(end)
    aside = any(_ASIDE.fullmatch(one) for one in re.split("[_/]", words)) or _OF_THE_SENSOR.search(words)
    return _Meaning(bool(_HAS_A_SENSE.search(words)), bool(_NEGATED.search(words)), bool(aside))


def has_a_sense(name: str) -> bool:
    """Whether a name has a word for somebody being there, whatever stands around it."""
    return _meaning(name[-MOST_NAME:]).has_a_sense


def is_negated(name: str) -> bool:
    """Whether a name says that nobody is there: what is true of `unoccupied` is so of an empty seat."""
    return _meaning(name[-MOST_NAME:]).is_negated


def says_something_aside(name: str) -> bool:
    """Whether a name is of what stands beside a sense, such as its sensitivity, or says the opposite of it."""
    meaning = _meaning(name[-MOST_NAME:])
    return meaning.is_aside or meaning.is_negated


def says_occupancy(name: str) -> bool:
    """Whether a name is of whether somebody is there."""
    return has_a_sense(name) and not says_something_aside(name)
