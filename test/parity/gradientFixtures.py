"""Stores what PyTorch's autograd says about each op of the graph: one small JSON file per op.

    python gradientFixtures.py          writes ../gradients/fixtures/<op>.json
    python gradientFixtures.py --check  computes them again and compares

A file is `{"op", "cases": [{"attributes", "inputs", "output", "outputGradient", "inputGradients"}]}`; a tensor is
`{"shape", "dtype", "data"}`, row-major, with `null` for minus infinity; the gradient of an input that none flows
into (indices, masks, tables) is `null`. Inputs are multiples of 1/64, which float32 and decimal text hold exactly;
everything is computed in float64.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

FOLDER = Path(__file__).parent.parent / "gradients" / "fixtures"
LIMIT_BYTES = 100_000
DTYPES = {torch.float64: "f32", torch.int64: "i32", torch.bool: "bool"}

Case = dict[str, Any]
_cases: dict[str, list[Case]] = {}
_random = torch.Generator().manual_seed(20)


def normal(*shape: int, scale: float = 1.0) -> Tensor:
    """Random numbers that are multiples of 1/64."""
    x = torch.randn(shape, generator=_random, dtype=torch.float64) * scale
    return torch.round(x * 64) / 64


def integers(high: int, *shape: int) -> Tensor:
    return torch.randint(high, shape, generator=_random)


def stored(tensor: Tensor) -> dict[str, Any]:
    def number(x: float | int | bool) -> float | int | bool | None:
        if isinstance(x, float):
            return None if x == float("-inf") else float(f"{x:.8g}")
        return x

    data = [number(x) for x in tensor.detach().flatten().tolist()]
    return {"shape": list(tensor.shape), "dtype": DTYPES[tensor.dtype], "data": data}


def case(op: str, compute: Callable[..., Tensor], inputs: list[Tensor], frozen: tuple[int, ...] = (), **attributes: Any) -> None:
    """Adds one case; no gradient is asked for the inputs whose numbers are in `frozen`."""
    wanted = [x.is_floating_point() and i not in frozen for i, x in enumerate(inputs)]
    leaves = [x.clone().requires_grad_(w) for x, w in zip(inputs, wanted)]
    output = compute(*leaves)
    cotangent = normal(*output.shape)
    gradients = iter(torch.autograd.grad(output, [x for x, w in zip(leaves, wanted) if w], cotangent))
    _cases.setdefault(op, []).append(
        {
            "attributes": attributes,
            "inputs": [stored(x) for x in inputs],
            "output": stored(output),
            "outputGradient": stored(cotangent),
            "inputGradients": [stored(next(gradients)) if w else None for w in wanted],
        }
    )


def elementwise() -> None:
    for op, compute in {"add": torch.add, "sub": torch.sub, "mul": torch.mul}.items():
        case(op, compute, [normal(2, 3), normal(2, 3)])
        case(op, compute, [normal(2, 3, 4), normal(4)])
        case(op, compute, [normal(2, 1, 3), normal(4, 1)])
    case("scale", lambda x: x * -0.25, [normal(5)], factor=-0.25)
    x = normal(3, 5, scale=2.0)
    case("tanh", torch.tanh, [x])
    case("sigmoid", torch.sigmoid, [x])
    case("silu", F.silu, [x])
    case("swiglu", lambda gate, up: F.silu(gate) * up, [normal(3, 5, scale=2.0), normal(3, 5)])
    for approximate in ("none", "tanh"):
        case("gelu", lambda x: F.gelu(x, approximate=approximate), [x], approximate=approximate)
    kept = normal(3, 4) > 0
    case("keep", lambda x, mask: torch.where(mask, x, 0.0), [normal(3, 4), kept])
    case("softmax", lambda x: torch.softmax(x, -1), [normal(2, 3, 5, scale=2.0)])


def products() -> None:
    for transposeA, transposeB in ((False, False), (False, True), (True, False), (True, True)):
        for batch in ((), (2,)):
            a = normal(*batch, *((4, 3) if transposeA else (3, 4)))
            b = normal(*batch, *((2, 4) if transposeB else (4, 2)))
            attributes = {"transposeA": transposeA, "transposeB": transposeB, "alpha": 0.5 if batch else 1.0}

            def product(a: Tensor, b: Tensor) -> Tensor:
                return attributes["alpha"] * ((a.mT if transposeA else a) @ (b.mT if transposeB else b))

            case("matmul", product, [a, b], **attributes)


def layout() -> None:
    case("transpose", lambda x: x.permute(2, 0, 1), [normal(2, 3, 4)], permutation=[2, 0, 1])
    case("reshape", lambda x: x.reshape(3, 4), [normal(2, 6)], shape=[3, 4])
    case("expand", lambda x: x.expand(2, 3, 4), [normal(3, 1)], shape=[2, 3, 4])
    for axes, keep in (([1], False), ([0, 2], True)):
        case("reduceSum", lambda x: x.sum(axes, keepdim=keep), [normal(2, 3, 4)], axes=axes, keepDims=keep)
    table = normal(7, 3)
    repeated = torch.tensor([[0, 6, 2], [2, 2, 5]])
    case("gather", lambda table, rows: F.embedding(rows, table), [table, repeated])


def norms() -> None:
    x, weight, bias = normal(2, 3, 8), normal(8), normal(8)
    for epsilon in (1e-5, 1e-2):
        case("rmsNorm", lambda x, w: F.rms_norm(x, (8,), w, epsilon), [x, weight], epsilon=epsilon)
        case("layerNorm", lambda x, w, b: F.layer_norm(x, (8,), w, b, epsilon), [x, weight, bias], epsilon=epsilon)


def positions() -> None:
    half, length = 3, 8
    angles = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(half) / half)
    cos, sin = (stored_exactly(table) for table in (angles.cos(), angles.sin()))
    where = torch.tensor([[0, 1, 2, 3], [5, 6, 0, 1]])

    def rotate(x: Tensor, where: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        full = [torch.cat([table, table], -1)[where] for table in (cos, sin)]
        return apply_rotary_pos_emb(x, x, *full, unsqueeze_dim=2)[0]

    case("rope", rotate, [normal(2, 4, 2, 2 * half), where, cos.double(), sin.double()], frozen=(2, 3))


def stored_exactly(tensor: Tensor) -> Tensor:
    return (torch.round(tensor * 64) / 64).double()


def attention() -> None:
    length, size = 5, 4
    place, segment = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([1, 1, 1, 2, 2])
    distance = place[:, None] - place[None, :]
    same = segment[:, None] == segment[None, :]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    masks = {"causal": causal, "packed, window 2": causal & same & (distance < 2)}
    for heads, kv_heads in ((2, 2), (4, 2), (3, 1)):
        for visible in masks.values():
            mask = torch.zeros(2, 1, length, length, dtype=torch.float64).masked_fill(~visible, float("-inf"))
            scale = 0.5

            def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
                q, k, v = (x.transpose(1, 2) for x in (q, k, v))
                out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale, enable_gqa=True)
                return out.transpose(1, 2)

            q, k, v = (normal(2, length, n, size) for n in (heads, kv_heads, kv_heads))
            case("attention", attend, [q, k, v, mask], frozen=(3,), scale=scale)


def loss() -> None:
    logits, labels = normal(4, 9, scale=3.0), integers(9, 4)
    case("crossEntropy", lambda x, y: F.cross_entropy(x, y, reduction="sum"), [logits, labels])


def main(check: bool) -> int:
    for part in (elementwise, products, layout, norms, positions, attention, loss):
        part()
    texts = {op: json.dumps({"op": op, "cases": cases}, separators=(",", ":")) + "\n" for op, cases in _cases.items()}
    if sum(map(len, texts.values())) > LIMIT_BYTES:
        raise ValueError("the fixtures have grown too large to keep in the repository")
    if check:
        return compare(texts)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for op, text in texts.items():
        (FOLDER / f"{op}.json").write_text(text)
    return 0


def compare(texts: dict[str, str]) -> int:
    """Kernels of other processors round a last digit differently, so numbers may differ by 1e-6."""
    stale = [op for op, text in texts.items() if not close(json.loads(text), json.loads((FOLDER / f"{op}.json").read_text()))]
    for op in stale:
        print(f"{op}.json differs from what PyTorch computes now", file=sys.stderr)
    return 1 if stale else 0


def close(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, float) and isinstance(b, (float, int)):
        return abs(a - b) <= 1e-6 * max(1.0, abs(a))
    return bool(a == b)


if __name__ == "__main__":
    raise SystemExit(main("--check" in sys.argv[1:]))
