"""Short English texts, by source, that teach the text tower what words mean."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
# WordNet's lexicographer files whose nouns can be drawn: animals, artefacts, bodies, food, places, objects, people,
# phenomena, plants.
DRAWABLE_FILES = frozenset({5, 6, 8, 13, 15, 17, 18, 19, 20})
TEMPLATES = (
    "a drawing of a {}",
    "a picture of a {}",
    "a photo of a {}",
    "clip art of a {}",
    "an icon of a {}",
    "{} symbol",
    "cartoon {}",
)
PHRASES = ("{adj} {noun}", "{noun} and {other}", "{noun} with {other}", "{noun} {other}", "{noun}: {adj}")


@dataclass(frozen=True, slots=True)
class Synset:
    """One WordNet entry: its words, what it is linked to, its definition and its examples."""

    key: str
    part_of_speech: str
    file_number: int
    lemmas: tuple[str, ...]
    related: tuple[str, ...]
    definition: str
    examples: tuple[str, ...]


def read_wordnet(folder: Path) -> list[Synset]:
    """Every entry of WordNet's `data.*` files, in file order.

    Args:
        folder: the folder with `data.noun`, `data.verb`, `data.adj` and `data.adv`.

    Source: the format is that of the manual page wndb(5WN).
    """
    synsets = []
    for part in PARTS_OF_SPEECH:
        with (folder / f"data.{part}").open(encoding="utf-8") as lines:
            synsets += [_parse_entry(line, part) for line in lines if not line.startswith("  ")]
    return synsets


def _parse_entry(line: str, part: str) -> Synset:
    head, _, gloss = line.partition(" | ")
    fields = head.split()
    n_words = int(fields[3], 16)
    lemmas = tuple(_plain(word) for word in fields[4 : 4 + 2 * n_words : 2])
    links = fields[5 + 2 * n_words :]
    letters = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
    n_links = int(fields[4 + 2 * n_words])
    related = tuple(
        letters[links[4 * i + 2]] + links[4 * i + 1]
        for i in range(n_links)
        if links[4 * i] not in ("!", ";c", ";r", ";u", "-c", "-r", "-u")
    )
    examples = tuple(text.strip() for text in re.findall(r'"([^"]+)"', gloss))
    definition = re.sub(r'"[^"]*"?', "", gloss).strip(" ;\n")
    return Synset(part + fields[0], part, int(fields[1]), lemmas, related, definition, examples)


def _plain(word: str) -> str:
    return re.sub(r"\((a|p|ip)\)$", "", word).replace("_", " ")


def wordnet_texts(synsets: list[Synset], seed: int) -> dict[str, list[str]]:
    """Texts made from WordNet, by kind: words, definitions, examples, tag lists, captions and phrases.

    The tag lists imitate the bundled captions ("label: tag, tag, ..."): a word, then words linked to it.
    """
    rng = random.Random(seed)
    is_common = common_words()
    drawable = sorted(
        {word for s in synsets if s.file_number in DRAWABLE_FILES for word in s.lemmas if is_common(word)}
    )
    adjectives = sorted(
        {word for s in synsets if s.part_of_speech == "adj" for word in s.lemmas if is_common(word)}
    )
    return {
        "words": _unique(word for s in synsets for word in s.lemmas),
        "definitions": _unique(s.definition[:160] for s in synsets),
        "examples": _unique(text[:120] for s in synsets for text in s.examples),
        "lists": _unique(_tag_lists(synsets, rng)),
        "captions": _unique(rng.choice(TEMPLATES).format(word) for word in 3 * drawable),
        "phrases": _unique(_phrases(drawable, adjectives, rng, count=60_000)),
    }


def common_words() -> Callable[[str], bool]:
    """A predicate: at most three lower-case words, each one token of the tokenizer, so common on the web."""
    from open_clip.tokenizer import SimpleTokenizer

    known = SimpleTokenizer().encoder

    def is_common(text: str) -> bool:
        words = text.split()
        return len(words) <= 3 and text == text.lower() and all(f"{word}</w>" in known for word in words)

    return is_common


def _tag_lists(synsets: list[Synset], rng: random.Random) -> Iterator[str]:
    by_key = {s.key: s for s in synsets}
    for synset in synsets:
        linked = [word for key in synset.related if key in by_key for word in by_key[key].lemmas[:2]]
        tags = list(dict.fromkeys([*synset.lemmas[1:], *linked]))
        if len(tags) >= 2 and synset.part_of_speech in ("noun", "verb"):
            chosen = rng.sample(tags, k=min(len(tags), rng.randint(2, 8)))
            yield f"{synset.lemmas[0]}{rng.choice((': ', ', ', ' '))}{', '.join(chosen)}"


def _phrases(nouns: list[str], adjectives: list[str], rng: random.Random, *, count: int) -> Iterator[str]:
    for _ in range(count):
        yield rng.choice(PHRASES).format(
            noun=rng.choice(nouns), other=rng.choice(nouns), adj=rng.choice(adjectives)
        )


def caption_wordings(captions: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """The captions of one picture, then other wordings of them: some of the tags, in another order.

    Args:
        captions: the primary caption, then perhaps a richer one, often "primary: tag, tag".
        count: how many texts to give back; the primary caption fills up what is missing.
        rng: draws the tags.
    """
    primary, richest = captions[0], captions[-1]
    texts = [primary, richest]
    if richest.startswith(f"{primary}: "):
        tags = [tag.strip() for tag in richest[len(primary) + 2 :].split(",")]
        while len(texts) < count:
            chosen = ", ".join(rng.sample(tags, k=rng.randint(1, min(len(tags), 6))))
            texts.append(
                rng.choice((f"{primary}: {chosen}", f"{primary}, {chosen}", f"{primary} {chosen}", chosen))
            )
    while len(texts) < count:
        texts.append(rng.choice(TEMPLATES).format(primary) if rng.random() < 0.5 else primary)
    return texts[:count]


def imagenet_texts() -> list[list[str]]:
    """For each of ImageNet's 1,000 classes, in the classifier's order: its names, then its definition."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    texts = []
    for index in range(1000):
        names = [name.strip() for name in info.index_to_description(index).split(",")]
        definition = info.index_to_description(index, detailed=True).rpartition(": ")[2]
        texts.append([*names, definition])
    return texts


def token_texts() -> list[str]:
    """The string of each of the 49,408 tokens of open_clip's default tokenizer, in order of their ids."""
    from open_clip.tokenizer import SimpleTokenizer

    tokenizer = SimpleTokenizer()
    ordinary = [tokenizer.decode([index]).strip() for index in range(tokenizer.vocab_size - 2)]
    return [*ordinary, "start", "end"]


def comparable(text: str) -> str:
    """The text as the hold-out compares it: lower case, single spaces."""
    return " ".join(text.lower().split())


def _unique(texts: Iterator[str]) -> list[str]:
    firsts: dict[str, str] = defaultdict(str)
    for text in texts:
        if key := comparable(text):
            firsts.setdefault(key, text.strip())
    return list(firsts.values())
