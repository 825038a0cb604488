"""What signed, altered, moved and unsigned images show, read from real files in a real process."""

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from harness.core.inspection import Inspection, Manifest
from harness.transport.inspection.anchors import NO_ANCHORS, Anchors, read_anchors
from harness.transport.inspection.inspector import NOT_INSTALLED, OTHER_BYTES, Inspector
from harness.transport.worker_process import worker_command

c2pa = pytest.importorskip("c2pa")
from tests.signing import (  # noqa: E402 - it needs the extra
    DOCUMENT_SIGNING,
    EMAIL_PROTECTION,
    MIME,
    Authority,
    Signer,
    drawn,
    encoded,
    pixels,
)
from tests.transport.inspection.jumbf import (  # noqa: E402 - beside its like
    manifest_of,
    with_manifest,
)

ROOT, OTHER_ROOT = Authority(), Authority("A Stranger")
MAKER, STRANGER = ROOT.signer(), OTHER_ROOT.signer()
PARENT = {"title": "image.png", "relationship": "parentOf"}
Look = Callable[..., Inspection]


@pytest.fixture(scope="module")
def anchors(tmp_path_factory: pytest.TempPathFactory) -> Anchors:
    file = tmp_path_factory.mktemp("trust") / "list.pem"
    file.write_text(f"Subject CN=Prüfstelle\n{ROOT.pem}", encoding="utf-8")
    return read_anchors([file])


