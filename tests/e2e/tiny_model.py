"""A random llama model of half a megabyte, and llama.cpp's own server for it: `python tiny_model.py PORT [embed]`.

Its weights are noise, so its replies are too: bytes of broken UTF-8 among words, which is what makes it a good test.
Ask with temperature 0 where the reply matters: the same each time, and llama.cpp's own streams leave out their first
event when the first token sampled is half a character.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gguf
import numpy as np

WIDTH, HIDDEN, HEADS, LAYERS, CONTEXT = 64, 128, 4, 2, 4096
WORDS = (  # beside every byte as a token
    "▁", "the", "quick", "brown", "fox", "hello", "world", "model", "gateway", "record", "budget",
    "a", "e", "i", "o", "u", "n", "t", "s", "r",
)  # fmt: skip
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "


def _vocabulary() -> tuple[list[bytes], list[int]]:
    """Tokens and their types: unknown (2), control (3), bytes (6), words (1)."""
    tokens = [b"<unk>", b"<s>", b"</s>"] + [f"<0x{byte:02X}>".encode() for byte in range(256)]
    kinds = [2, 3, 3] + [6] * 256
    for word in WORDS:
        tokens.append(word.encode())
        kinds.append(1)
    return tokens, kinds


def write(path: Path) -> None:
    """Writes the model; the same bytes each time."""
    random = np.random.default_rng(0)
    tokens, kinds = _vocabulary()

    def noise(*shape: int) -> Any:
        return (random.standard_normal(shape) * 0.2).astype(np.float32)

    model = gguf.GGUFWriter(str(path), "llama")
    model.add_name("tiny-random")
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(HIDDEN)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_vocab_size(len(tokens))
    model.add_file_type(0)
    model.add_tokenizer_model("llama")
    model.add_token_list(tokens)
    model.add_token_scores([0.0] * len(tokens))
    model.add_token_types(kinds)
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_unk_token_id(0)
    model.add_chat_template(TEMPLATE)
    ones = np.ones(WIDTH, np.float32)
    model.add_tensor("token_embd.weight", noise(len(tokens), WIDTH))
    model.add_tensor("output_norm.weight", ones)
    model.add_tensor("output.weight", noise(len(tokens), WIDTH))
    square, wide, tall = (WIDTH, WIDTH), (HIDDEN, WIDTH), (WIDTH, HIDDEN)
    shapes = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), square)
    shapes |= {"ffn_gate": wide, "ffn_up": wide, "ffn_down": tall}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            model.add_tensor(f"blk.{layer}.{name}.weight", noise(*shape))
        model.add_tensor(f"blk.{layer}.attn_norm.weight", ones)
        model.add_tensor(f"blk.{layer}.ffn_norm.weight", ones)
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


def serve(port: int, *, embed: bool) -> None:
    """llama.cpp's server on loopback with its OpenAI and Anthropic routes; either for text or for embeddings."""
    import xllamacpp

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tiny.gguf"
        write(path)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.model_alias = {"tiny"}
        parameters.n_ctx, parameters.n_parallel, parameters.port = CONTEXT, 2, port
        parameters.warmup = False
        parameters.embedding = embed
        if embed:
            parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        server = xllamacpp.Server(parameters)
        print(server.listening_address, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    serve(int(sys.argv[1]), embed="embed" in sys.argv[2:])
