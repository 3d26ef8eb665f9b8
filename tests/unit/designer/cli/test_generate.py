"""`designer corpus`, `train`, `route`, `enumerate` and the choices of `generate`."""

import csv
import json
from functools import partial
from pathlib import Path

import pytest
from scipy.stats import norm

from designer.cli.main import run
from generators import Corpus, CorpusSettings, NeuralModel, SMCSettings, load_corpus, load_model
from mdcore.chem import RepeatUnit

pytestmark = pytest.mark.seconds(30)

SMALL = ["--set", "hidden=16", "--set", "embedding=8", "--set", "layers=1", "--set", "epochs=2", "--set", "dropout=0"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # Only its keys are looked at, and the whole corpus takes half a minute.
    monkeypatch.setattr("designer.cli.generate.load_corpus", lambda *_, **__: Corpus(()))
    # A tenth of the particles is enough for a handful of proposals.
    monkeypatch.setattr("designer.cli.generate.SMCSettings", partial(SMCSettings, particles=64))


@pytest.fixture
def units(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(
        "name,psmiles\na,*CC(*)c1ccc(OCCCF)cc1\nb,*CC(*)C(=O)OCCCCCCCCCCCF\nc,*CC(*)c1ccc(OCCCF)cc1\nd,*CC\n"
    )
    return path


def answer(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_corpus_tells_what_it_holds(units: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "all.csv"
    found = answer(capfd, "corpus", "--no-reactions", "--polymers", str(units), "--out", str(out))
    assert found["source"]["user"] == 2
    assert found["units"] == sum(found["source"].values()) == sum(found["polymer"].values())
    assert len(found["skipped"]) == 1
    assert "*CC'" in found["skipped"][0]
    assert Path(found["cache"]).exists()
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == found["units"]
    assert run(["corpus", "--no-reactions", "--polymers", str(units)]) == 0
    shown = capfd.readouterr().out
    assert f"{found['units']} distinct repeat units" in shown
    assert "polymethacrylate" in shown
    assert "1 line of the list left out" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("corpus", "--max-per-class", "0"), "max_per_class"),
        (("corpus", "--polymers", "absent.csv"), "absent.csv"),
        (("train", "--out", "m.npz", "--set", "hiden=3"), "did you mean 'hidden'"),
        (("train", "--out", "m.npz", "--set", "hidden"), "hidden=128"),
        (("train", "--out", "none/m.npz"), "folder"),
        (("generate", "--model", "a.npz", "--reactions"), "choose one"),
        (("generate", "--monomers", "a.csv"), "--reactions"),
        (("generate", "--model", "absent.npz"), "absent.npz"),
        (("generate", "--reactions", "--monomers", "absent.csv"), "absent.csv"),
        (("generate", "--measured"), "--store"),
        (("generate", "--out", "x.txt"), ".csv or .json"),
        (("generate", "--out", "none/x.csv"), "existing folder"),
        (("predict", "absent.json", "absent.csv"), "absent.json"),
        (("predict", "absent", "absent.csv"), "absent.csv"),
        (("route", "*CC"), "two"),
        (("enumerate", "absent.csv", "--out", "x.csv"), "absent.csv"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(list(arguments)) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_model_is_trained_tuned_and_used(units: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.npz", tmp_path / "second.npz"
    assert run(["train", "--out", str(first), "--no-reactions", *SMALL]) == 0
    told = capfd.readouterr()
    assert "pass 2 of at most 2" in told.err
    assert "bits per repeat unit" in told.out
    assert not list(tmp_path.glob("*.training"))
    assert isinstance(load_model(first), NeuralModel)
    assert run(["train", "--out", str(first), "--no-reactions"]) == 2
    assert "--overwrite" in capfd.readouterr().err
    document = answer(
        capfd, "train", "--out", str(second), "--start", str(first), "--polymers", str(units), *SMALL[-4:]
    )
    assert document["left_out"] == 1
    assert document["units"] == 2
    assert document["settings"]["hidden"] == 16
    own = ["*CC(*)c1ccc(OCCCF)cc1"]
    assert load_model(second).log_prob(own)[0] > load_model(first).log_prob(own)[0]
    made = answer(capfd, "generate", "--n", "3", "--model", str(second), "--routes")
    assert len({row["key"] for row in made["units"]}) == 3
    assert all("route" in row for row in made["units"])
    assert run(["train", "--out", str(tmp_path / "x.npz"), "--start", str(first)]) == 2
    assert "--polymers" in capfd.readouterr().err


def test_an_interrupted_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model.npz"
    command = ["train", "--out", str(out), "--no-reactions", *SMALL]
    from generators.language.training import _Training

    judge = _Training._judge

    def interrupted(self: _Training, validation: object) -> None:
        if self.epoch == 2:
            raise KeyboardInterrupt
        judge(self, validation)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(_Training, "_judge", interrupted)
        assert run(command) == 130
    assert "resume with the same command" in capfd.readouterr().err
    assert not out.exists()
    assert run([*command, "--set", "hidden=17"]) == 2
    assert "other units, settings" in capfd.readouterr().err
    assert run(command) == 0
    told = capfd.readouterr().err
    assert "pass 1 of" not in told
    assert "pass 2 of" in told


def test_routes_of_a_unit(capfd: pytest.CaptureFixture[str]) -> None:
    found = answer(capfd, "route", "*CC(*)c1ccccc1")
    assert found["routes"][0]["monomers"] == [{"name": "styrene", "smiles": "C=Cc1ccccc1"}]
    assert run(["route", "*CS*"]) == 0
    assert capfd.readouterr().out == "no route known\n"


def test_a_route_says_how_it_is_done_and_whether_the_monomers_alternate(capfd: pytest.CaptureFixture[str]) -> None:
    unit = "*CC(c1ccccc1)C1C(*)C(=O)OC1=O"
    found = answer(capfd, "route", unit)["routes"][0]
    assert found["sequence"] == "alternates"
    assert found["conditions"].startswith("radical initiator")
    assert run(["route", unit]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].endswith("of styrene + maleic anhydride (alternates)")
    assert lines[1].strip() == found["conditions"]
    assert answer(capfd, "route", "*CC(*)c1ccccc1")["routes"][0]["sequence"] is None


def test_a_library_is_written_row_by_row(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    monomers = tmp_path / "m.csv"
    monomers.write_text("smiles,name\nOC(=O)CCCC(=O)O,a\nOC(=O)CCC(=O)O,b\nOCCO,c\nOCCCO,d\n")
    out = tmp_path / "library.csv"
    assert answer(capfd, "enumerate", str(monomers), "--out", str(out))["rows"] >= 4
    rows = list(csv.DictReader(out.read_text().splitlines()))
    esters = {row["psmiles"] for row in rows if row["reaction"] == "polyesterification"}
    assert esters == {RepeatUnit.from_psmiles(f"*OC(=O){'C' * n}C(=O)O{'C' * m}*").key for n in (2, 3) for m in (2, 3)}
    assert answer(capfd, "enumerate", str(monomers), "--out", str(out), "--limit", "2")["rows"] == 2


def test_a_library_holds_each_repeat_unit_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    monomers, out = tmp_path / "m.csv", tmp_path / "library.csv"
    # Poly(lactic acid) comes from the acid and from the cyclic dimer; the second styrene is the first one again.
    monomers.write_text(
        "smiles,name\nCC(O)C(=O)O,lactic acid\nCC1OC(=O)C(C)OC1=O,lactide\nC=Cc1ccccc1,a\nc1ccccc1C=C,b\n"
    )
    made = answer(capfd, "enumerate", str(monomers), "--out", str(out))
    keys = [row["psmiles"] for row in csv.DictReader(out.read_text().splitlines())]
    assert len(keys) == len(set(keys)) == made["rows"]
    assert RepeatUnit.from_psmiles("*OC(C)C(*)=O").key in keys
    assert made["repeated"] >= 1
    limited = answer(capfd, "enumerate", str(monomers), "--out", str(out), "--limit", "2")
    assert limited["rows"] == 2


def test_a_library_leaves_out_monomers_that_cannot_exist_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monomers, out = tmp_path / "m.csv", tmp_path / "library.csv"
    monomers.write_text("smiles,name\nO=C(O)Nc1ccc(O)cc1,carbamic\nC=Cc1ccccc1,styrene\nC=CC#N,AN\n")
    assert run(["enumerate", str(monomers), "--out", str(out)]) == 0
    assert "monomer carbamic is impossible (carbamic acid) and left out" in capfd.readouterr().err
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["sequence"] for row in rows] == ["", "", "statistical copolymer"]


KNOWN = (
    "*CC*",
    "*CC(*)C",
    "*CCO*",
    "*CC(*)Cl",
    "*CC(*)F",
    "*C(F)(F)C*",
    "*CC(*)(F)F",
    "*C(F)(F)C(*)(F)F",
    "*CC(*)c1ccccc1",
    "*CC(*)CC",
    "*OCC(*)CCCCCCSCCCCF",
)


@pytest.fixture
def known_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """A store of known data alone; its last polymer is in no corpus."""
    data, store = tmp_path / "known.csv", str(tmp_path / "store.sqlite")
    rows = [f"{text},{1.5 - 0.05 * text.count('F')}" for text in KNOWN]
    data.write_text("\n".join(["psmiles,refractive_index", *rows]))
    assert run(["import", str(data), store, "--fidelity", "experiment"]) == 0
    small = load_corpus(CorpusSettings(reactions=False))
    monkeypatch.setattr("designer.cli.generate.load_corpus", lambda *_, **__: small)
    capfd.readouterr()
    return store


def test_each_proposal_is_new_known_or_measured(
    known_data: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    corpus = load_corpus(CorpusSettings(reactions=False))
    measured = {RepeatUnit.from_psmiles(text).key for text in KNOWN}

    def proposed(*more: str) -> dict[str, str]:
        found = answer(capfd, "generate", "--n", "60", *more)
        assert sum(found["novelty"].values()) == found["n"] == 60
        return {unit["key"]: unit["novelty"] for unit in found["units"]}

    free = proposed()
    assert set(free.values()) == {"new", "known"}
    assert {key for key, word in free.items() if word == "known"} == set(free) & corpus.keys
    assert set(proposed("--novel").values()) == {"new"}
    assert measured & set(free), "the model proposes what it learnt from"
    assert not measured & set(proposed("--store", known_data))
    asked = proposed("--store", known_data, "--measured")
    assert {key for key, word in asked.items() if word == "measured"} == measured & set(asked) != set()
    assert not corpus.keys & set(proposed("--store", known_data, "--measured", "--novel"))


def test_proposals_go_to_a_file_with_the_probability_of_the_target(
    known_data: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.csv"
    aim = ["--n", "5", "--target", "refractive_index>1.2", "--target", "refractive_index<1.45", "--store", known_data]
    found = answer(capfd, "generate", *aim, "--out", str(out))["units"]
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["psmiles"] for row in rows] == [unit["psmiles"] for unit in found]
    for row, unit in zip(rows, found, strict=True):
        mean, sd = unit["predicted"]["refractive_index"]["mean"], unit["predicted"]["refractive_index"]["sd"]
        chance = norm.cdf(1.45, mean, sd) - norm.cdf(1.2, mean, sd)
        assert unit["target_probability"] == pytest.approx(chance, rel=1e-6)
        assert float(row["target_probability"]) == pytest.approx(chance, rel=1e-3)
        assert row["novelty"] == unit["novelty"]
    assert run(["generate", *aim, "--out", str(tmp_path / "found.json")]) == 0
    assert json.loads((tmp_path / "found.json").read_text())["units"] == found
    assert capfd.readouterr().out == f"5 repeat units: {tmp_path / 'found.json'}\n"
    assert run(["generate", *aim]) == 0
    psmiles, word, value, chance_text = capfd.readouterr().out.splitlines()[0].split("\t")[:4]
    assert (psmiles, word) == (found[0]["psmiles"], found[0]["novelty"])
    assert value.startswith("n_D 1.")
    assert chance_text == f"P {found[0]['target_probability']:.2f}"


def test_surrogates_predict_from_a_fit_and_from_a_store(
    known_data: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted, out = tmp_path / "wanted.csv", tmp_path / "predicted.csv"
    wanted.write_text("name,psmiles\nA,*CC(*)CF\nB,*CC(*)C\nbad,*CC\n")
    stored = answer(capfd, "predict", known_data, str(wanted), "--out", str(out))
    assert [(unit["name"], unit["novelty"]) for unit in stored["units"]] == [("A", "new"), ("B", "measured")]
    assert [bad["psmiles"] for bad in stored["left_out"]] == ["*CC"]
    near = stored["units"][1]["predicted"]["refractive_index"]
    assert abs(near["mean"] - 1.5) < 0.03
    assert near["sd"] < stored["units"][0]["predicted"]["refractive_index"]["sd"]
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert float(rows[1]["refractive_index"]) == pytest.approx(near["mean"], rel=1e-5)
    assert run(["fit", str(tmp_path / "known.csv"), "--out", str(tmp_path / "fit"), "--folds", "2"]) == 0
    capfd.readouterr()
    fitted = answer(capfd, "predict", str(tmp_path / "fit"), str(wanted))
    again = answer(capfd, "predict", str(tmp_path / "fit" / "model.json"), str(wanted))
    assert fitted["units"] == again["units"]
    assert fitted["units"][1]["predicted"]["refractive_index"]["mean"] == pytest.approx(near["mean"], abs=0.02)
    assert run(["predict", known_data, str(wanted)]) == 0
    shown = capfd.readouterr()
    assert shown.out.splitlines()[1].startswith("*CC(*)C\tmeasured\tn_D 1.")
    assert "left out: " in shown.err
    for arguments, said in (
        (["--property", "density"], "density"),
        (["--campaign", "absent"], "absent"),
    ):
        assert run(["predict", known_data, str(wanted), *arguments]) == 2
        assert said in capfd.readouterr().err


def test_proposals_over_monomers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    monomers = tmp_path / "m.csv"
    monomers.write_text("smiles,name\nOC(=O)CCCC(=O)O,a\nOC(=O)CCC(=O)O,b\nOCCO,c\nOCCCO,d\n")
    made = answer(capfd, "generate", "--n", "3", "--reactions", "--monomers", str(monomers))
    assert {row["route"]["reaction"] for row in made["units"]} == {"polyesterification"}


def test_known_data_alone_aim_the_proposals(known_data: str, capfd: pytest.CaptureFixture[str]) -> None:
    store = known_data
    aim = ("--target", "refractive_index<1.4", "--store", store)
    means = [
        [
            unit["predicted"]["refractive_index"]["mean"]
            for unit in answer(capfd, "generate", "--n", "4", *aim, *more)["units"]
        ]
        for more in ((), ("--sharpness", "4", "--best-of", "3", "--diversity", "0.5"))
    ]
    assert len(means[1]) == 4
    assert sum(means[1]) <= sum(means[0])
    assert run(["generate", "--n", "4", "--target", "density<1", "--store", store]) == 2
    assert "no measurement of 'density'" in capfd.readouterr().err
    assert run(["generate", "--n", "4", *aim, "--campaign", "absent"]) == 2
    assert "absent" in capfd.readouterr().err
