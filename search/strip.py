"""Take personal data out of free text before anyone else may find it (MISSION S1.10, S2.8).

Rules, not a model: each pattern below is one kind of datum and the starred form that replaces it. When in
doubt a rule takes one character too many: a reader loses little, a farmer's telephone number must never be
shown.
"""

import re

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍"
    "韦申尤毕聂丛焦向柳邢岳齐沿梅莫庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司"
    "柏宁柯阮桂闵阿吉沙曲木俄"
)
# A given name ends before words like these, which usually follow it in a message.
_NOT_NAME = "想问是家在的有种养了和与跟说来请电手住"
_GIVEN = rf"(?:(?![{_NOT_NAME}])[\u4e00-\u9fff]){{1,2}}"
_NAME = rf"[{_SURNAMES}]{_GIVEN}"
_TITLES = (
    "先生|女士|大爷|大妈|大叔|大娘|大哥|大姐|大嫂|婶|师傅|老板|主任|书记|社长|组长|村长|队长|老师|专家|同志"
    "|医生"
)
_INTRODUCES = "姓名|联系人|户主|负责人|收件人|名字叫|名叫|我叫|签名"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_DIGITS = "0-9一二三四五六七八九十百〇零两"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (r"[a-z0-9][a-z0-9._%+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+", "*@*"),
        # resident identity number: 18 characters, or the old 15
        (r"(?<![0-9a-z])\d{6}(?:18|19|20)\d{2}(?:0\d|1[0-2])[0-3]\d{4}[0-9x](?![0-9a-z])", "*证件*"),
        (r"(?<!\d)\d{6}\d{2}(?:0\d|1[0-2])[0-3]\d{4}(?!\d)", "*证件*"),
        # bank card: 16-19 digits, often in fours
        (r"(?<!\d)\d(?:[ -]?\d){15,18}(?!\d)", "*卡号*"),
        (r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d){8}(?!\d)", "*电话*"),
        (r"(?<!\d)\(?0\d{2,3}\)?[ -]?\d{7,8}(?!\d)", "*电话*"),
        (r"(电话|手机|座机|联系方式|号码)(号码|号)?\s*[:是为]?\s*\d[\d -]{5,}\d", r"\1*电话*"),
        (r"(微信号?|vx|wx|qq号?)\s*[:是为加]{0,2}\s*[a-z0-9_-]{5,20}", r"\1*"),
        (rf"[{_PROVINCES}][a-z][·. ]?[a-z0-9]{{5,6}}(?![a-z0-9])", "*车牌*"),
        (r"(?<!\d)\d{1,3}\.\d{4,}\s*[,; ]\s*\d{1,3}\.\d{4,}", "*位置*"),
        (rf"[{_DIGITS}]+\s*(组|社|队)\s*(?:附)?[{_DIGITS}]+\s*(?:号|户)", r"*\1*号"),
        # township and village, village and group, street and number: enough to find the house
        (
            rf"[\u4e00-\u9fff]{{2,4}}(?:镇|乡(?!镇|村|下)|街道)[\u4e00-\u9fff]{{1,4}}?(?<!农)(?:村|社区)"
            rf"(?:\s*[{_DIGITS}]+\s*[组社队])?",
            "*地址*",
        ),
        (rf"[\u4e00-\u9fff]{{2,4}}(?<!农)村\s*[{_DIGITS}]+\s*[组社队](?![\u4e00-\u9fff]{{0,2}}\*)", "*地址*"),
        (rf"[\u4e00-\u9fff]{{2,4}}(?:路|街|巷|大道)\s*[{_DIGITS}]+\s*号", "*地址*"),
        (rf"(门牌|户号|门牌号)\s*[:是为]?\s*[{_DIGITS}]+\s*号?", r"\1*"),
        # any short text that stands alone after 「姓名」 is a name, listed surname or not (阿木尔古)
        (rf"({_INTRODUCES})(\s*[:是为叫]?\s*)[\u4e00-\u9fff·]{{2,4}}(?![\u4e00-\u9fff·])", r"\1\2*"),
        (rf"({_INTRODUCES})(\s*[:是为叫]?\s*){_NAME}", r"\1\2*"),
        (rf"(农户|本人|报告人)(\s*[:是叫]\s*){_NAME}", r"\1\2*"),
        (rf"(?<![\u4e00-\u9fff])[{_SURNAMES}](?:{_GIVEN})?(?={_TITLES})", "*"),
        (rf"(?<=[是找问叫给跟])[{_SURNAMES}](?={_TITLES})", "*"),
    )
)


# Full-width digits and punctuation hide the same data; everything else of the text stays as it was written.
_NARROW = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1B), 0xFF20, 0xFF08, 0xFF09, 0xFF0B, 0xFF0D)}


def strip(text: str) -> str:
    """The text with telephone, identity, card and plate numbers, addresses and introduced names starred out.

    Idempotent. Full-width digits come back as plain ones.
    """
    plain = text.translate(_NARROW)
    for pattern, form in _RULES:
        plain = pattern.sub(form, plain)
    return plain
