"""Libraries of monomers and the corpus built with the polymerisation rules."""

import gzip
from importlib.resources import files

import pytest

from generators import corpus_cache
from generators.corpus import Corpus, CorpusEntry, CorpusSettings, build_corpus
from generators.corpus_cache import SHIPPED, load_corpus, pack, unpack
from generators.errors import InvalidList
from generators.lists import Entry
from generators.synthesis.library import MonomerLibrary, enumerate_polymers
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules
from mdcore.chem import FORCE_FIELD_ELEMENTS, RepeatUnit

pytestmark = pytest.mark.seconds(70)


def test_routes_name_monomers_in_the_order_of_the_rule():
    library = MonomerLibrary.of([Entry("ethylene glycol", "OCCO"), Entry("TPA", "OC(=O)c1ccc(cc1)C(O)=O")])
    routes = [route for _, route in enumerate_polymers(library) if route.reaction == "polyesterification"]
    assert [monomer.name for monomer in routes[0].monomers] == ["TPA", "ethylene glycol"]
    assert routes[0].monomers[0].smiles == "O=C(O)c1ccc(C(=O)O)cc1"


@pytest.mark.parametrize("smiles", ["OCC(O)CO", "OCCCCC", "O=C(O)CCO", "OCCN"])
def test_monomers_with_other_functionality_make_no_polyurethane(smiles):
    library = MonomerLibrary.of([Entry("", smiles), Entry("", "O=C=NCCCCCCN=C=O")])
    assert not [route for _, route in enumerate_polymers(library) if route.reaction == "polyurethane formation"]


def test_a_library_comes_row_by_row(monkeypatch):
    """Fifty by fifty monomers: the first rows cost as many reactions as there are rows."""
    acids = [Entry("", f"OC(=O){'C' * n}C(=O)O") for n in range(2, 52)]
    diols = [Entry("", f"O{'C' * n}O") for n in range(2, 52)]
    library = MonomerLibrary.of([*acids, *diols])
    rule = next(rule for rule in polymerisation_rules()[0] if rule.name == "polyesterification")
    assert library.size(rule) == 2_500
    reacted = []
    products = Rule.products

    def counted(self, monomers):
        reacted.append(self.name)
        return products(self, monomers)

    monkeypatch.setattr(Rule, "products", counted)
    rows = (route for _, route in enumerate_polymers(library) if route.reaction == "polyesterification")
    assert len({str(next(rows)) for _ in range(5)}) == 5
    assert reacted.count("polyesterification") == 5


def test_invalid_monomer_is_refused():
    with pytest.raises(InvalidList, match="monomer 'C1CC' is not a valid SMILES"):
        MonomerLibrary.of([Entry("", "C1CC")])


@pytest.fixture(scope="module")
def full():
    seen = []
    return build_corpus(CorpusSettings(), seen.append), seen


@pytest.mark.slow
def test_built_in_corpus_holds_ten_thousand_distinct_repeat_units(full):
    corpus, seen = full
    assert len(corpus) == len(set(corpus.units)) >= 10_000
    sample = corpus.units[:: len(corpus) // 200]
    assert all(RepeatUnit.from_psmiles(key).key == key for key in sample)
    assert all(RepeatUnit.from_psmiles(key).elements <= FORCE_FIELD_ELEMENTS for key in sample)
    assert len(corpus.summary()["polymer"]) >= 12
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0, abs=0.05)
    assert len(seen) > 20


@pytest.mark.slow
def test_the_shipped_corpus_is_what_the_lists_and_rules_give(full):
    corpus, _ = full
    shipped = files("generators") / "data" / SHIPPED
    assert unpack(shipped.read_bytes()).entries == corpus.entries, "run python -m generators.corpus_cache"
    assert shipped.read_bytes() == pack(corpus)


def never(*arguments):
    raise AssertionError("the corpus was built again")


def test_the_default_corpus_comes_as_it_is_shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_cache, "build_corpus", never)
    seen = []
    corpus = load_corpus(cache_dir=tmp_path, progress=seen.append)
    assert len(corpus) >= 10_000
    assert seen == [1.0]
    assert list(tmp_path.iterdir()) == []


def test_another_version_of_rdkit_spells_the_keys_again(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_cache, "build_corpus", never)
    monkeypatch.setattr(corpus_cache, "_rdkit", lambda: "2099.01.1")
    spelled = []

    def spell(corpus):
        spelled.append(len(corpus))
        return corpus

    monkeypatch.setattr(corpus_cache, "_rekeyed", spell)
    first = load_corpus(cache_dir=tmp_path)
    assert load_corpus(cache_dir=tmp_path) == first, "the second use reads the cache"
    assert spelled == [len(first)]


def test_keys_that_another_version_spelled_are_spelled_anew():
    foreign = Corpus((CorpusEntry("*C(C*)C", "known", "polyolefin", "PP"), CorpusEntry("*CC(*)C", "user", "", "again")))
    key = RepeatUnit.from_psmiles("*CC(*)C").key
    assert corpus_cache._rekeyed(foreign).entries == (CorpusEntry(key, "known", "polyolefin", "PP"),)


