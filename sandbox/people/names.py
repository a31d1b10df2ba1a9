"""Compose names and addresses that look real and belong to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from sandbox.people.person import Sex
    from sandbox.people.regions import Region

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋"
    "蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段"
    "雷侯龙史陶黎贺顾郝龚邵万钱严覃武戴莫孔向汤"
)
COMPOUND_SURNAMES: Final = ("欧阳", "上官", "司马", "诸葛", "令狐", "皇甫")
GIVEN_MALE: Final = (
    "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩健俊帆帅旭宁龙林欢阳建国志海峰文博晨轩"
    "睿泽宏振东家豪子涵思远承恩景行嘉树云天启航永康少立新庆丰德江山松柏青川柯维正"
)
GIVEN_FEMALE: Final = (
    "芳娜敏静丽艳娟霞秀燕玲婷雪颖慧莹洁琳晶欣佳怡萍红梅兰英桂芝月倩薇蕾璐瑶琪雅思雨梦"
    "婉清诗涵紫萱子晴若曦美玉春花秋菊云彩凤莲淑珍可心语嫣然如意安宁"
)
"""Given-name characters; without 凯 and 乐, which OCR models of both scripts may read as 凱 and 樂."""

_TOWNS: Final = "城关镇 新城镇 河西镇 东湖镇 石桥镇 平安镇 太平镇 双河镇 新河镇 大桥镇 西园镇 北港镇"
_STREETS: Final = "人民路 建设路 解放路 中山路 文化路 新华街 青年路 和平路 长江路 黄河路 振兴路 学府路"
_ESTATES: Final = "阳光花园 锦绣家园 金色家园 新城花园 东方花园 翠湖花园 学府花园 和平新村 幸福新村"
_VILLAGES: Final = "前进村 红星村 新民村 永丰村 光明村 友谊村 东方村 胜利村 新庄村 大王村 河东村 三里村"
_EMPLOYERS: Final = "机械有限公司 电子有限公司 纺织有限公司 物流有限公司 商贸有限公司 实验小学 人民医院"
_COMPOUND_SHARE: Final = 0.02
_TWO_CHARACTERS_SHARE: Final = 0.75
# The shares follow the census roughly; ethnic groups whose names run to other patterns are left out.
_ETHNICITIES: Final = {"汉": 920, "回": 25, "满": 20, "土家": 10, "苗": 10, "壮": 8, "蒙古": 7}


def name(rng: Random, sex: Sex) -> str:
    """Compose a name: one surname in fifty is compound, three given names in four have two characters."""
    surname = rng.choice(COMPOUND_SURNAMES if rng.random() < _COMPOUND_SHARE else SURNAMES)
    given = GIVEN_MALE if sex == "男" else GIVEN_FEMALE
    return surname + "".join(rng.sample(given, 2 if rng.random() < _TWO_CHARACTERS_SHARE else 1))


def ethnicity(rng: Random) -> str:
    """Choose an ethnic group by its rough share."""
    return rng.choices(list(_ETHNICITIES), weights=list(_ETHNICITIES.values()))[0]


def address(rng: Random, region: Region) -> str:
    """Compose an address in a region: a flat, a house in a street, or a village group."""
    kind = rng.randrange(3)
    if kind == 0:
        village, group, house = rng.choice(_VILLAGES.split()), rng.randrange(1, 20), rng.randrange(1, 120)
        return f"{region.address}{rng.choice(_TOWNS.split())}{village}{group}组{house}号"
    street = f"{region.address}{rng.choice(_STREETS.split())}{rng.randrange(1, 400)}号"
    if kind == 1:
        return street
    building, stair, flat = rng.randrange(1, 40), rng.randrange(1, 5), rng.randrange(1, 19) * 100
    return f"{street}{rng.choice(_ESTATES.split())}{building}幢{stair}单元{flat + rng.randrange(1, 5)}室"


def employer(rng: Random, region: Region) -> str:
    """Compose the name of an employer in a region."""
    return f"{region.address.removeprefix('江苏省')}样例{rng.choice(_EMPLOYERS.split())}"
