"""Train the shipped encoder: ``python -m search.train`` (eight minutes on one core, no download).

A static embedding (`sentence_transformers` StaticEmbedding) over characters and bigrams, trained on the
hand-written pairs, on phrases of the thesaurus and on pairs of the grammar with a contrastive loss: in a
batch, which holds pairs of one kind, a text's other wording must be nearer than every other text and than a
near miss. A part of every text is left out at random (Srivastava et al., "Dropout", 2014), so that each token
learns to speak for itself. The first half of the dimensions is trained to serve alone as well, for small
phones. The same texts, seed and library versions give the same weights.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search import pairs as by_hand
from search import thesaurus
from search.encoder import SHIPPED
from search.grammar import Pair, pairs, written_pairs
from search.phrases import phrase_pairs
from search.static import MARKER, TOKENIZER, WEIGHTS
from search.text import is_bigram, tokens
from search.written import count

NAME = "tianwen-farm-questions"
SEED = 20260517
PAIRS = 80_000
"""Drawn from the grammar."""

WRITTEN = 250_000
"""Drawn from the hand-written needs: each several times, in other chatter and under other names."""

PHRASES = 160_000
"""Put together from the thesaurus."""

TOKENS = 32_000
DIMENSION = 192
BATCH = 512
EPOCHS = 4
RATE = 3e-3
SCALE = 12.0
"""Sharpness of the softmax over cosines: the lower, the further apart it moves what means something else, and
the better a cosine by itself tells whether two texts mean the same."""
LEFT_OUT = 0.4
"""Of the tokens of a text, each time that it is seen. Without, the training pairs are learnt by heart
(measured: docs/decisions/0011-thesaurus.md)."""
SHORT = 3
"""A text of so few tokens stays whole."""
SPREAD = 0.015
"""Of the numbers that training begins with: small, so that what a rare token never learnt is little noise."""
HALF = 0.3
"""Weight of the loss of the first half of the dimensions."""

THREADS = 1
"""One, so that sums are taken in one order and a busy machine costs no waiting."""
UNKNOWN = "[UNK]"

Longs = NDArray[np.int64]


def vocabulary(texts: Sequence[str], size: int) -> list[str]:
    """The unknown token, every single character of the texts, then their commonest other tokens; `size` in
    all at most. What occurs once teaches nothing: its row would stay the noise that it began with."""
    counts = Counter(token for text in texts for token in tokens(text))
    common = sorted((item for item in counts.items() if item[1] > 1), key=lambda item: (-item[1], item[0]))
    short, long = ([token for token, _ in common if is_bigram(token) is wide] for wide in (False, True))
    return [UNKNOWN, *short, *long][:size]


def fit(kinds: Sequence[Sequence[Pair]], words: Sequence[str], seed: int) -> NDArray[np.float32]:
    """Train the table, float32 [words, DIMENSION], on pairs of several kinds; row 0, the unknown token, is
    zero."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    random = np.random.default_rng(seed)
    number = {word: place for place, word in enumerate(words)}
    samples = [pair for kind in kinds for pair in kind]
    texts = [[_numbers(text, number) for text in (pair.one, pair.other, pair.miss)] for pair in samples]
    names = {key: place for place, key in enumerate(dict.fromkeys(pair.key for pair in samples))}
    keys = torch.tensor([names[pair.key] for pair in samples])
    bag = torch.nn.EmbeddingBag(len(words), DIMENSION, mode="mean")
    torch.nn.init.normal_(bag.weight, std=SPREAD)
    steps = EPOCHS * sum(len(kind) // BATCH for kind in kinds)
    optimiser = torch.optim.Adam(bag.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 30) * (1 - step / steps)
    )
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in _batches([len(kind) for kind in kinds]):
            loss = _loss(bag, [texts[place] for place in batch], keys[batch], random)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: mean loss {total * EPOCHS / steps:.4f}", flush=True)
    table: NDArray[np.float32] = bag.weight.detach().numpy().copy()
    table[0] = 0
    return table


