from __future__ import annotations

from protocols.sip2.reference import reference
from protocols.sip2.tables import Message


def test_the_page_names_every_column_of_every_message() -> None:
    page = reference()
    sections = {section[:2]: section for section in page.split("\n### ") if section[:2].isdigit()}
    assert set(sections) == set(Message.BY_CODE)
    for code, message in Message.BY_CODE.items():
        for row in message.TABLE:
            assert f"| {row.column.code} | {row.name.replace('_', ' ')} |" in sections[code]


def test_the_page_is_the_same_each_time() -> None:
    assert reference() == reference()
    assert reference().endswith("\n")
