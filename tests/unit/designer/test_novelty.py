import pytest

from designer.novelty import novelty
from mdcore.chem.display import with_error


@pytest.mark.parametrize(
    ("in_corpus", "measured", "word"),
    [(False, False, "new"), (True, False, "known"), (False, True, "measured"), (True, True, "measured")],
)
def test_one_word_says_what_is_known(in_corpus: bool, measured: bool, word: str) -> None:
    assert novelty(in_corpus, measured=measured) == word


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (1.68899947, 0.00000016, "1.6890 ± <0.0001"),
        (1.57312, 0.0123, "1.573 ± 0.012"),
        (1.8e-5, 2e-7, "(1.800 ± 0.020)e-05"),
        (373.2, 4.1, "373.2 ± 4.1"),
        (0.0, 0.01, "0.000 ± 0.010"),
    ],
)
def test_a_value_has_five_digits_at_most(value: float, stderr: float, text: str) -> None:
    assert with_error(value, stderr) == text
