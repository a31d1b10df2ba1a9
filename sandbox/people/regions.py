"""Name the places of Jiangsu and beyond that synthetic people come from.

An excerpt of GB/T 2260: every county, city and district of Jiangsu that ID numbers carry today, a few
places in other provinces, and the places of the 60 sample banks. The sandbox keeps its own copy on purpose:
what the product believes about regions is checked against it, not taken from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

_JIANGSU: Final = {
    "3201 南京市": "02玄武区 04秦淮区 05建邺区 06鼓楼区 11浦口区 13栖霞区 14雨花台区 15江宁区 16六合区 "
    "17溧水区 18高淳区",
    "3202 无锡市": "05锡山区 06惠山区 11滨湖区 13梁溪区 14新吴区 81江阴市 82宜兴市",
    "3203 徐州市": "02鼓楼区 03云龙区 05贾汪区 11泉山区 12铜山区 21丰县 22沛县 24睢宁县 81新沂市 82邳州市",
    "3204 常州市": "02天宁区 04钟楼区 11新北区 12武进区 13金坛区 81溧阳市",
    "3205 苏州市": "05虎丘区 06吴中区 07相城区 08姑苏区 09吴江区 81常熟市 82张家港市 83昆山市 85太仓市",
    "3206 南通市": "12通州区 13崇川区 14海门区 23如东县 81启东市 82如皋市 85海安市",
    "3207 连云港市": "03连云区 06海州区 07赣榆区 22东海县 23灌云县 24灌南县",
    "3208 淮安市": "03淮安区 04淮阴区 12清江浦区 13洪泽区 26涟水县 30盱眙县 31金湖县",
    "3209 盐城市": "02亭湖区 03盐都区 04大丰区 21响水县 22滨海县 23阜宁县 24射阳县 25建湖县 81东台市",
    "3210 扬州市": "02广陵区 03邗江区 12江都区 23宝应县 81仪征市 84高邮市",
    "3211 镇江市": "02京口区 11润州区 12丹徒区 81丹阳市 82扬中市 83句容市",
    "3212 泰州市": "02海陵区 03高港区 04姜堰区 81兴化市 82靖江市 83泰兴市",
    "3213 宿迁市": "02宿城区 11宿豫区 22沭阳县 23泗阳县 24泗洪县",
}
_ELSEWHERE: Final = {
    "3301 杭州市": "06西湖区",
    "3401 合肥市": "04蜀山区",
    "3701 济南市": "02历下区",
    "4101 郑州市": "02中原区",
    "4201 武汉市": "02江岸区",
    "5101 成都市": "04锦江区 06金牛区",
    "5201 贵阳市": "02南明区",
    "6101 西安市": "02新城区",
}
_PROVINCES: Final = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区", "21": "辽宁省",
    "22": "吉林省", "23": "黑龙江省", "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省",
    "35": "福建省", "36": "江西省", "37": "山东省", "41": "河南省", "42": "湖北省", "43": "湖南省",
    "44": "广东省", "45": "广西壮族自治区", "46": "海南省", "50": "重庆市", "51": "四川省", "52": "贵州省",
    "53": "云南省", "54": "西藏自治区", "61": "陕西省", "62": "甘肃省", "63": "青海省",
    "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
}  # fmt: skip

_BANK_PLACES: Final = (
    "紫金 高淳 溧水 无锡 江阴 宜兴 徐州 丰县 沛县 睢宁 新沂 邳州 江南 苏州 常熟 张家港 昆山 太仓 南通 "
    "海安 如皋 如东 海门 启东 连云港东方 赣榆 东海 灌云 灌南 淮安 涟水 洪泽 盱眙 金湖 盐城 大丰 东台 "
    "射阳 阜宁 滨海 响水 建湖 扬州 江都 高邮 宝应 仪征 镇江 丹阳 句容 扬中 泰州 姜堰 兴化 泰兴 靖江 "
    "民丰 沭阳 泗阳 泗洪"
)
BANK_PLACES: Final = {str(code): place for code, place in enumerate(_BANK_PLACES.split(), start=101)}
"""Bank code to the place in its name, the 60 sample banks."""

_COUNTY_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Region:
    """One place: its code, how an address on a card begins, and which police office signs the card."""

    code: str
    address: str
    authority: str


def _read(table: dict[str, str]) -> dict[str, Region]:
    regions = {}
    for head, tail in table.items():
        prefix, city = head.split()
        province = _PROVINCES[prefix[:2]]
        for entry in tail.split():
            code, county = prefix + entry[:2], entry[2:]
            if county.endswith("区"):
                regions[code] = Region(code, f"{province}{city}{county}", f"{city}公安局{county[:-1]}分局")
            else:
                regions[code] = Region(code, f"{province}{county}", f"{county}公安局")
        regions[prefix + "00"] = Region(prefix + "00", f"{province}{city}", f"{city}公安局")
    return regions


_KNOWN: Final = _read(_JIANGSU | _ELSEWHERE)
_HOME: Final = tuple(sorted(code for code in _KNOWN if code.startswith("32") and not code.endswith("00")))


def home_regions() -> tuple[str, ...]:
    """Give the codes of Jiangsu's counties and districts."""
    return _HOME


def find_region(code: str) -> Region:
    """Describe a six-digit region code; one outside the excerpt gets its province and a sample county."""
    if code in _KNOWN:
        return _KNOWN[code]
    province = _PROVINCES.get(code[:2], "样例省")
    return Region(code, f"{province}样例县", "样例县公安局")


def choose_region(rng: Random, wanted: str | None) -> Region:
    """Choose a region: any in Jiangsu, a known one under 2 or 4 digits, or exactly the 6 digits given.

    Raises:
        ValueError: the prefix is not 2, 4 or 6 digits, or leads to no known place.
    """
    if wanted is None:
        return _KNOWN[rng.choice(_HOME)]
    if not wanted.isascii() or not wanted.isdigit() or len(wanted) not in {2, 4, _COUNTY_DIGITS}:
        message = f"a region is 2, 4 or 6 digits, not {wanted!r}"
        raise ValueError(message)
    if len(wanted) == _COUNTY_DIGITS:
        return find_region(wanted)
    under = sorted(code for code in _KNOWN if code.startswith(wanted) and not code.endswith("00"))
    if not under:
        message = f"no known place begins with {wanted}"
        raise ValueError(message)
    return _KNOWN[rng.choice(under)]
