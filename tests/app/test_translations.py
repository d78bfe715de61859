"""Every text that a person sees is in Japanese too; `.ci/translate` brings the catalogue up to date."""

import re
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

APP = Path(__file__).parents[2] / "app"
FOLDER = APP / "translations/ja/LC_MESSAGES"
PLACE = re.compile(r"%\(\w+\)s")
KEYWORDS = {**dict.fromkeys(("_", "gettext", "lazy_gettext")), "pgettext": ((1, "c"), 2)}
# A text, with what it means there where the same words mean something else elsewhere.
Meant = tuple[str | None, str]


def texts() -> set[Meant]:
    """Every text in code and templates that is marked for translation."""
    with (APP / "translations/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    return {
        (context, str(message[-1] if isinstance(message, tuple) else message))
        for _file, _line, message, _comments, context in extract_from_dir(
            APP, methods, options, keywords=KEYWORDS
        )
    }


def catalogue() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="ja")


def test_every_text_has_a_translation_and_every_translation_a_text() -> None:
    translated = {(message.context, str(message.id)) for message in catalogue() if message.id}
    assert texts() - translated == set(), "run .ci/translate, then fill in what is empty"
    assert translated - texts() == set(), "run .ci/translate"


def test_no_translation_is_empty_doubtful_or_loses_a_place() -> None:
    for message in catalogue():
        if message.id:
            assert message.string, message.id
            assert not message.fuzzy, message.id
            assert set(PLACE.findall(str(message.string))) == set(PLACE.findall(str(message.id)))


def test_the_compiled_catalogue_says_what_the_readable_one_says() -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    with (FOLDER / "messages.mo").open("rb") as file:
        kept = strings(read_mo(file))
    assert kept == strings(read_mo(compiled))


def strings(catalog: Catalog) -> dict[Meant, object]:
    return {(one.context, str(one.id)): one.string for one in catalog if one.id}