def test_changed_rules_do_without_the_shipped_corpus(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_cache, "inputs_digest", lambda: "other rules")
    monkeypatch.setattr(corpus_cache, "build_corpus", lambda *arguments: Corpus.of(["*CC*"]))
    assert load_corpus(cache_dir=tmp_path).units == ("*CC*",)


def test_a_damaged_cache_is_built_again(tmp_path):
    settings = small(tmp_path)
    whole = load_corpus(settings, tmp_path / "cache")
    data = whole.path.read_bytes()
    for damaged in (b"", data[: len(data) // 2], b"garbage" * 20, gzip.compress(b"other,columns\n1,2\n")):
        whole.path.write_bytes(damaged)
        assert load_corpus(settings, tmp_path / "cache") == whole
        assert whole.path.read_bytes() == data


SMALL = {"known": False, "reactions": True}


def small(tmp_path, **settings):
    monomers = tmp_path / "monomers.csv"
    monomers.write_text("name,smiles\nglycol,OCCO\nTPA,O=C(O)c1ccc(C(=O)O)cc1\nlactic,CC(O)C(=O)O\n", encoding="utf-8")
    return CorpusSettings(**{**SMALL, "monomers": monomers, **settings})


def test_own_monomers_and_polymers(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("psmiles\n*CCO*\n*OCC*\n*C[Si](C)(C)O*\nnonsense\n", encoding="utf-8")
    corpus = load_corpus(small(tmp_path, polymers=own), tmp_path / "cache")
    assert "*CCO*" in corpus
    assert RepeatUnit.from_psmiles("*OC(C)C(*)=O") in corpus
    assert RepeatUnit.from_psmiles("*OCCOC(=O)c1ccc(C(*)=O)cc1").key in corpus
    assert RepeatUnit.from_psmiles("*OC(=O)c1ccc(C(*)=O)cc1").key in corpus
    assert corpus.summary()["source"] == {"user": 1, "reaction": 3}
    assert len(corpus.skipped) == 2
    assert corpus == load_corpus(small(tmp_path, polymers=own), tmp_path / "cache")


def test_changed_list_is_another_corpus(tmp_path):
    own = tmp_path / "own.smi"
    settings = CorpusSettings(known=False, reactions=False, polymers=own)
    own.write_text("*CCO*\n", encoding="utf-8")
    assert load_corpus(settings, tmp_path / "cache").units == ("*CCO*",)
    own.write_text("*CCCO*\n", encoding="utf-8")
    assert load_corpus(settings, tmp_path / "cache").units == ("*CCCO*",)


def test_cap_spreads_over_the_pairs_and_keeps_other_rules(tmp_path):
    monomers = tmp_path / "many.csv"
    acids = [f"OC(=O){'C' * n}C(=O)O" for n in range(2, 9)]
    alcohols = [f"OC{'C' * n}O" for n in range(1, 8)]
    monomers.write_text("smiles\n" + "\n".join([*acids, *alcohols, "C=C"]) + "\n", encoding="utf-8")
    everything = load_corpus(CorpusSettings(known=False, monomers=monomers, max_per_rule=None), tmp_path / "a")
    capped = load_corpus(CorpusSettings(known=False, monomers=monomers, max_per_rule=10), tmp_path / "b")
    assert everything.summary()["polymer"]["polyester"] == 49
    assert capped.summary()["polymer"]["polyester"] == 10
    assert capped.summary()["polymer"]["polyolefin"] == 1
    assert len({entry.detail.split(": ")[1].split(" + ")[0] for entry in capped.entries}) >= 7


def test_cache_is_plain_text(tmp_path):
    load_corpus(small(tmp_path), tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    assert gzip.decompress(path.read_bytes()).decode().splitlines()[0] == "key,source,polymer,detail"


def test_settings_that_leave_nothing_are_refused(tmp_path):
    with pytest.raises(InvalidList, match="give an empty corpus"):
        load_corpus(CorpusSettings(known=False, reactions=False), tmp_path)


def test_classes_can_be_balanced(tmp_path):
    monomers = tmp_path / "monomers.smi"
    monomers.write_text(
        "\n".join(["C=C", "C=CC", "C=CCC", "C=CCCC", "C=Cc1ccccc1", "OC(=O)CCCC(=O)O", "OCCO", "OCCCO"])
    )
    free = CorpusSettings(known=False, monomers=monomers)
    whole = load_corpus(free, tmp_path)
    even = load_corpus(free.model_copy(update={"max_per_class": 2}), tmp_path)
    assert whole.summary()["polymer"]["polyolefin"] > 2
    assert even.summary()["polymer"]["polyolefin"] == 2
    assert max(even.summary()["polymer"].values()) == 2
    assert set(even.units) < set(whole.units)
    assert whole.path is not None
    assert whole.path.exists()
    assert even.path != whole.path
