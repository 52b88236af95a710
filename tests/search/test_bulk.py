import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.bulk import Counter
from search.concepts import concept_tokens, concepts
from search.lexical import Lexical
from search.segment import answer_terms, question_terms

TEXT = st.text(alphabet="玉米苞谷叶黄猪拉稀bt300, ，。😀", max_size=20)


class TestCounts:
    @given(st.lists(TEXT, min_size=1, max_size=8), st.integers(1, 4))
    def test_are_those_of_the_plain_terms(self, texts: list[str], batch: int) -> None:
        questions, answers = Counter(), Counter(characters=False)
        for begin in range(0, len(texts), batch):
            some = texts[begin : begin + batch]
            questions.add(some, [concept_tokens(concepts(text)) for text in some])
            answers.add(some, [concept_tokens(dict.fromkeys(concepts(text))) for text in some])
        for counter, terms in ((questions, question_terms), (answers, answer_terms)):
            bulk, plain = Lexical.assemble(counter.counts()), Lexical.build(map(terms, texts))
            assert set(bulk.terms) == set(plain.terms)
            assert bulk.mean == plain.mean
            for text in texts:
                assert np.allclose(bulk.scores(terms(text)), plain.scores(terms(text)), atol=1e-4)
