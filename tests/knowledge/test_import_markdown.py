"""Cleaning a Markdown file of what only a site generator understands."""

import pytest

from answerable.knowledge.importers.markdown import clean_markdown, read_markdown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A <!-- secret --> B", "A  B"),
        ("<!-- over\n\nmany lines -->\nText", "Text"),
        (
            "`<!-- kept -->`\n\n```html\n<!-- kept --> <div>\n```",
            "`<!-- kept -->`\n\n```html\n<!-- kept --> <div>\n```",
        ),
        ("Text\n\n    <div> in code\n", "Text\n\n    <div> in code"),
        ("Set <your-domain> and <API_KEY> in `<div>`.", "Set <your-domain> and <API_KEY> in `<div>`."),
        ("Press <kbd>Ctrl</kbd>, <b>now</b>, <a href='/x'>here</a>.<br>End", "Press `Ctrl`, **now**, [here](/x). End"),
        ("<span class='x'>Words</span> stay", "Words stay"),
        ("See <https://tally.example/a_b>.", "See <https://tally.example/a_b>."),
        ("<details>\n<summary>Why?</summary>\n\nBecause **so**.\n\n</details>", "**Why?**\n\nBecause **so**."),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        (":::tip Careful\nText\n:::", "**Careful**\n\nText"),
        ("> [!NOTE]\n> Quoted.", "> Quoted."),
        ("[more]({{ site.baseurl }}/more)", "[more](/more)"),
        ("{% include note.html %}\nText {{ customer.name }}", "Text {{ customer.name }}"),
        ("## Pay {#pay}\n{: .no_toc}\nText", "## Pay\nText"),
        ("import X from '@site/x'\n\nText", "Text"),
        (
            '<Steps>\n  <Step title="Open">\n    Click.\n    ```\n    a\n    ```\n  </Step>\n</Steps>',
            "**Open**\n\nClick.\n```\na\n```",
        ),
        ("Use <Key> as key", "Use <Key> as key"),
    ],
)
def test_a_text_is_cleaned(written: str, read: str) -> None:
    assert clean_markdown(written) == read


def test_what_a_file_with_components_defines_is_no_text() -> None:
    text = "export const A = () => {\n  return (\n    <div>x</div>\n  );\n};\n\n# Title\n\n{/* note */}Text"

    file = read_markdown(text, is_mdx=True)

    assert (file.heading, file.text) == ("Title", "Text")


@pytest.mark.parametrize(
    ("text", "heading", "rest"),
    [
        ("# One\n\nText", "One", "Text"),
        ("One\n===\n\nText", "One", "Text"),
        ("## Two\n\nText", "Two", "Text"),
        ("Intro\n\n# **Pay** a [bill](x) ##\n\nText", "Pay a bill", "Intro\n\n# **Pay** a [bill](x) ##\n\nText"),
        ("Intro\n\n## Two\n\nText", None, "Intro\n\n## Two\n\nText"),
        ("```\n# no\n```\n", None, "```\n# no\n```"),
    ],
)
def test_the_title_is_the_heading_of_the_whole_text(text: str, heading: str | None, rest: str) -> None:
    file = read_markdown(text)

    assert (file.heading, file.text) == (heading, rest)


def test_a_heading_that_says_more_than_the_title_stays() -> None:
    file = read_markdown("---\ntitle: Pay\n---\n# Pay by card\n\nText")

    assert file.text == "# Pay by card\n\nText"
