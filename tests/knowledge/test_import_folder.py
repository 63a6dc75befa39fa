"""Importing a folder of Markdown and HTML, or an archive of one."""

import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from answerable.domain.errors import Invalid, TooMuch
from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.archive import ArchiveLimits
from answerable.knowledge.importers.folder import FolderImporter, FolderLimits
from answerable.knowledge.importers.importer import RollCall, Skipped, digest

pytestmark = pytest.mark.usefixtures("language_teller")

REFUNDS = """---
title: Refunds
section: Billing
lang: en
url: https://help.tally.example/refunds
keywords: [money back]
updated: 2026-02-30
---

# Refunds

We pay back within fourteen days. See [invoices](invoices.md#copies).
"""

GERMAN = (
    "Öffnen Sie die Einstellungen und wählen Sie „Abo kündigen“. Danach bekommen Sie eine Bestätigung per E-Mail.\n"
)


class Folder:
    """A help centre that Mina keeps on her disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.limits = FolderLimits()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def items(self) -> list[object]:
        return list(FolderImporter(self.path, limits=self.limits).items())

    def drafts(self) -> dict[str, Draft]:
        return {item.key: item for item in self.items() if isinstance(item, Draft)}

    def skipped(self) -> dict[str, str]:
        return {item.name: item.reason for item in self.items() if isinstance(item, Skipped)}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    path = tmp_path / "help"
    path.mkdir()
    return Folder(path)


def test_an_article_is_read_with_what_its_front_matter_says(folder: Folder) -> None:
    folder.write("billing/refunds.md", REFUNDS)

    assert folder.drafts()["billing/refunds.md"] == Draft(
        key="billing/refunds.md",
        title="Refunds",
        text="We pay back within fourteen days. See [invoices](invoices.md#copies).",
        url="https://help.tally.example/refunds",
        language="en",
        section="Billing",
        keywords=("money back",),
    )


@pytest.mark.parametrize(
    "written", ["keywords: [refund, money back]", "tags: refund, money back", "labels:\n  - refund\n  - money back"]
)
def test_keywords_are_read_however_they_are_written(folder: Folder, written: str) -> None:
    folder.write("refunds.md", f"---\ntitle: Refunds\n{written}\n---\n\nWe pay back.\n")

    assert folder.drafts()["refunds.md"].keywords == ("refund", "money back")


def test_the_name_of_the_file_is_a_keyword_unless_it_is_the_title(folder: Folder) -> None:
    folder.write("03-reset-your-password.md", "---\ntitle: I cannot sign in\n---\n\nOpen the page.\n")
    folder.write("cancel_plan.md", "Open the settings and choose to cancel your plan there.\n")

    drafts = folder.drafts()

    assert drafts["03-reset-your-password.md"].keywords == ("Reset your password",)
    assert drafts["cancel_plan.md"].keywords == ()


def test_what_is_not_said_is_told_from_heading_folder_and_words(folder: Folder) -> None:
    folder.write("01-getting-started/03-cancel_plan.md", "Open the settings and choose to cancel your plan there.\n")
    folder.write("01-getting-started/index.md", "Start here: this page tells you what to do on your first day.\n")
    folder.write("konto/abo.md", f"# Abo kündigen\n\n{GERMAN}")

    drafts = folder.drafts()

    assert drafts["01-getting-started/03-cancel_plan.md"].title == "Cancel plan"
    assert drafts["01-getting-started/03-cancel_plan.md"].section == "Getting started"
    assert drafts["01-getting-started/index.md"].title == "Getting started"
    assert (drafts["konto/abo.md"].title, drafts["konto/abo.md"].language) == ("Abo kündigen", "de")
    assert not drafts["konto/abo.md"].text.startswith("#"), "the heading would only repeat the title"


def test_a_folder_named_by_a_language_gives_it_unless_the_words_are_clearly_of_another(folder: Folder) -> None:
    folder.write("de/sso.md", "# SSO\n\nSAML 2.0\n")
    folder.write("pt-BR/faq/sso.md", "# SSO\n\nSAML 2.0\n")
    folder.write("sso.fr.md", "# SSO\n\nSAML 2.0\n")
    folder.write(
        "it/laptops.md", "# Laptops\n\n" + "Bring your laptop to the help desk and we will have a look at it. " * 5
    )

    drafts = folder.drafts()

    assert {key: (draft.language, draft.section) for key, draft in drafts.items()} == {
        "de/sso.md": ("de", None),
        "pt-BR/faq/sso.md": ("pt-BR", "Faq"),
        "sso.fr.md": ("fr", None),
        "it/laptops.md": ("en", "It"),
    }


def test_norwegian_is_not_false(folder: Folder) -> None:
    folder.write("hei.md", "---\nlang: no\ntitle: Hei\n---\nHei på deg.\n")

    assert folder.drafts()["hei.md"].language == "no"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("title: Refunds\nsection: [Billing\nlang: en", "Line 4: the front matter is not valid YAML"),
        ("title: Refunds\n\tlang: en", "Line 3: the front matter is not valid YAML"),
        ("a: &a [x]\nb: *unknown", "Line 3: the front matter is not valid YAML"),
        ("title: " + "[" * 5_000, "The front matter is nested too deep"),
    ],
)
def test_an_article_with_broken_front_matter_is_skipped_and_the_line_is_named(
    folder: Folder, head: str, reason: str
) -> None:
    folder.write("broken.md", f"---\n{head}\n---\nText.\n")
    folder.write("whole.md", REFUNDS)

    assert folder.skipped()["broken.md"].startswith(reason)
    assert set(folder.drafts()) == {"whole.md"}


def test_front_matter_that_is_never_closed_is_broken_but_a_line_between_paragraphs_is_not(folder: Folder) -> None:
    folder.write("open.md", "---\ntitle: Refunds\n\nText.\n")
    folder.write("rule.md", "---\n\nOnly a horizontal rule stands above this text.\n\n---\n\nMore.\n")

    assert folder.skipped() == {"open.md": "Line 1: the front matter is opened with --- and never closed."}
    assert "Only a horizontal rule" in folder.drafts()["rule.md"].text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n---\ndraft: true\n---\nText.\n", 2),
        (" ---\ntitle: Soon\ndraft: true\n---\nText.\n", 1),
        ("----\ndraft: true\n----\nText.\n", 1),
        ('\n\n+++\ntitle = "Soon"\n+++\nText.\n', 3),
    ],
)
def test_front_matter_that_does_not_begin_the_file_is_broken_since_it_may_say_that_it_is_a_draft(
    folder: Folder, text: str, line: int
) -> None:
    folder.write("soon.md", text)
    folder.write("rules.md", "-----\nNote: two rules\n-----\n\nMore.\n")

    assert folder.skipped()["soon.md"].startswith(f"Line {line}: the front matter begins in the first line")
    assert set(folder.drafts()) == {"rules.md"}


def test_a_draft_is_withdrawn_and_what_is_broken_is_not_gone(folder: Folder) -> None:
    folder.write("draft.md", "---\ndraft: true\n---\nSoon.\n")
    folder.write("unpublished.md", "---\npublished: no\n---\nSoon.\n")
    folder.write("broken.md", "---\ntitle: [\n---\nText.\n")
    folder.write("there.md", REFUNDS)
    roll = RollCall()
    for item in FolderImporter(folder.path).items():
        roll.note(item)

    gone = roll.gone(["draft.md", "unpublished.md", "broken.md", "there.md", "deleted.md"])

    assert gone == ["deleted.md", "draft.md", "unpublished.md"]


def test_toml_front_matter_is_read_too(folder: Folder) -> None:
    folder.write("hugo.md", '+++\ntitle = "Pay"\nlanguage = "en"\ndate = 2026-01-01\n+++\nText.\n')
    folder.write("broken.md", '+++\ntitle = "Pay"\nlanguage = \n+++\nText.\n')

    assert folder.drafts()["hugo.md"].title == "Pay"
    assert folder.skipped()["broken.md"].startswith("Line 3: the front matter is not valid TOML")


def test_links_between_articles_in_a_circle_are_only_text(folder: Folder) -> None:
    folder.write("a.md", "# A\n\nSee [B](b.md).\n")
    folder.write("b.md", "# B\n\nSee [A](a.md).\n")

    assert {key: draft.text for key, draft in folder.drafts().items()} == {
        "a.md": "See [B](b.md).",
        "b.md": "See [A](a.md).",
    }


def test_no_link_leads_out_of_the_folder_or_round_in_circles(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nThe salary list.\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "private.md").write_text("# Private\n\nAnother company's.\n")
    folder.write("sub/real.md", REFUNDS)
    links = {
        "secret.md": tmp_path / "secret.md",
        "other": tmp_path / "other",
        "sub/up": folder.path,
        "self.md": folder.path / "self.md",
        "nowhere.md": tmp_path / "nothing.md",
        "alias.md": folder.path / "sub/real.md",
    }
    for name, target in links.items():
        (folder.path / name).symlink_to(target)

    assert set(folder.drafts()) == {"sub/real.md"}
    reasons = folder.skipped()
    assert "out of the folder" in reasons["secret.md"]
    assert "out of the folder" in reasons["other"]
    assert "in circles" in reasons["self.md"]
    assert "nowhere" in reasons["nowhere.md"]
    assert reasons["alias.md"] == "It is a link to sub/real.md, which is read under its own name."
    assert set(reasons) == set(links)


def test_a_file_over_the_limit_is_skipped_with_its_size_without_reading_it(folder: Folder) -> None:
    huge = folder.write("huge.md", "# Huge\n")
    os.truncate(huge, 50_000_000)
    folder.write("small.md", REFUNDS)

    assert folder.skipped() == {"huge.md": "It has 50.0 MB; at most 5.0 MB are read."}
    assert set(folder.drafts()) == {"small.md"}


def test_a_pipe_is_never_waited_for(folder: Folder) -> None:
    os.mkfifo(folder.path / "pipe.md")
    folder.write("small.md", REFUNDS)

    assert folder.skipped() == {"pipe.md": "It is no ordinary file."}
    assert set(folder.drafts()) == {"small.md"}


def test_hidden_and_foreign_files_are_passed_over_and_other_texts_are_named(folder: Folder) -> None:
    folder.write(".git/notes.md", REFUNDS)
    folder.write(".hidden.md", REFUNDS)
    folder.write("node_modules/x/README.md", REFUNDS)
    folder.write("logo.png", b"\x89PNG")
    folder.write("terms.pdf", b"%PDF-1.7")
    folder.write("empty.md", "")
    folder.write("picture.md", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

    assert folder.drafts() == {}
    assert folder.skipped() == {
        "terms.pdf": ".pdf files are not read; Markdown and HTML are.",
        "empty.md": "There is no text in it.",
        "picture.md": "It is not a text file: it has zero bytes.",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "iso8859-15"])
def test_umlauts_survive_every_encoding(folder: Folder, encoding: str) -> None:
    text = "# Kündigen\n\n" + GERMAN.replace("„", '"').replace("“", '"')
    folder.write("abo.md", text.encode(encoding))

    draft = folder.drafts()["abo.md"]

    assert draft.title == "Kündigen"
    assert draft.text == text.partition("\n\n")[2].strip()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Как вернуть деньги за подписку? Откройте настройки и нажмите кнопку «Вернуть»."),
        ("koi8-r", "Как вернуть деньги за подписку? Откройте настройки и нажмите кнопку."),
        ("cp1250", "Jak mogę anulować subskrypcję? Otwórz ustawienia i naciśnij przycisk, żółć."),
        ("iso8859-2", "Jak mogę anulować subskrypcję? Otwórz ustawienia i naciśnij przycisk, żółć."),
        ("cp1253", "Πώς μπορώ να ακυρώσω τη συνδρομή μου; Ανοίξτε τις ρυθμίσεις."),
        ("shift_jis", "パスワードを再設定するには、設定を開いてください。"),
        ("gb18030", "如何取消订阅？请打开设置，然后点击取消按钮。"),
        ("euc_kr", "구독을 어떻게 취소하나요? 설정을 열고 버튼을 누르세요."),
    ],
)
def test_old_encodings_are_told_by_their_words(folder: Folder, encoding: str, text: str) -> None:
    folder.write("old.md", text.encode(encoding))

    assert folder.drafts()["old.md"].text == text


def test_an_html_file_is_read_as_markdown(folder: Folder) -> None:
    folder.write(
        "export/pay.html",
        "<html lang=de><head><title>Bezahlen - Tally</title></head><body><nav><a href=/>Start</a></nav>"
        "<h1>Bezahlen</h1><p>Öffnen Sie <a href='../konto.html'>das Konto</a>.</p></body></html>",
    )

    draft = folder.drafts()["export/pay.html"]

    assert (draft.title, draft.language, draft.section) == ("Bezahlen", "de", "Export")
    assert draft.text == "Öffnen Sie [das Konto](../konto.html)."


def test_an_address_is_made_whole_with_the_site_that_the_folder_is_published_at(folder: Folder) -> None:
    folder.write("pay.md", "---\npermalink: /pay/\n---\nText.\n")

    (item,) = FolderImporter(folder.path, base_url="https://help.tally.example/en").items()

    assert isinstance(item, Draft)
    assert item.url == "https://help.tally.example/en/pay/"
    assert folder.drafts()["pay.md"].url is None


def test_what_is_no_folder_gets_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")

    with pytest.raises(Invalid, match="There is no folder"):
        FolderImporter(tmp_path / "missing").items()
    with pytest.raises(Invalid, match=r"neither a folder nor a \.zip archive"):
        FolderImporter(tmp_path / "notes.txt").items()


async def test_the_same_articles_come_without_blocking_the_event_loop(folder: Folder) -> None:
    for number in range(20):
        folder.write(f"{number:02}.md", f"# Article {number}\n\nText.\n")

    keys = [item.key async for item in FolderImporter(folder.path).read() if isinstance(item, Draft)]

    assert keys == [f"{number:02}.md" for number in range(20)]


def test_the_digest_changes_with_every_part_of_an_article_and_with_nothing_else(folder: Folder) -> None:
    folder.write("billing/refunds.md", REFUNDS)
    draft = folder.drafts()["billing/refunds.md"]
    others = [
        replace(draft, title="x"),
        replace(draft, text="x"),
        replace(draft, url=None),
        replace(draft, language="de"),
        replace(draft, section=None),
    ]

    assert len({digest(draft), *map(digest, others)}) == 6
    assert digest(draft) == digest(replace(draft, key="elsewhere.md"))


def test_a_part_of_the_folder_that_cannot_be_read_makes_nothing_gone() -> None:
    roll = RollCall()
    roll.note(Skipped("private", "The folder cannot be read.", hides_others=True))

    assert roll.gone(["private/a.md", "deleted.md"]) == []


class Zip:
    """An archive that somebody uploads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.limits = ArchiveLimits()

    def write(self, *entries: tuple[str | zipfile.ZipInfo, str | bytes], packed: bool = True) -> None:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
            for name, content in entries:
                archive.writestr(name, content)

    def items(self) -> list[object]:
        return list(FolderImporter(self.path, limits=FolderLimits(archive=self.limits)).items())


