# ruff: noqa: E501 -- the tables of surnames
"""Fold names so that spellings of one name meet: traditional and simplified, blanks and dots, Han and Latin.

A key says how it was made, so that only what may be compared meets. `h:` is a Han name in simplified
characters; `p:` its Latin spellings, in every reading of the surname and either order; `l:` a name written in
Latin letters, joined; `s:` the same with its words sorted. Two Han names meet by their characters only (高石
and 高市 sound alike and are different); a Han name meets a Latin one by sound.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]")
NOT_HAN: Final = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]+")
HAN_RUN: Final = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f·•・．.\s]*[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]"
)
WORD: Final = re.compile(r"[a-z0-9]+")
APOSTROPHES: Final = re.compile(r"['’‘`ʻʼ]")
SPECIAL_LETTERS: Final = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"})
LONGEST_KEY: Final = 200
MOST_READINGS: Final = 24

# Surnames that are read otherwise than the character alone usually is, as lists in the field give them.
SURNAME_READINGS: Final = {
    "单": ("shan",), "仇": ("qiu",), "解": ("xie",), "曾": ("zeng",), "任": ("ren",), "朴": ("piao", "pu"), "翟": ("zhai", "di"),
    "查": ("zha",), "盖": ("ge", "gai"), "区": ("ou",), "缪": ("miao",), "乐": ("yue", "le"), "种": ("chong",), "员": ("yun",),
    "召": ("shao",), "秘": ("bi",), "冼": ("xian",), "洗": ("xian",), "覃": ("qin", "tan"), "宓": ("mi", "fu"), "逄": ("pang",),
    "牟": ("mu", "mou"), "郗": ("xi", "chi"), "隗": ("wei", "kui"), "葛": ("ge",), "华": ("hua",), "应": ("ying",), "那": ("na",),
    "燕": ("yan",), "纪": ("ji",), "宁": ("ning",), "哈": ("ha",), "折": ("she",), "黑": ("he", "hei"), "盛": ("sheng",),
    "尉": ("wei", "yu"), "曲": ("qu",), "句": ("gou",), "过": ("guo",), "祭": ("zhai",), "繁": ("po",), "钭": ("tou",), "佟": ("tong",),
    "褚": ("chu",), "晁": ("chao",), "柏": ("bai", "bo"), "长": ("chang", "zhang"), "石": ("shi",), "车": ("che",), "沈": ("shen",),
    "大": ("da",), "重": ("chong",), "阚": ("kan",), "戚": ("qi",), "贾": ("jia",), "强": ("qiang",), "谌": ("chen", "shen"),
}  # fmt: skip
COMPOUND_SURNAMES: Final = {
    "欧阳": "ouyang", "司马": "sima", "上官": "shangguan", "诸葛": "zhuge", "夏侯": "xiahou", "尉迟": "yuchi", "皇甫": "huangfu",
    "长孙": "zhangsun", "慕容": "murong", "令狐": "linghu", "宇文": "yuwen", "司徒": "situ", "轩辕": "xuanyuan", "东方": "dongfang",
    "独孤": "dugu", "南宫": "nangong", "万俟": "moqi", "公孙": "gongsun", "端木": "duanmu", "百里": "baili", "呼延": "huyan",
    "拓跋": "tuoba", "鲜于": "xianyu", "闻人": "wenren", "申屠": "shentu", "太史": "taishi", "澹台": "tantai", "赫连": "helian",
    "钟离": "zhongli", "濮阳": "puyang", "淳于": "chunyu", "单于": "chanyu", "宗政": "zongzheng", "东郭": "dongguo", "西门": "ximen",
    "第五": "diwu", "梁丘": "liangqiu", "左丘": "zuoqiu", "公冶": "gongye", "司空": "sikong", "完颜": "wanyan", "纳兰": "nalan",
}  # fmt: skip


@functools.cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Return the text in NFKC with traditional characters made simplified."""
    simplified: str = _simplifier().convert(unicodedata.normalize("NFKC", text))
    return simplified


