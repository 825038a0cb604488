"""Providers as values: which a catalogue knows, in which order, and what spoils what."""

import tomllib
from pathlib import Path

import pytest

from harness.core.errors import SpecError, UsageError
from harness.core.jsonvalue import digest
from harness.spec.catalogue import (
    FOLDER,
    Catalogue,
    catalogue_of,
    entry_of,
    shipped_catalogue,
)
from harness.spec.load import load_provider_file, provider_in, tables_of
from harness.spec.quotes import without_quotes
from tests.spec import small

SHIPPED = shipped_catalogue()


def written(folder: Path, name: str, *, like: str = "sub2api", file: str | None = None) -> Path:
    """A copy of a shipped TOML under another name."""
    path = folder / (file or f"{name}.toml")
    text = (FOLDER / f"{like}.toml").read_text("utf-8")
    path.write_text(text.replace(f'name = "{like}"', f'name = "{name}"', 1), "utf-8")
    return path


def broken(folder: Path, name: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'name = "{name}"\ntitle = 3\n', "utf-8")
    return path


def packaged(folder: Path, name: str, value: str) -> None:
    """An installed package that offers a provider: its metadata on sys.path is enough."""
    metadata = folder / f"{name}_spec-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-spec\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[harness.providers]\n{name} = {value}\n")


def test_shipped_providers_stand_in_their_fixed_order_with_the_digest_of_their_text() -> None:
    assert tuple(SHIPPED)[:5] == ("buble", "sub2api", "apiframe", "nanobanana", "aimlapi")
    for name, entry in SHIPPED.items():
        text = (FOLDER / f"{name}.toml").read_text("utf-8")
        assert (entry.name, entry.text, entry.shipped) == (name, text, True)
        assert entry.digest == digest(without_quotes(tomllib.loads(text)))


def test_a_file_is_known_under_the_name_that_it_says(tmp_path: Path) -> None:
    path = written(tmp_path, "acme", file="other.toml")
    known = catalogue_of([path])
    assert tuple(known) == (*SHIPPED, "acme")
    assert known.provider("acme") == load_provider_file(path)
    assert known.entry("acme").origin == str(path)
    assert not known.entry("acme").shipped


def test_naming_a_file_asks_for_its_provider(tmp_path: Path) -> None:
    known = catalogue_of([written(tmp_path, "zeta"), written(tmp_path, "acme")])
    assert known.chosen() == ("zeta", "acme")
    assert known.chosen(["acme", "buble", "acme"]) == ("buble", "acme")
    assert catalogue_of().chosen() == tuple(SHIPPED)


def test_an_unknown_name_is_told_with_the_nearest_and_how_to_give_a_toml(tmp_path: Path) -> None:
    known = catalogue_of([written(tmp_path, "acme")])
    with pytest.raises(UsageError, match=r"unknown provider 'acm' \(did you mean acme\? one of"):
        known.chosen(["buble", "acm"])
    with pytest.raises(UsageError, match="or give its TOML with --spec FILE"):
        known.entry("dalle")


def test_a_file_under_a_shipped_name_overrides_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "sub2api", like="sub2api", file="mine.toml")
    with pytest.raises(UsageError) as raised:
        catalogue_of([path])
    assert str(path) in str(raised.value)
    assert 'give yours another name, like name = "my_sub2api"' in str(raised.value)


def test_two_files_of_one_name_are_both_named(tmp_path: Path) -> None:
    first = written(tmp_path, "acme", file="first.toml")
    second = written(tmp_path, "acme", like="buble", file="second.toml")
    with pytest.raises(UsageError) as raised:
        catalogue_of([first, second])
    assert str(first) in str(raised.value)
    assert str(second) in str(raised.value)
    assert tuple(catalogue_of([first, first])) == (*SHIPPED, "acme")  # the same twice is one


def test_a_missing_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.toml: No such file or directory"):
        catalogue_of([tmp_path / "none.toml"])


def test_a_broken_file_spoils_only_itself(tmp_path: Path) -> None:
    known = catalogue_of([broken(tmp_path, "bad"), written(tmp_path, "acme")])
    assert known.chosen() == ("acme",)
    assert known.chosen(["bad", "buble"]) == ("buble",)
    (sentence,) = known.left_out()
    assert sentence.startswith("bad is left out: bad.toml has ")
    assert "documents: missing" in sentence
    assert "\n" not in sentence
    assert known.left_out(["buble"]) == ()
    for ask in (known.entry, lambda name: known.chosen([name])):
        with pytest.raises(SpecError, match=r"bad.toml has \d+ mistakes"):
            ask("bad")


def test_a_file_that_is_no_toml_is_known_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("name = ")
    known = catalogue_of([tmp_path / "odd.toml"])
    assert tuple(known.broken) == ("odd",)
    with pytest.raises(SpecError, match="not valid TOML"):
        known.chosen()