@pytest.fixture
def archive(tmp_path: Path) -> Zip:
    return Zip(tmp_path / "export.zip")


def test_an_archive_gives_the_same_drafts_as_its_folder(folder: Folder, archive: Zip) -> None:
    texts = {"billing/refunds.md": REFUNDS, "konto/abo.md": GERMAN, "a.html": "<h1>A</h1><p>Text of A"}
    for name, text in texts.items():
        folder.write(name, text)
    archive.write(*texts.items(), ("__MACOSX/._a.md", "x"), (".hidden.md", "x"), ("logo.png", b"\x89PNG"))

    assert archive.items() == folder.items()


@pytest.mark.parametrize("name", ["../out.md", "/etc/passwd.md", "a/../../out.md", "C:\\out.md", "..\\out.md"])
def test_a_name_that_leads_out_of_the_archive_is_refused(archive: Zip, name: str) -> None:
    archive.write((name, REFUNDS), ("in.md", REFUNDS))

    keys = [item.key for item in archive.items() if isinstance(item, Draft)]
    reasons = [item.reason for item in archive.items() if isinstance(item, Skipped)]

    assert keys == ["in.md"]
    assert reasons == ["Its name leads out of the archive, so it is not read."]


def test_a_text_that_unpacks_to_a_thousand_times_its_size_is_refused(archive: Zip) -> None:
    archive.write(("bomb.md", "# " + "a" * 4_000_000), ("in.md", REFUNDS))

    (bomb, article) = archive.items()

    assert isinstance(bomb, Skipped)
    assert bomb.reason.startswith("It would unpack to ")
    assert isinstance(article, Draft)