def _batches(sizes: Sequence[int]) -> list[Any]:
    """An epoch's batches in random order, each of numbers of one kind only."""
    import torch

    found: list[Any] = []
    first = 0
    for size in sizes:
        order = torch.randperm(size) + first
        found.extend(order[begin : begin + BATCH] for begin in range(0, size - BATCH + 1, BATCH))
        first += size
    return [found[place] for place in torch.randperm(len(found)).tolist()]


def _numbers(text: str, number: dict[str, int]) -> Longs:
    return np.asarray([number[token] for token in tokens(text) if token in number] or [0], np.int64)


def _loss(bag: Any, batch: list[list[Longs]], keys: Any, random: np.random.Generator) -> Any:
    """Of the whole vectors and of their first half."""
    whole = [_embed(bag, [texts[column] for texts in batch], random) for column in range(3)]
    half = [vectors[:, : DIMENSION // 2] for vectors in whole]
    return _contrast(whole, keys) + HALF * _contrast(half, keys)


def _contrast(parts: Sequence[Any], keys: Any) -> Any:
    import torch

    one, other, miss = (torch.nn.functional.normalize(part, dim=1) for part in parts)
    logits = one @ torch.cat((other, miss)).T * SCALE
    # the same need drawn twice is no negative
    same = keys[:, None] == keys[None, :]
    same.fill_diagonal_(False)
    logits[:, : len(keys)] = logits[:, : len(keys)].masked_fill(same, float("-inf"))
    back = (other @ one.T * SCALE).masked_fill(same, float("-inf"))
    wanted = torch.arange(len(keys))
    cross = torch.nn.functional.cross_entropy
    return (cross(logits, wanted) + cross(back, wanted)) / 2


def _embed(bag: Any, texts: list[Longs], random: np.random.Generator) -> Any:
    import torch

    flat, starts = leave_out(np.concatenate(texts), np.asarray([len(text) for text in texts]), random)
    return bag(torch.from_numpy(flat), torch.from_numpy(starts))


def leave_out(flat: Longs, lengths: Longs, random: np.random.Generator) -> tuple[Longs, Longs]:
    """Texts, int64 [sum of lengths] end to end, without a random part of their tokens, and where each
    of them begins then; something is left of each."""
    starts = np.cumsum(lengths) - lengths
    stays = (random.random(len(flat)) >= LEFT_OUT) | np.repeat(lengths <= SHORT, lengths)
    stays |= np.repeat(np.add.reduceat(stays, starts, dtype=np.int64) == 0, lengths)
    left = np.add.reduceat(stays, starts, dtype=np.int64)
    return flat[stays], np.cumsum(left) - left


def save(folder: Path, words: Sequence[str], table: NDArray[np.float32]) -> None:
    """Write a sentence-transformers model folder with half-precision weights; a model card there is left
    alone."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    weights = torch.from_numpy(table).half()
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        # the card that the library writes may quote training texts; ours is written by hand
        model.save(place, create_model_card=False)
        for path in sorted(Path(place).rglob("*")):
            if path.is_file():
                target = folder / path.relative_to(place)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    marker = {"name": NAME, "text": "search.text"}
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n", "utf-8")


def main() -> None:
    """Generate, train, save."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--output", type=Path, default=SHIPPED)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--written", type=int, default=WRITTEN)
    parser.add_argument("--phrases", type=int, default=PHRASES)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    kinds = [
        list(pairs(options.pairs, options.seed)),
        list(written_pairs(options.written, options.seed)),
        list(phrase_pairs(options.phrases, options.seed)),
    ]
    words = vocabulary([text for kind in kinds for pair in kind for text in (pair.one, pair.other)], TOKENS)
    print(f"by hand: {count(by_hand.fields())} pairs of questions, {count(thesaurus.fields())} of phrases")
    print("drawn: {} pairs of the grammar, {} of questions, {} of phrases".format(*map(len, kinds)))
    print(f"{len(words)} tokens, {sum(map(is_bigram, words))} of them bigrams", flush=True)
    table = fit(kinds, words, options.seed)
    save(options.output, words, table)
    for name in (WEIGHTS, TOKENIZER):
        print(f"{name}: {(options.output / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