@pytest.fixture(scope="module")
def look(anchors: Anchors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """Return a function that inspects bytes against the list of ROOT, or without one."""
    file = tmp_path_factory.mktemp("images") / "image.bin"
    with Inspector(anchors) as inspector, Inspector() as unlisted:

        def looked(content: bytes, *, listed: bool = True) -> Inspection:
            file.write_bytes(content)
            return (inspector if listed else unlisted).inspect(file)

        yield looked


def _manifest(inspection: Inspection) -> Manifest:
    assert inspection.state == "read", inspection.why
    assert inspection.manifest is not None
    return inspection.manifest


def _flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("kind", [*MIME])
def test_a_signed_image_tells_its_signer_and_its_model(look: Look, kind: str) -> None:
    inspection = look(MAKER.signed(encoded(pixels(), kind), kind))

    manifest = _manifest(inspection)
    assert manifest == Manifest(
        signature_valid=True,
        bytes="unaltered",
        chain="trusted",
        signer="OpenAI OpCo, LLC",
        common_name="A Signer",
        generator="A Media Service 1",
        agents=("gpt-image 2.0",),
        actions=("c2pa.created", "c2pa.converted"),
    )
    assert manifest.genuine


def test_without_a_trust_list_nothing_is_said_of_the_chain(look: Look) -> None:
    for signer in (MAKER, STRANGER):
        inspection = look(signer.signed(encoded(pixels())), listed=False)

        manifest = _manifest(inspection)
        assert (manifest.chain, manifest.failures, inspection.anchors) == ("unchecked", (), "")
        assert manifest.signature_valid
        assert not manifest.genuine


def test_a_strangers_signature_is_told_as_his_whatever_name_he_takes(look: Look) -> None:
    manifest = _manifest(look(STRANGER.signed(encoded(pixels()))))

    assert (manifest.signer, manifest.signature_valid, manifest.bytes, manifest.chain) == (
        "OpenAI OpCo, LLC",
        True,
        "unaltered",
        "untrusted",
    )
    assert manifest.failures == ("signingCredential.untrusted",)
    assert not manifest.genuine


@pytest.mark.parametrize("kind", [*MIME])
def test_one_flipped_bit_of_the_pixels_is_seen(look: Look, kind: str) -> None:
    plain, signed = encoded(pixels(), kind), MAKER.signed(encoded(pixels(), kind), kind)
    place = len(plain) // 2
    at = signed.find(plain[place - 20 : place + 20]) + 20

    manifest = _manifest(look(_flipped(signed, at)))
    assert (manifest.bytes, manifest.chain, manifest.genuine) == ("altered", "trusted", False)
    assert manifest.failures == ("assertion.dataHash.mismatch",)


@pytest.mark.parametrize("size", [(64, 48), (8, 8), (300, 200)])
def test_a_manifest_of_another_image_is_seen(look: Look, size: tuple[int, int]) -> None:
    manifest_store = manifest_of(MAKER.signed(encoded(pixels())))
    moved = with_manifest(encoded(pixels(7, size)), manifest_store)

    manifest = _manifest(look(moved))
    assert (manifest.bytes, manifest.genuine) == ("altered", False)


def test_words_that_were_changed_in_a_manifest_are_seen(look: Look) -> None:
    signed = MAKER.signed(encoded(pixels()))

    manifest = _manifest(look(_flipped(signed, signed.find(b"gpt-image") + 10)))
    assert (manifest.bytes, manifest.genuine) == ("altered", False)
    assert manifest.failures == ("assertion.hashedURI.mismatch",)


def test_no_flipped_bit_in_a_manifest_makes_it_say_something_else_as_genuine(look: Look) -> None:
    plain, signed = encoded(pixels()), MAKER.signed(encoded(pixels()))
    begin, told = signed.find(b"caBX") + 4, _manifest(look(signed))

    found = [
        look(_flipped(signed, at)).manifest
        for at in range(begin, begin + len(signed) - len(plain), 13)
    ]
    assert {manifest for manifest in found if manifest and manifest.genuine} <= {told}
    assert sum(manifest is not None and not manifest.genuine for manifest in found) > len(found) / 3


@pytest.mark.parametrize("kind", [*MIME])
def test_a_reencoded_image_has_no_manifest_and_nothing_follows_from_it(
    look: Look, kind: str
) -> None:
    signed = MAKER.signed(encoded(pixels(), kind), kind)
    again = encoded(Image.open(io.BytesIO(signed)), kind)

    inspection = look(again)
    assert (inspection.state, inspection.manifest, inspection.why) == ("none", None, "")


def test_bytes_after_the_end_are_seen(look: Look) -> None:
    assert _manifest(look(MAKER.signed(encoded(pixels())) + b"more")).bytes == "altered"


def test_an_expired_certificate_is_told_and_leads_nowhere(look: Look) -> None:
    signed = ROOT.signer(days=(-300, 2 / 86_400)).signed(encoded(pixels()))
    time.sleep(4)

    listed, unlisted = _manifest(look(signed)), _manifest(look(signed, listed=False))
    assert (listed.chain, unlisted.chain) == ("untrusted", "unchecked")
    assert "signingCredential.expired" in {*listed.failures} & {*unlisted.failures}
    assert listed.signature_valid
    assert not listed.genuine


@pytest.mark.parametrize("purpose", [DOCUMENT_SIGNING, EMAIL_PROTECTION])
def test_signers_have_certificates_for_other_purposes_too(look: Look, purpose: str) -> None:
    assert _manifest(look(ROOT.signer(purposes=(purpose,)).signed(encoded(pixels())))).genuine


def test_a_certificate_without_an_organisation_is_read(look: Look) -> None:
    manifest = _manifest(look(ROOT.signer(None, name="Somebody").signed(encoded(pixels()))))

    assert (manifest.signer, manifest.common_name) == ("", "Somebody")


def test_the_first_makers_manifests_are_read(look: Look) -> None:
    description = drawn("DALL·E", label="c2pa.actions", claim_version=1)
    description["claim_generator"] = "OpenAI-API c2pa-rs/0.30"
    description["claim_generator_info"] = []

    manifest = _manifest(look(MAKER.signed(encoded(pixels()), manifest=description)))
    assert manifest.agents == ("DALL·E",)
    assert manifest.genuine


def test_agents_of_ingredients_follow_those_of_the_image(look: Look) -> None:
    original = MAKER.signed(encoded(pixels()))
    edited = _edited(STRANGER, original, agent="Photo Editor")

    manifest = _manifest(look(edited))
    assert manifest.agents == ("Photo Editor", "gpt-image 2.0")
    assert manifest.actions[-1] == "c2pa.edited"
    assert manifest.failures == ("signingCredential.untrusted",)


def test_an_ingredient_that_was_altered_is_no_fault_of_the_image(look: Look) -> None:
    original = MAKER.signed(encoded(pixels()))
    altered = _flipped(original, original.rfind(b"IDAT") + 30)

    assert _manifest(look(_edited(MAKER, altered, agent="Photo Editor"))).genuine


def test_an_update_of_the_manifest_keeps_the_bytes_bound(look: Look) -> None:
    original = MAKER.signed(encoded(pixels()))
    updated = {
        signer: signer.signed(
            original,
            manifest={"claim_generator_info": [{"name": "Update"}]},
            intent=c2pa.C2paBuilderIntent.UPDATE,
            ingredients=[(PARENT, original, "png")],
        )
        for signer in (MAKER, STRANGER)
    }

    assert _manifest(look(updated[MAKER])).genuine
    assert _manifest(look(updated[MAKER])).agents == ("gpt-image 2.0",)
    by_stranger = _manifest(look(updated[STRANGER]))
    assert (by_stranger.bytes, by_stranger.chain) == ("unaltered", "untrusted")
    altered = _flipped(updated[MAKER], updated[MAKER].rfind(b"IDAT") + 30)
    assert _manifest(look(altered)).bytes == "altered"


def _edited(signer: Signer, original: bytes, *, agent: str) -> bytes:
    actions = {"actions": [{"action": "c2pa.edited", "softwareAgent": agent}]}
    return signer.signed(
        original,
        manifest={
            "claim_generator_info": [{"name": "Editor"}],
            "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
        },
        ingredients=[(PARENT, original, "png")],
        intent=c2pa.C2paBuilderIntent.EDIT,
    )


def test_a_file_with_other_bytes_than_were_meant_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(MAKER.signed(encoded(pixels())))

    with Inspector() as inspector:
        inspection = inspector.inspect(tmp_path / "image.png", "0" * 64)
    assert inspection == Inspection(digest="0" * 64, state="not_read", why=OTHER_BYTES)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("/etc/passwd")
    with Inspector() as inspector:
        for path in (tmp_path, tmp_path / "gone.png", tmp_path / "link.png", Path("/dev/zero")):
            inspection = inspector.inspect(path)
            assert inspection.state == "not_read"
            assert inspection.why.startswith("its file cannot be read: ")


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"<svg", b"\0" * 5000]
)
def test_what_is_no_image_is_not_read_or_has_none(look: Look, content: bytes) -> None:
    inspection = look(content)
    assert inspection.state in ("not_read", "none")
    assert inspection.manifest is None


