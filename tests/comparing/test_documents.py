"""The documents of two runs: what moved, and what can be said where a text was not kept."""

from dataclasses import replace

from harness.comparing.documents.moved import compare_documents, moved_promises
from harness.comparing.model import Baseline, Diff, Side, Thresholds
from harness.comparing.scope import scope_of
from harness.core.record import Provenance
from harness.spec.catalogue import entry_of_text, shipped_catalogue

EVIDENCE = Provenance(kind="emulator", source="emulator", date="2026-11-30", by="us")
TEXT = shipped_catalogue()["buble"].text


def _run(text: str) -> Baseline:
    digest = entry_of_text(text, "buble.toml", kind="file", origin="a file").digest
    return Baseline(
        run="r",
        harness="0.1",
        created="2026-11-30T10:00:00+00:00",
        finished=None,
        interrupted=False,
        against="emulator",
        seed=0,
        benchmark=False,
        evidence={"buble": EVIDENCE},
        spec_digests={"buble": digest},
        plan_digests={},
        documents={"buble": text},
        requests={"buble generate": 1},
    )


MOVED = TEXT.replace("characters = 20_000", "characters = 32_000").replace(
    "characters = 20000", "characters = 32000"
)


def test_a_limit_that_moved_is_a_change_of_the_documents_and_no_verdict() -> None:
    assert MOVED != TEXT
    scope = scope_of(_run(TEXT), _run(MOVED))
    changes = [*compare_documents(scope)]

    assert {each.promise for each in changes} == {"prompt.max_length"}
    assert "prompt of generate: has at most 32,000 characters, was 20,000" in {
        each.sentence for each in changes
    }
    assert {(each.kind, each.direction, each.standing) for each in changes} == {
        ("document", "other", "certain")
    }
    assert ("buble", "generate", "prompt.max_length") in moved_promises(scope)
    assert not [*compare_documents(scope_of(_run(TEXT), _run(f"# today\n{TEXT}")))]


def test_it_fails_a_build_only_where_that_is_asked_for() -> None:
    (change, *_) = compare_documents(scope_of(_run(TEXT), _run(MOVED)))
    side = Side(source="", run="", created="", harness="", against="", evidence={})
    diff = Diff(
        base=side,
        head=side,
        changes=(change,),
        comparisons=(),
        not_compared=(),
        fail_on=("broken",),
        thresholds=Thresholds(),
    )

    assert not diff.failing
    assert replace(diff, fail_on=("document",)).failing == (change,)


def test_a_run_that_kept_no_text_is_told_by_its_digest_and_no_more() -> None:
    scope = scope_of(replace(_run(TEXT), documents={}), _run(MOVED))
    (change,) = compare_documents(scope)

    assert change.sentence == (
        "the documents moved, and what of them cannot be told: their text is not kept by "
        "r (2026-11-30)"
    )
    assert moved_promises(scope) == frozenset()
