from hypothesis import given
from hypothesis import strategies as st

from answerable.knowledge.tokens import words


def test_forms_of_an_english_word_are_one() -> None:
    assert words("refunds") == words("Refund") == words("REFUNDED")


def test_accents_do_not_matter() -> None:
    assert words("Métodos de autenticación") == words("metodos de autenticacion")


def test_chinese_is_found_by_a_part_of_it() -> None:
    assert set(words("重置密码")) <= set(words("如何重置密码？"))


def test_thai_is_found_by_a_part_of_it() -> None:
    assert set(words("รหัสผ่าน")) <= set(words("ฉันลืมรหัสผ่าน"))


def test_scripts_in_one_line_do_not_disturb_each_other() -> None:
    assert words("用Google登录2次") == [*words("用"), *words("Google"), *words("登录"), "2", *words("次")]


def test_a_version_is_found_whole_and_in_parts() -> None:
    assert set(words("8.5")) <= set(words("BPM 8.5.7")) | {"8.5"}
    assert "8.5.7" in words("BPM 8.5.7")


def test_the_commonest_words_carry_no_subject() -> None:
    assert words("How do I get my invoice?") == words("get invoice")


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert all(word and not word.isspace() for word in words(text))


@given(st.text())
def test_case_does_not_matter(text: str) -> None:
    assert words(text.casefold()) == words(text)