def test_a_base_installation_says_what_the_extra_would_add(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(MAKER.signed(encoded(pixels())))
    without = tmp_path / "site"  # a world without c2pa: the harness and Pillow alone
    without.mkdir()
    (without / "harness").symlink_to(Path(__file__).parents[3] / "harness")
    (without / "PIL").symlink_to(Path(Image.__file__).parent)
    command = worker_command("harness.transport.inspection.inspector_worker", [])
    code = command[-1].partition("; ")[2].partition("; ")[2]
    bare = (*command[:-1], f"import sys; sys.path += [{str(without)!r}]; {code}")

    with Inspector(command=bare) as inspector:
        inspection = inspector.inspect(tmp_path / "image.png")
    assert (inspection.state, inspection.why) == ("not_read", NOT_INSTALLED)
    assert "image-provider-harness[provenance]" in inspection.why


def test_trust_lists_are_read_from_several_files(tmp_path: Path) -> None:
    one, two, both = tmp_path / "1.pem", tmp_path / "2.pem", tmp_path / "3.pem"
    one.write_text(ROOT.pem)
    two.write_text(OTHER_ROOT.pem)
    both.write_text(f"Subject\tCN=Any, O=Words\r\n{ROOT.pem}\r\n{OTHER_ROOT.pem}")

    assert read_anchors([one, two]) == read_anchors([both]) == read_anchors([one, both])
    assert read_anchors([]) == NO_ANCHORS
    assert read_anchors([one]).digest != read_anchors([two]).digest
