"""Deterministic rows of text in every shape that a dataset may have."""

import random
from collections.abc import Iterator
from typing import Any

WORDS = (
    "the a one two three small large red green blue cat dog bird tree house river stone cloud friend mother child "
    "walks runs sees finds keeps loses opens under over near behind slowly quickly again never always why because and"
).split()
Row = dict[str, Any]


def sentence(rng: random.Random, shortest: int, longest: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(shortest, longest)))


def corpus() -> Iterator[str]:
    rng = random.Random(7)
    return (sentence(rng, 5, 20) + "." for _ in range(300))


def prompt_and_completion(rng: random.Random) -> tuple[str, str]:
    """Mostly cut between words; sometimes inside one, where the two tokenize differently together."""
    prompt, completion = sentence(rng, 2, 12), " " + sentence(rng, 2, 14)
    if rng.random() < 0.25:
        whole = prompt + completion
        cut = len(prompt) - rng.randint(1, 2)
        return whole[:cut], whole[cut:]
    return prompt, completion


def turns(rng: random.Random) -> list[tuple[str, str]]:
    system = [("system", sentence(rng, 2, 5))] if rng.random() < 0.5 else []
    exchanges = [
        turn
        for _ in range(rng.randint(1, 2))
        for turn in (("user", sentence(rng, 2, 8)), ("assistant", sentence(rng, 2, 8)))
    ]
    return system + exchanges


def chat(pairs: list[tuple[str, str]], role: str = "role", content: str = "content") -> list[Row]:
    return [{role: who, content: what} for who, what in pairs]


SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


def row(kind: str, rng: random.Random) -> Row:
    if kind == "text":
        return {"text": sentence(rng, 4, 24)}
    if kind == "messages":
        return {"messages": chat(turns(rng))}
    if kind == "sharegpt":
        return {"conversations": chat([(SHAREGPT[who], what) for who, what in turns(rng)], "from", "value")}
    prompt, completion = prompt_and_completion(rng)
    if kind == "chat-completion":
        return {"prompt": chat([("user", prompt)]), "completion": chat([("assistant", completion)])}
    if kind == "alpaca":
        extra = sentence(rng, 1, 4) if rng.random() < 0.5 else ""
        return {"instruction": prompt, "input": extra, "output": completion.strip()}
    return {"prompt": prompt, "completion": completion}


def make_rows(kind: str, count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    return [row(kind, rng) for _ in range(count)]


ALPACA = (
    "Below is an instruction that describes a task{pair}. Write a response that appropriately completes the request."
    "\n\n### Instruction:\n{instruction}\n\n{input}### Response:"
)


def for_trl(row: Row) -> Row:
    """Two shapes that TRL leaves to its users to map: Alpaca's, and ShareGPT's names of roles."""
    if "conversations" in row:
        roles = {name: role for role, name in SHAREGPT.items()}
        return {"messages": chat([(roles[turn["from"]], turn["value"]) for turn in row["conversations"]])}
    if "instruction" not in row:
        return row
    extra = row["input"]
    pair = ", paired with an input that provides further context" if extra else ""
    shown = f"### Input:\n{extra}\n\n" if extra else ""
    prompt = ALPACA.format(pair=pair, instruction=row["instruction"], input=shown)
    return {"prompt": prompt, "completion": row["output"]}
