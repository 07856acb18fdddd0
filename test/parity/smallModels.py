"""Small random models of every family, saved as Transformers saves them and as older files look."""

import json
from pathlib import Path
from typing import Any

import torch
from rows import corpus
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

VOCABULARY = 384
SPECIAL = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]

_decoder = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "llama": _decoder,
    "mistral": {**_decoder, "sliding_window": 8},
    "qwen2": _decoder,
    "qwen3": {**_decoder, "head_dim": 24},
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": 512,
        # The model's own dropout cannot be compared number by number.
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    },
}
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>\\n' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def make_tokenizer(bos: bool) -> PreTrainedTokenizerFast:
    """Byte-level BPE whose merges also cross the boundary between some prompts and completions."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 8,  # models often have more rows than their tokenizer has tokens
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", SPECIAL.index("<s>"))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )


def randomize(model: PreTrainedModel, seed: int) -> None:
    """Weights large enough that attention and predictions are far from uniform, norms and biases included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                parameter.copy_(noise * 0.1 + (0.0 if name.endswith("bias") else 1.0))
            else:
                parameter.copy_(noise * (0.5 if "embed" in name or "wte" in name else 0.15))


def make_model(folder: Path, spec: dict[str, Any]) -> None:
    """Writes the model folder that `spec` describes: family, config, seed, dtype and how its files look."""
    config = AutoConfig.for_model(spec["family"], **{**CONFIGS[spec["family"]], **spec.get("config", {})})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    randomize(model, spec.get("seed", 0))
    model.to(getattr(torch, spec.get("dtype", "float32")))
    model.save_pretrained(folder, max_shard_size="100KB" if spec.get("sharded") else "1GB")
    tokenizer = make_tokenizer(spec.get("bos", spec["family"] in ("llama", "mistral")))
    tokenizer.save_pretrained(folder)
    set_in_json(folder / "tokenizer_config.json", tokenizer_entries(spec))
    if spec.get("files"):
        REWRITES[spec["files"]](folder)
    if spec.get("spelling") == 4:
        spell_as_transformers_4(folder / "config.json")


def tokenizer_entries(spec: dict[str, Any]) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    if spec.get("pad", True) is False:
        entries["pad_token"] = None
    if spec.get("chat"):
        marked = spec["chat"] == "marked"
        entries["chat_template"] = CHAT_TEMPLATE if marked else without_marks(CHAT_TEMPLATE)
    return entries


def without_marks(template: str) -> str:
    return template.replace("{% generation %}", "").replace("{% endgeneration %}", "")


def set_in_json(file: Path, entries: dict[str, Any]) -> None:
    values = {**json.loads(file.read_text()), **entries}
    file.write_text(json.dumps({key: value for key, value in values.items() if value is not None}, indent=2))


def without_prefix(folder: Path) -> None:
    """As in the first published GPT-2 files: no `transformer.`, and the causal mask stored among the weights."""
    tensors = load_file(folder / "model.safetensors")
    plain = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    for layer in range(CONFIGS["gpt2"]["n_layer"]):
        plain[f"h.{layer}.attn.bias"] = torch.ones(64, 64).tril().reshape(1, 1, 64, 64)
    save_file(plain, folder / "model.safetensors", metadata={"format": "pt"})


def tied_as_head(folder: Path) -> None:
    """The shared matrix of tied embeddings under its other name."""
    tensors = load_file(folder / "model.safetensors")
    tensors["lm_head.weight"] = tensors.pop("model.embed_tokens.weight")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


REWRITES = {"no-prefix": without_prefix, "tied-as-head": tied_as_head}


def spell_as_transformers_4(file: Path) -> None:
    config = json.loads(file.read_text())
    rope = config.pop("rope_parameters", None)
    if rope is not None:
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = rope if rope.get("rope_type", "default") != "default" else None
    config["torch_dtype"] = config.pop("dtype", "float32")
    config["transformers_version"] = "4.46.0"
    file.write_text(json.dumps(config, indent=2))
