import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.text import fold_key, normalise, prepare, runs, tokens

CHINESE = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=40)


class TestTokens:
    def test_characters_and_the_bigrams_they_begin(self) -> None:
        assert tokens("玉米叶") == ["玉", "玉米", "米", "米叶", "叶"]

    def test_latin_and_digit_runs_stay_whole(self) -> None:
        assert tokens("用BT乳剂300倍") == ["用", "bt", "乳", "乳剂", "剂", "300", "倍"]

    def test_no_bigram_crosses_punctuation(self) -> None:
        assert "米叶" not in tokens("玉米，叶")

    def test_nothing_to_search_for(self) -> None:
        assert tokens(" 😀，。！\n") == []

    @given(CHINESE)
    def test_a_run_of_n_characters_gives_2n_less_1_tokens(self, text: str) -> None:
        assert sum(len(run) * 2 - 1 for run in runs(text)) == len(tokens(text))

    @given(st.text(max_size=80))
    def test_any_text_gives_clean_tokens(self, text: str) -> None:
        assert all(token and not token.isspace() for token in tokens(text))
        assert prepare(text).split() == tokens(text)


class TestNormalise:
    @pytest.mark.parametrize(
        ("written", "plain"),
        [
            ("ＮＰＫ１５", "npk15"),
            ("<b>玉米</b>", "玉米"),
            ("溫度<10度，濕度>80", "温度<10度,湿度>80"),
            ("豬發燒", "猪发烧"),
            ("  玉米 \n 發黃 ", "玉米 发黄"),
        ],
    )
    def test_forms(self, written: str, plain: str) -> None:
        assert normalise(written) == plain

    @given(st.text(alphabet=st.characters(exclude_characters="<>"), max_size=80))
    def test_tokens_survive_a_second_time(self, text: str) -> None:
        assert tokens(normalise(text)) == tokens(text)

    @given(st.text(max_size=80))
    def test_composed_and_decomposed_text_are_equal(self, text: str) -> None:
        assert normalise(unicodedata.normalize("NFKC", text)) == normalise(text)


class TestFoldKey:
    def test_case_width_and_punctuation_do_not_matter(self) -> None:
        assert fold_key("玉米，葉子發黃？") == fold_key("玉米叶子发黄 !")

    def test_words_do(self) -> None:
        assert fold_key("玉米叶黄") != fold_key("玉米叶红")