def test_a_text_that_lies_about_its_size_is_cut_off(archive: Zip) -> None:
    archive.write(("liar.md", "# Liar\n\n" + "a" * 9_000_000))
    data = bytearray(archive.path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(mark) + at, 10)
    archive.path.write_bytes(bytes(data))

    (item,) = archive.items()

    assert isinstance(item, Skipped)


def test_all_texts_together_have_a_limit(archive: Zip) -> None:
    archive.limits = ArchiveLimits(unpacked_bytes_max=50_000)
    archive.write(*((f"{number}.md", os.urandom(9_000).hex()) for number in range(4)))

    with pytest.raises(TooMuch, match=r"have more than 0\.1 MB unpacked"):
        archive.items()


def test_too_many_entries_are_refused_before_they_are_listed(archive: Zip) -> None:
    archive.write(*((f"{number}.md", "x") for number in range(300)))

    archive.limits = ArchiveLimits(entries_max=100)
    with pytest.raises(TooMuch, match="has 300 entries; at most 100"):
        archive.items()
    archive.limits = ArchiveLimits(directory_bytes_max=1_000)
    with pytest.raises(TooMuch, match="too many entries"):
        archive.items()


def test_links_and_encrypted_texts_in_an_archive_are_refused(archive: Zip) -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    archive.write((link, "/etc/passwd"), ("locked.md", REFUNDS), packed=False)
    data = bytearray(archive.path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<H", data, at + 8, 1)
    archive.path.write_bytes(bytes(data))

    reasons = {item.name: item.reason for item in archive.items() if isinstance(item, Skipped)}

    assert reasons == {
        "link.md": "It is a link, and links in an archive are not followed.",
        "locked.md": "It is encrypted.",
    }


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: b"no zip", lambda data: data[:-30]])
def test_a_damaged_archive_gets_a_clear_error(archive: Zip, damage: Callable[[bytes], bytes]) -> None:
    archive.write(("in.md", REFUNDS))
    archive.path.write_bytes(damage(archive.path.read_bytes()))

    with pytest.raises(Invalid, match="damaged"):
        archive.items()


def test_a_damaged_text_is_skipped_and_the_others_are_read(archive: Zip) -> None:
    archive.write(("a.md", REFUNDS), ("b.md", REFUNDS))
    data = bytearray(archive.path.read_bytes())
    data[60] ^= 0xFF
    archive.path.write_bytes(bytes(data))

    (damaged, whole) = archive.items()

    assert damaged == Skipped("a.md", "It is damaged in the archive.")
    assert isinstance(whole, Draft)