def test_a_toml_put_into_the_package_ships_and_a_broken_one_spoils_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("zeta", "sub2api", "buble"):
        written(tmp_path, name, like="buble")
    broken(tmp_path, "bad")
    monkeypatch.setattr("harness.spec.catalogue.FOLDER", tmp_path)
    known = shipped_catalogue.__wrapped__()
    assert tuple(known) == ("buble", "sub2api", "zeta")
    assert known.chosen() == ("buble", "sub2api", "zeta")
    assert all(entry.shipped for entry in known.values())
    (sentence,) = known.left_out()
    assert sentence.startswith("bad is left out: bad.toml has ")


def test_where_all_are_broken_each_is_told(tmp_path: Path) -> None:
    known = catalogue_of([broken(tmp_path, "bad"), broken(tmp_path, "worse")])
    with pytest.raises(UsageError, match=r"(?s)bad.toml has .*worse.toml has "):
        known.chosen()


def test_a_package_offers_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "acme")
    (tmp_path / "acme_spec.py").write_text(f"TOML = {str(path)!r}\n")
    packaged(tmp_path, "acme", "acme_spec:TOML")
    monkeypatch.syspath_prepend(tmp_path)
    known = catalogue_of()
    assert known.chosen() == (*SHIPPED, "acme")
    assert known.entry("acme").origin == "the package acme-spec"
    with pytest.raises(UsageError, match=r"the package acme-spec and .*mine.toml both describe"):
        catalogue_of([written(tmp_path, "acme", like="buble", file="mine.toml")])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_module_of_acme:TOML", "cannot be loaded: ModuleNotFoundError"),
        ("acme_odd:NUMBER", "is not the path of a TOML"),
        ("acme_odd:MISSING", "No such file or directory"),
        ("acme_odd:TAKEN", "the name of a provider that ships with the harness"),
    ],
)
def test_a_package_that_offers_nothing_good_spoils_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, says: str
) -> None:
    taken = written(tmp_path, "buble", like="buble", file="taken.toml")
    (tmp_path / "acme_odd.py").write_text(
        f"NUMBER = 3\nMISSING = '/nowhere/acme.toml'\nTAKEN = {str(taken)!r}\n"
    )
    packaged(tmp_path, "acme", value)
    monkeypatch.syspath_prepend(tmp_path)
    known = catalogue_of()
    assert known.chosen() == tuple(SHIPPED)
    assert known.provider("buble") is SHIPPED.provider("buble")
    (sentence,) = known.left_out()
    assert sentence.startswith("acme is left out: ")
    assert says in sentence


@pytest.mark.parametrize("name", SHIPPED)
def test_a_value_has_the_toml_that_it_would_be_read_from(name: str) -> None:
    provider = SHIPPED.provider(name)
    mine = provider.model_copy(update={"name": "mine", "title": 'Mine "\x7f" \u00e4\\'})
    entry = entry_of(mine)
    back = provider_in(tables_of(entry.text, "mine.toml"), entry.text, "mine.toml")
    assert entry.digest == digest(without_quotes(tomllib.loads(entry.text)))
    assert back == entry.provider
    assert back.model_copy(update={"documents": mine.documents}) == mine
    assert tuple(catalogue_of([mine])) == (*SHIPPED, "mine")
    assert entry_of(provider) is SHIPPED.entry(name)
    with pytest.raises(UsageError, match="ships with the harness"):
        entry_of(provider.model_copy(update={"title": "Another"}))


def with_copies(known: Catalogue, *names: str, like: str = "buble") -> Catalogue:
    text = (FOLDER / f"{like}.toml").read_text("utf-8")
    return known.with_copies({name: text.replace(f'"{like}"', f'"{name}"', 1) for name in names})


def test_a_run_folder_s_copy_holds_for_all_but_shipped_providers_and_given_files(
    tmp_path: Path,
) -> None:
    assert with_copies(SHIPPED, "sub2api").entry("sub2api") is SHIPPED.entry("sub2api")
    kept = with_copies(SHIPPED, "acme").entry("acme")
    assert (kept.kind, kept.origin) == ("kept", "the run's providers/acme.toml")
    given = catalogue_of([written(tmp_path, "acme")])
    assert with_copies(given, "acme").entry("acme") is given.entry("acme")


def test_a_copy_of_another_name_is_broken() -> None:
    known = SHIPPED.with_copies({"acme": SHIPPED.entry("buble").text})
    with pytest.raises(SpecError, match="name: another provider's, 'buble'"):
        known.entry("acme")


def test_entries_are_equal_where_their_tomls_say_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, "acme")
    entry = catalogue_of([path]).entry("acme")
    path.write_text(f"# a comment\n{path.read_text('utf-8')}", "utf-8")
    again = catalogue_of([path]).entry("acme")
    assert again == entry
    assert hash(again) == hash(entry)
    assert again.text != entry.text


def test_a_small_toml_is_one_too(tmp_path: Path) -> None:
    known = catalogue_of([small.written(tmp_path)])
    assert known.chosen() == (small.provider().name,)
