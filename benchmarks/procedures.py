"""Do messages begin the right procedure, and no procedure where a question is asked?

    answerable bench procedures              # held-out messages, and the questions of the demo company
    answerable bench procedures --choose     # how the threshold was chosen: on the procedures' own examples

Held out are messages that were written for this, once, and not for the procedures; nothing was chosen by them. The
questions are those of `benchmarks/ledgerly/questions.txt`: all of them are to be answered from articles, or not at all.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import answerable_demo
from answerable.agents.procedures import matching
from answerable.agents.procedures.matching import NONE, Matcher, decide
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.knowledge.procedures.reading import by_id, read_folder

HERE = Path(__file__).parent
HELD_OUT = HERE / "ledgerly" / "procedures.txt"
QUESTIONS = HERE / "ledgerly" / "questions.txt"
DEMO = Path(answerable_demo.__file__).parent / "workspace" / "procedures"


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true", help="look at the examples only, each left out in turn")
    parser.add_argument("--misses", action="store_true", help="print each message that went wrong")
    given = parser.parse_args(arguments)
    found, faults = read_folder(DEMO)
    assert not faults, faults
    matcher = Matcher(by_id(found), MiniLmEmbedder())
    if given.choose:
        _choose(matcher)
    else:
        _report(matcher, show=given.misses)


def _report(matcher: Matcher, *, show: bool) -> None:
    wanted = [_line(each) for each in _lines(HELD_OUT)]
    known = set(matcher.names)
    right, other, missed = 0, 0, 0
    quiet = [text for text, procedure in wanted if procedure == NONE]
    asked = [(text, procedure) for text, procedure in wanted if procedure in known and procedure != NONE]
    for text, procedure in asked:
        match = matcher.find(text)
        if match is None or not match.is_wanted:
            missed += 1
        elif match.procedure == procedure:
            right += 1
            continue
        else:
            other += 1
        if show:
            print(f"  {procedure}: {text!r} -> {match}")
    print(f"Requests that begin their procedure: {_rate(right, len(asked))}; another one: {_rate(other, len(asked))};")
    print(f"  none (they are answered from articles, or handed off): {_rate(missed, len(asked))}")
    questions = [each.split("|")[0].strip() for each in _lines(QUESTIONS)]
    for name, texts in (("Held-out questions", quiet), ("Questions of the demo company", questions)):
        begun = [(text, match) for text in texts if (match := matcher.find(text)) and match.is_wanted]
        print(f"{name} that begin a procedure: {_rate(len(begun), len(texts))}")
        for text, match in begun if show else ():
            print(f"  {text!r} -> {match}")


def _choose(matcher: Matcher) -> None:
    """For several thresholds: how many examples find their procedure though they are left out."""
    left_out = matcher.left_out()
    print("clear  by     by?    examples right   wrong   not-examples begun")
    for clear in (0.2, 0.275, 0.35, 0.425):
        for by in (-0.2, -0.1, 0.0, 0.1):
            for by_question in (0.0, 0.1, 0.3):
                matching.CLEAR_ENOUGH, matching.CLEARER_BY = clear, by
                matching.CLEARER_BY_OF_QUESTION = by_question
                found = [
                    (label, decide(text, matcher.names, scores))
                    for (text, label), scores in zip(matcher.labelled, left_out, strict=True)
                ]
                asked = [(label, match) for label, match in found if label != NONE]
                others = [match for label, match in found if label == NONE]
                right = sum(match.is_wanted and match.procedure == label for label, match in asked)
                wrong = sum(match.is_wanted and match.procedure != label for label, match in asked)
                begun = sum(match.is_wanted for match in others)
                print(
                    f"{clear:.3f}  {by:+.2f}  {by_question:.2f}   {right / len(asked):12.1%} {wrong / len(asked):7.1%}"
                    f"   {begun / len(others):12.1%}"
                )


def _lines(file: Path) -> list[str]:
    read = file.read_text(encoding="utf-8").splitlines()
    return [each for each in read if each.strip() and not each.startswith("#")]


def _line(line: str) -> tuple[str, str]:
    text, _, procedure = line.rpartition("|")
    return text.strip(), procedure.strip()


def _rate(some: int, of: int) -> str:
    """A share with its interval (Wilson, 95 %)."""
    if not of:
        return "none of 0"
    z, share = 1.96, some / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z * ((share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5) / (1 + z * z / of)
    return f"{share:.1%} ({some} of {of}; {max(0, middle - reach):.1%} to {min(1, middle + reach):.1%})"


if __name__ == "__main__":
    main()