def han_of(name: str) -> str:
    """Return a name's Han characters, simplified and without blanks and dots; empty where it has none."""
    found = HAN_RUN.search(name)
    return NOT_HAN.sub("", simplify(found.group())) if found else ""


def words_of(name: str) -> list[str]:
    """Return a name's Latin words: no accents, no apostrophes, lower case, split at anything else."""
    plain = APOSTROPHES.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name)).casefold())
    letters = "".join(char for char in plain.translate(SPECIAL_LETTERS) if not unicodedata.combining(char))
    return WORD.findall(letters)


def keys_to_list(name: str) -> list[str]:
    """Return the keys under which a listed name is found."""
    han, words = han_of(name), words_of(name)
    keys = [*_han_keys(han), *(f"p:{spelling}" for spelling in spellings_of(han)), *_latin_keys(words)]
    return _short(keys)


def keys_to_ask(name: str) -> list[str]:
    """Return the keys that a customer's name is looked up by."""
    han, words = han_of(name), words_of(name)
    keys = [*_han_keys(han), *(f"l:{spelling}" for spelling in spellings_of(han)), *_latin_keys(words)]
    keys += [f"p:{key[2:]}" for key in _latin_keys(words) if key.startswith("l:")]
    return _short(keys)


def is_by_sound(key: str, *, asked_in_han: bool) -> bool:
    """Tell whether a key that two names share says only that they sound alike in Latin letters."""
    return key.startswith("p:") or (asked_in_han and key.startswith("l:"))


def spellings_of(han: str) -> list[str]:
    """Return the Latin spellings of a Han name: surname first and last, in each reading, u-umlaut in each form."""
    if not han:
        return []
    found: list[str] = []
    for surname, readings in _surnames(han):
        rest = han[len(surname) :]
        for first in readings:
            for given in _readings(rest):
                found += [first + given, given + first]
    return list(dict.fromkeys(form for spelling in found for form in _umlauts(spelling)))


def _surnames(han: str) -> list[tuple[str, list[str]]]:
    """Return how a name may begin: a compound surname, and the first character alone, with their readings."""
    found = []
    if (compound := COMPOUND_SURNAMES.get(han[:2])) is not None and len(han) > len(han[:2]):
        found.append((han[:2], [compound]))
    known = SURNAME_READINGS.get(han[0], ())
    found.append((han[0], list(dict.fromkeys([*known, *_syllables(han[0])[0]]))))
    return found


def _readings(given: str) -> list[str]:
    """Return the readings of a given name, all of each character's, at most `MOST_READINGS`."""
    if not given:
        return [""]
    combined = itertools.product(*_syllables(given))
    return ["".join(syllables) for syllables in itertools.islice(combined, MOST_READINGS)]


def _syllables(text: str) -> list[list[str]]:
    """Return each character's syllables without tones, the usual one first, `v` for u-umlaut."""
    from pypinyin import Style, pinyin  # its phrases take a quarter of a second to load; only who reads a name pays

    read = pinyin(text, style=Style.NORMAL, heteronym=True, v_to_u=False, errors="default")
    return [[syllable for syllable in dict.fromkeys(choices) if WORD.fullmatch(syllable)] or [""] for choices in read]


def _umlauts(spelling: str) -> list[str]:
    if "lv" not in spelling and "nv" not in spelling:
        return [spelling]
    return [re.sub(r"(?<=[ln])v", form, spelling) for form in ("v", "u", "yu")]


def _han_keys(han: str) -> list[str]:
    return [f"h:{han}"] if han else []


def _latin_keys(words: list[str]) -> list[str]:
    if not words:
        return []
    orders = [words, [*words[1:], words[0]], [words[-1], *words[:-1]]]
    return [*(f"l:{''.join(order)}" for order in orders), f"s:{' '.join(sorted(words))}"]


def _short(keys: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(key[:LONGEST_KEY] for key in keys))
