"""Greedy continuations by Transformers and PEFT: tiny random models of every family, and small real ones.

usage: generation.py FOLDER [REAL_MODEL …]: writes FOLDER/<case>/model, /adapter, and FOLDER/expected.json.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TQDM_DISABLE="1")

import torch  # noqa: E402
from peft import LoraConfig, get_peft_model  # noqa: E402
from referenceTraining import randomize_update  # noqa: E402
from smallModels import make_model  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

NEW_TOKENS = 64
# Prompts of one length are continued in one batch without padding: the sums are those of a text alone.
PROMPTS = [(1, 5), (7, 5), (40, 5), (130, 5)]
TINY: list[dict[str, Any]] = [
    {"family": "llama"},
    {"family": "mistral"},
    {"family": "qwen2", "config": {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1}},
    {"family": "qwen3", "config": {"tie_word_embeddings": True}},
    {"family": "gpt2"},
]
TARGETS = {"llama": ["q_proj", "v_proj"], "gpt2": ["c_attn", "c_fc"]}


def prompts(vocabulary: int, context: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    return [
        torch.randint(3, vocabulary, (count, length), generator=generator)
        for length, count in PROMPTS
        if length + NEW_TOKENS < context
    ]


def continued(model: Any, batches: list[torch.Tensor]) -> list[list[int]]:
    """The new tokens of each prompt, up to the first end token."""
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends])
    found = []
    for ids in batches:
        with torch.no_grad():
            output = model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=NEW_TOKENS,
                pad_token_id=0,
            )
        for row in output[:, ids.shape[1] :].tolist():
            end = next((i for i, token in enumerate(row) if token in ends), len(row))
            found.append(row[:end])
    return found


def case(name: str, base: Path, folder: Path, targets: Any) -> dict[str, Any]:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    # Whatever a model's own file says about drawing is not about greedy answers.
    model.generation_config.temperature = model.generation_config.top_p = model.generation_config.top_k = None
    vocabulary = min(model.config.vocab_size, 376)
    batches = prompts(vocabulary, getattr(model.config, "max_position_embeddings", 512))
    alone = continued(model, batches)
    torch.manual_seed(3)
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules=targets))
    randomize_update(adapted)
    adapted.eval()
    adapted.save_pretrained(folder / name / "adapter")
    return {
        "name": name,
        "model": str(base),
        "adapter": str(folder / name / "adapter"),
        "prompts": [row for ids in batches for row in ids.tolist()],
        "base": alone,
        "attached": continued(adapted, batches),
    }


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    cases = []
    for spec in TINY:
        name = spec["family"]
        make_model(folder / name / "model", {**spec, "seed": 5})
        cases.append(case(name, folder / name / "model", folder, TARGETS.get(name, "all-linear")))
    for model in map(Path, sys.argv[2:]):
        cases.append(case(model.name, model, folder, ["q_proj", "v_proj", "down_proj"]))
    (folder / "expected.json").write_text(json.dumps(cases))


main()
