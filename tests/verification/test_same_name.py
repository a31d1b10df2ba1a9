"""Two spellings of one name: the dot of 少数民族 names above all, which no two keyboards write alike."""

from __future__ import annotations

import pytest

from verification.queries import same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("王小明", "王小明", True),
        ("王小明", " 王 小明\u3000", True),
        ("王小明", "王小朋", False),
        ("张発", "张发", False),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", True),
        ("阿卜杜拉·买买提", "阿卜杜拉・买买提", True),
        ("阿卜杜拉·买买提", "阿卜杜拉．买买提", True),
        ("阿卜杜拉·买买提", "阿卜杜拉买买提", False),
        ("MARY ANN SMITH", "Mary Ann  Smith", True),
        ("ＭＡＲＹ", "mary", True),
        ("", "", False),
        (" ", "", False),
    ],
)
def test_is_told_whatever_was_typed(one: str, other: str, *, same: bool) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same
