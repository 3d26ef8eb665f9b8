"""The neural model: same contract as the n-gram, learns, resumes exactly, fine-tunes."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from generators.errors import InvalidModelFile, NothingToLearn
from generators.language.decoding import score
from generators.language.grammar import Grammar
from generators.language.model import encode_all
from generators.language.neural import NeuralModel, read_arrays, write_arrays
from generators.language.ngram import NGramModel
from generators.language.saved import load_model
from generators.language.training import CHECKPOINT_FORMAT, CHECKPOINT_VERSION, Batch, string_nats, train_neural
from generators.language.training_settings import NeuralSettings
from generators.smc import SMCSampler, SMCSettings
from mdcore.chem import RepeatUnit

UNITS = (
    [f"*{'C' * n}O*" for n in range(1, 7)] + [f"*CC(*)C(=O)O{'C' * n}" for n in range(1, 7)] + ["*CC(*)c1ccccc1"] * 4
)
SMALL = NeuralSettings(embedding=12, hidden=24, layers=1, dropout=0.0, batch=4, epochs=4, patience=4, validation=0.2)


@pytest.fixture(scope="module")
def model():
    return train_neural(UNITS, SMALL)


def test_next_token_probabilities_sum_to_one(model):
    state, memory = model.grammar.start(3), model.begin(3)
    for name in ("C", "(", "C"):
        probabilities = model.probabilities(memory, state)
        assert probabilities.shape == (3, len(model.grammar.vocabulary))
        assert (probabilities > 0).all()
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-12)
        tokens = np.full(3, model.grammar.vocabulary.ids[name])
        memory = model.extend(memory, state, tokens)
        model.grammar.advance(state, tokens)


def test_samples_are_valid_and_scored_alike(model):
    strings = model.sample_strings(60, np.random.default_rng(0))
    # The network computes in float32.
    assert score(model, strings.tokens).log_probs == pytest.approx(strings.log_probs, abs=1e-4)
    for text in model.spell(strings.tokens):
        assert RepeatUnit.from_psmiles(text).key.count("*") == 2


def test_training_minimises_what_sampling_and_scoring_use(model):
    strings = model.sample_strings(20, np.random.default_rng(1))
    rows = [[int(token) for token in row if token >= 0] for row in strings.tokens]
    nats = string_nats(model.network, Batch.of(rows, model.grammar)).detach().numpy()
    assert nats == pytest.approx(-strings.log_prob, abs=1e-3)


def test_training_lowers_the_loss():
    bits = []
    train_neural(
        UNITS, SMALL.model_copy(update={"epochs": 8, "patience": 8}), progress=lambda p: bits.append(p.train_bits)
    )
    assert bits[-1] < 0.85 * bits[0]


def test_interrupted_training_goes_on_to_the_same_end(tmp_path):
    whole = train_neural(UNITS, SMALL)
    path = tmp_path / "training.npz"
    train_neural(UNITS, SMALL.model_copy(update={"epochs": 2}), checkpoint=path)
    resumed = train_neural(UNITS, SMALL, checkpoint=path)
    assert resumed.log_prob(UNITS) == pytest.approx(whole.log_prob(UNITS), abs=1e-3)


def test_checkpoint_of_another_network_is_refused(tmp_path):
    path = tmp_path / "training.npz"
    train_neural(UNITS, SMALL.model_copy(update={"epochs": 1}), checkpoint=path)
    with pytest.raises(ValueError, match="use the same settings or remove it"):
        train_neural(UNITS, SMALL.model_copy(update={"hidden": 25}), checkpoint=path)


def test_checkpoints_of_version_0_1_are_resumed(tmp_path):
    """There, the digest held every setting."""
    path = tmp_path / "training.npz"
    train_neural(UNITS, SMALL.model_copy(update={"epochs": 2}), checkpoint=path)
    header, arrays = read_arrays(path, CHECKPOINT_FORMAT, CHECKPOINT_VERSION)
    rows = [str(row) for row in encode_all(UNITS, Grammar())]
    stated = SMALL.model_dump(exclude={"epochs", "patience"})
    old = hashlib.sha256(json.dumps([stated, rows]).encode()).hexdigest()
    assert header["digest"] != old
    write_arrays(path, {**header, "digest": old}, arrays)
    steps = []
    train_neural(UNITS, SMALL, checkpoint=path, progress=lambda progress: steps.append(progress.epoch))
    assert min(steps) == 2


def test_a_setting_that_a_later_version_adds_leaves_checkpoints_their_own(tmp_path):
    class Later(NeuralSettings):
        weight_decay: float = 0.0

    path = tmp_path / "training.npz"
    train_neural(UNITS, SMALL.model_copy(update={"epochs": 1}), checkpoint=path)
    train_neural(UNITS, Later(**SMALL.model_dump()).model_copy(update={"epochs": 1}), checkpoint=path)
    with pytest.raises(InvalidModelFile):
        train_neural(UNITS, Later(**SMALL.model_dump(), weight_decay=0.1), checkpoint=path)


def test_fine_tuning_moves_towards_the_list(model):
    own = ["*CC(*)c1ccc(Cl)cc1", "*CC(*)c1ccc(F)cc1", "*CC(*)c1ccc(Br)cc1"] * 4
    settings = SMALL.model_copy(update={"epochs": 6, "patience": 6, "learning_rate": 5e-3})
    tuned = train_neural(own, settings, start=model)
    assert tuned.log_prob(own[:3]).mean() > model.log_prob(own[:3]).mean() + 1
    assert tuned.network is not model.network


def test_saved_models_say_the_same(model, tmp_path):
    path = tmp_path / "model.npz"
    model.save(path)
    assert NeuralModel.load(path).log_prob(UNITS) == pytest.approx(model.log_prob(UNITS), abs=1e-5)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_files_of_other_models_are_refused(model, tmp_path):
    path = tmp_path / "model.npz"
    NGramModel.fit(UNITS, 2).save(path)
    with pytest.raises(InvalidModelFile, match="train again"):
        NeuralModel.load(path)
    with pytest.raises(NothingToLearn):
        train_neural(["*C[Si](C)(C)O*"], SMALL)


def test_either_kind_of_model_is_read_by_one_function(model, tmp_path):
    model.save(tmp_path / "gru.npz")
    NGramModel.fit(UNITS, 3).save(tmp_path / "ngram.npz")
    assert isinstance(load_model(tmp_path / "gru.npz"), NeuralModel)
    assert load_model(tmp_path / "ngram.npz").name == "ngram-3"
    np.savez(tmp_path / "other.npz", header=np.array('{"format": "something"}'))
    for name in ("other.npz", "absent.npz"):
        with pytest.raises(InvalidModelFile, match=name.replace(".", r"\.")):
            load_model(tmp_path / name)


def test_importing_the_package_loads_neither_torch_nor_rdkit():
    code = "import sys, generators; print([m for m in ('torch', 'rdkit', 'smipoly', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    code = "import sys; from generators import NGramModel, SMCGenerator; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_network_can_be_steered_by_sequential_monte_carlo(model):
    """Every move regrows from the middle of strings, so that the log probabilities kept must be those of the whole strings."""

    def oxygens(units):
        # Bounded, since strings would grow to the longest ones that the grammar allows.
        return np.array([1.5 * min(3, sum(a.GetSymbol() == "O" for a in unit.mol.GetAtoms())) for unit in units])

    smc = SMCSampler(model, SMCSettings(particles=32, sweeps=2))
    result = smc.run(smc.evaluator(oxygens), np.random.default_rng(3))
    states = result.particles.states
    assert score(model, states.tokens).log_probs == pytest.approx(states.log_probs, abs=2e-4)
    assert sum(step.acceptance for step in result.steps) > 0
    prior = smc.draw_prior(32, smc.evaluator(oxygens), np.random.default_rng(4))
    assert result.particles.log_likelihoods.mean() > prior.log_likelihoods.mean() + 0.5
