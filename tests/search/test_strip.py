import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.strip import strip


class TestPersonalData:
    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("电话13812345678", "电话*电话*"),
            ("打 138 1234 5678 找我", "打 *电话* 找我"),
            ("+86-13812345678", "*电话*"),
            ("座机0816-4821234", "座机*电话*"),
            ("１３８１２３４５６７８", "*电话*"),
            ("身份证510726198001011234", "身份证*证件*"),
            ("身份证51072619800101123X", "身份证*证件*"),
            ("卡号6222 0212 3456 7890 123", "卡号*卡号*"),
            ("写信 wang.a@qq.com 给我", "写信 *@* 给我"),
            ("微信号:abc_12345", "微信号*"),
            ("我叫王大明，玉米发黄", "我叫*，玉米发黄"),
            ("姓名：李强", "姓名:*"),
            ("联系人：阿木尔古。", "联系人:*。"),
            ("我叫李强想问一下", "我叫*想问一下"),
            ("张师傅，稻子倒了", "*师傅，稻子倒了"),
            ("请问是杨老师吗", "请问是*老师吗"),
            ("幸福村3组12号", "幸福村*组*号"),
            ("麻柳村五组二十三号", "麻柳村*组*号"),
            ("曲山镇任家坪村三组，玉米黄了", "*地址*，玉米黄了"),
            ("擂鼓镇猫儿石村的猪病了", "*地址*的猪病了"),
            ("任家坪村3组，水稻倒了", "*地址*，水稻倒了"),
            ("送到禹羌路25号", "*地址*"),
            ("车牌川B12345", "车牌*车牌*"),
            ("在31.8312,104.4567", "在*位置*"),
        ],
    )
    def test_is_starred_out(self, written: str, shown: str) -> None:
        assert strip(written) == shown

    @given(
        st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        st.sampled_from(["玉米{}", "打{}，急", "{}", "tel:{}。"]),
    )
    def test_no_mobile_number_survives(self, number: str, sentence: str) -> None:
        assert number not in strip(sentence.format(number))

    @given(st.text(alphabet="0123456789 -玉米组号村我叫王李，:@.a", max_size=40))
    def test_twice_is_once(self, text: str) -> None:
        assert strip(strip(text)) == strip(text)


class TestFarming:
    @pytest.mark.parametrize(
        "text",
        [
            "打了72%霜脲锰锌兑水30斤",
            "登记证号PD20151234",
            "本人种植玉米50亩，亩产1200斤",
            "每亩用10公斤尿素，3月15日播种",
            "农户石灰怎么用",
            "乡镇农村信用社能不能贷款",
            "村里三组人一起打药",
            "我们乡下的老品种",
            "全村五户养羊",
            "高温天黄瓜怎么管",
            "2026年5月31日下了冰雹",
        ],
    )
    def test_is_left_alone(self, text: str) -> None:
        assert strip(text) == text
