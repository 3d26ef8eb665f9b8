"""Best notation for a network: the grammar's SMILES tokens or SELFIES, with or without randomised spelling.

The same plain network is trained with each notation on the same polymers and evaluated on the same held-out polymers. Its input is
the last token, without the grammar's mask, which SELFIES do not have; the model of this project has both and is measured in `neural`.
"""

import copy
import math
import sys
from itertools import pairwise

import numpy as np
import selfies
import torch
from rdkit import Chem
from torch import nn

from benchmarks.common import figure
from benchmarks.generation_parts.data import is_valid, once
from benchmarks.generation_parts.neural import parts
from generators.errors import InexpressibleUnit
from generators.language.notation import encode
from generators.language.vocabulary import Vocabulary

VOCABULARY = Vocabulary()
STAND_IN = "[At]"
RESPELLED = 0.3
PASSES, PATIENCE = 20, 3


def run(arguments) -> dict:
    real, units, held = parts()
    # The known polymers, and a sufficient part of the rest.
    units = list(dict.fromkeys([*real, *units[::10]]))
    selfies.set_semantic_constraints({**selfies.get_semantic_constraints(), "At": 1})
    spellers = {"smiles": as_smiles, "selfies": as_selfies}
    learnt = [key for key in units if all(speller(key) is not None for speller in spellers.values())]
    seen = {name: {token for key in learnt for token in speller(key)} for name, speller in spellers.items()}
    judged = [key for key in held if all(known(spell(key), seen[name]) for name, spell in spellers.items())]
    figures = {"notation_polymers": figure(len(judged), "1")}
    for name, speller in spellers.items():
        for respelled in (0.0, RESPELLED):
            label = f"{name}_respelled" if respelled else name
            bits, valid = once(
                arguments,
                f"notation-{label}",
                lambda name=name, speller=speller, respelled=respelled: measure(
                    speller, sorted(seen[name]), learnt, judged, respelled, 4 if arguments.quick else PASSES
                ),
            )
            figures[f"notation_{label}_bits_per_polymer"] = figure(bits, "bit")
            if name == "selfies":
                figures[f"notation_{label}_samples_with_two_stars"] = figure(valid, "1")
    return figures


def as_smiles(key, rng=None):
    try:
        return [VOCABULARY.tokens[i].name for i in encode(key, VOCABULARY, rng)]
    except InexpressibleUnit:
        return None


def as_selfies(key, rng=None):
    """Return SELFIES from one star to the other; stars are represented by a halogen that does not occur in the polymers."""
    mol = Chem.MolFromSmiles(key.replace("@", "").replace("/", "").replace("\\", "").replace("*", STAND_IN))
    ends = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() == "At"]
    if rng is None:
        text = Chem.MolToSmiles(mol, rootedAtAtom=ends[0])
    else:
        order = [int(i) for i in rng.permutation(mol.GetNumAtoms())]
        shuffled = Chem.RenumberAtoms(mol, order)
        text = Chem.MolToSmiles(shuffled, rootedAtAtom=order.index(ends[rng.integers(2)]), canonical=False)
    try:
        return [*selfies.split_selfies(selfies.encoder(text)), "<end>"]
    except selfies.EncoderError:
        return None


def known(tokens, vocabulary) -> bool:
    return tokens is not None and vocabulary.issuperset(tokens)


class Plain(nn.Module):
    """The architecture of this project's network without grammar and path."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_tokens + 1, 48)
        self.gru = nn.GRU(48, 256, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(256, n_tokens)

    def forward(self, seen, state=None):
        output, state = self.gru(self.drop(self.embed(seen)), state)
        return self.out(self.drop(output)), state


def nats(network, rows) -> torch.Tensor:
    """Return the negative log probability of each row of tokens."""
    length, begin = max(map(len, rows)), network.out.out_features
    targets = torch.full((len(rows), length), -1)
    for i, row in enumerate(rows):
        targets[i, : len(row)] = torch.tensor(row)
    seen = torch.cat([torch.full((len(rows), 1), begin), targets[:, :-1].clamp(min=0)], dim=1)
    logits, _ = network(seen)
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), targets.clamp(min=0), reduction="none")
    return (loss * (targets >= 0)).sum(dim=1)


def measure(speller, vocabulary, learnt, judged, respelled, passes):
    ids = {token: i for i, token in enumerate(vocabulary)}
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Plain(len(vocabulary))
    order = [learnt[i] for i in rng.permutation(len(learnt))]
    held = len(order) // 20
    validation, train = order[:held], order[held:]
    standard = {key: [ids[token] for token in speller(key)] for key in (*order, *judged)}
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    best, best_state, since = math.inf, copy.deepcopy(network.state_dict()), 0
    for number in range(passes):
        network.train()
        rows = [row_of(key, speller, standard, ids, respelled, rng) for key in train]
        rows.sort(key=len)
        edges = [*range(0, len(rows), 64), len(rows)]
        batches = list(pairwise(edges))
        for place in rng.permutation(len(batches)):
            loss = nats(network, rows[slice(*batches[place])]).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        score = bits(network, [standard[key] for key in validation])
        print(f"pass {number + 1}: {score:.2f} bits", file=sys.stderr, flush=True)
        if score < best:
            best, best_state, since = score, copy.deepcopy(network.state_dict()), 0
        else:
            since += 1
            for group in optimiser.param_groups:
                group["lr"] *= 0.5
        if since == PATIENCE:
            break
    network.load_state_dict(best_state)
    found = bits(network, [standard[key] for key in judged])
    return found, two_stars(network, vocabulary) if "<end>" in ids else None


def row_of(key, speller, standard, ids, respelled, rng):
    if rng.random() >= respelled:
        return standard[key]
    tokens = speller(key, rng)
    return [ids[token] for token in tokens] if known(tokens, set(ids)) else standard[key]


def bits(network, rows) -> float:
    network.eval()
    with torch.no_grad():
        parts = [nats(network, rows[i : i + 256]) for i in range(0, len(rows), 256)]
    return float(torch.cat(parts).mean()) / math.log(2)


def two_stars(network, vocabulary, n: int = 1000, longest: int = 200) -> float:
    """Return the fraction of sampled SELFIES that are repeat units."""
    last, state = torch.full((n, 1), len(vocabulary)), None
    drawn = []
    with torch.no_grad():
        for _ in range(longest):
            logits, state = network(last, state)
            last = torch.multinomial(torch.softmax(logits[:, -1], dim=1), 1)
            drawn.append(last[:, 0])
    rows = torch.stack(drawn, dim=1).tolist()
    end = vocabulary.index("<end>")
    texts = ["".join(vocabulary[i] for i in row[: row.index(end)]) for row in rows if end in row]
    return sum(is_valid(selfies.decoder(text).replace(STAND_IN, "*")) for text in texts) / n
