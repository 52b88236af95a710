"""A small archive of our own, and the encoder that ships."""

from pathlib import Path

import pytest

from search.cases import Case
from search.encoder import Encoder
from search.finder import Finder

ROWS = (
    (
        "m1",
        "玉米下部叶片发黄，从叶尖向内枯黄，是什么原因？",
        "多为缺氮，每亩追施尿素十公斤。",
        "川粮油",
        "玉米",
    ),
    (
        "m2",
        "玉米心叶被虫吃出一排排孔洞，有虫粪，怎么防治？",
        "草地贪夜蛾，用氯虫苯甲酰胺喷心叶。",
        "川粮油",
        "玉米",
    ),
    ("m3", "玉米倒伏以后还能扶起来吗？", "拔节期前后能自行恢复，不必扶。", "川粮油", "苞谷"),
    ("r1", "水稻抽穗后穗颈变黑，穗子发白不结实怎么办？", "穗颈瘟，破口期用三环唑预防。", "川粮油", "水稻"),
    ("p1", "马铃薯叶片出现水浸状黑斑，背面有白霉，怎么治？", "晚疫病，雨前用霜脲锰锌。", "川菜", "马铃薯"),
    ("c1", "辣椒果实上有凹陷的圆形病斑，打什么药？", "炭疽病，苯醚甲环唑。", "川菜", "辣椒"),
    ("o1", "柑橘里面有蛆，提早发黄落果，怎么防治？", "大实蝇，捡净落果深埋。", "川果", "柑橘"),
    ("k1", "猕猴桃主干流出红褐色液体怎么办？", "溃疡病，刮治后涂氢氧化铜。", "川果", "猕猴桃"),
    ("t1", "茶园春季受冻后如何补救？", "剪去冻枯枝叶，追施速效肥。", "川茶", "茶叶"),
    ("s1", "仔猪断奶后拉稀怎么办？", "补液，饲料里加酸化剂，保温。", "川猪", "猪"),
    ("s2", "母猪产后没有奶水怎么催奶？", "检查乳房炎，注射催产素。", "川猪", "母猪"),
    ("h1", "蛋鸡产蛋率突然下降是什么原因？", "检查光照和饲料，排除减蛋综合征。", "川牛羊", "蛋鸡"),
    ("n1", "牛吃了带露水的草左边肚子胀怎么急救？", "瘤胃臌气，灌食用油，必要时穿刺。", "川牛羊", "牛"),
    ("f1", "鱼塘清晨鱼浮头怎么办？", "缺氧，立即开增氧机、加新水。", "川鱼", "鱼"),
    ("w1", "微耕机发动不起来怎么检查？", "查油路、火花塞、空滤。", "现代农业装备", ""),
)

CASES = tuple(
    Case(name, question, answer, industry, crop, "510726000000", "2026-05-01")
    for name, question, answer, industry, crop in ROWS
)


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    return CASES


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def finder(tmp_path: Path) -> Finder:
    finder = Finder(tmp_path / "similar")
    finder.build(CASES)
    return finder
