"""What a company writes into its workspace's files is what releases pin."""

from pathlib import Path

from answerable.releases.compiling import INSTRUCTIONS_BYTES_MAX
from answerable.releases.workspace import AssetFile, asset_faults, read_assets
from tests.releases.test_handbooks import procedure


def write(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return file


def test_what_editors_put_around_lines_changes_nothing(tmp_path: Path) -> None:
    refund = procedure("refund", 1)
    write(tmp_path, "procedures/refund.md", b"\xef\xbb\xbf" + refund.text.replace("\n", "\r\n").encode())
    write(tmp_path, "instructions.md", b"Say you.\r\nNever thou.\r\n\r\n")

    assert read_assets(tmp_path, {}) == [
        refund,
        AssetFile("instruction", "instructions", "Instructions", "Say you.\nNever thou."),
    ]


def test_instructions_without_a_word_are_none(tmp_path: Path) -> None:
    write(tmp_path, "instructions.md", b" \n\n")

    assert read_assets(tmp_path, {}) == []


def test_instructions_have_a_limit(tmp_path: Path) -> None:
    file = write(tmp_path, "instructions.md", b"a" * INSTRUCTIONS_BYTES_MAX)
    assert not asset_faults(tmp_path, {})

    file.write_bytes(b"a" * (INSTRUCTIONS_BYTES_MAX + 1))

    assert [str(each) for each in asset_faults(tmp_path, {})] == [f"{file}:1: Instructions have at most 16 kB."]


def test_what_no_database_keeps_is_a_fault_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "instructions.md", b"Say you.\nNever \x00.")
    write(tmp_path, "procedures/refund.md", procedure("refund", 1).text.replace("Say it.", "\0").encode())
    write(tmp_path, "procedures/plan.md", b"\xff\xfe")

    told = [f"{Path(each.file).name}:{each.line}: {each.says[:27]}" for each in asset_faults(tmp_path, {})]
    assert told == [
        "instructions.md:2: There is a character U+0000",
        "plan.md:1: It cannot be read: 'utf-8' ",
        "refund.md:9: There is a character U+0000",
    ]
