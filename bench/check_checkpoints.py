#!/usr/bin/env python3
"""Exchange checkpoints and tokenizers between t5train and transformers, both ways.

  pip install torch transformers sentencepiece protobuf tokenizers pyarrow
  bench/check_checkpoints.py T5TRAIN_BINARY TEXTS.parquet [COLUMN]

For each model of T5's family, tiny and with random weights, transformers writes a folder: t5train must give the same ids
and texts for 3,000 lines of the parquet file's column, and the same loss (1e-5 relative). t5train converts the folder, to
each type, in shards, and with more rows: transformers must open it without a word, and find the same weights, ids and
logits (1e-5 of the largest). At last t5train carries the model to a new vocabulary, and transformers must find there the
ids of the new tokenizer and the logits of a model whose rows this script made, piece by piece, with the tokenizers library.
"""
import contextlib, io, json, logging, pathlib, shutil, subprocess, sys, tempfile, warnings

import pyarrow, pyarrow.parquet
import sentencepiece, torch, transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from sentencepiece import sentencepiece_model_pb2 as spm
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, ByT5Tokenizer, PreTrainedTokenizerFast, T5Tokenizer

SPIECE = pathlib.Path(__file__).parent.parent / "data/tokenizer/t5/spiece.model"
LINES = 3000
# Lines that ordinary text does not have.
ODD = ["", " ", "  a  b ", "a<extra_id_0>b <extra_id_1> c", "</s><pad> <unk>x", "a </s>  b", "▁a▁▁ b ▁", "\t\n\u00a0x\u2003", "ﬁ½Ⅸ ｆｕｌｌ",
       "e\u0301 \u200d\U0001F468\u200d\U0001F469", "日本語 한국어 العربية", "<0x41> <s> ⁇", "<sep>a<sep>", "xyz-abc"]


def run(binary, *arguments):
    out = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"{arguments}: {out.stderr}")
    return out.stdout


@contextlib.contextmanager
def silence():
    """Fails if transformers says anything."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    logger.removeHandler(handler)
    said = log.getvalue() + "".join(str(w.message) for w in caught)
    assert not said, f"transformers says: {said}"


def train_spiece(folder, lines, **options):
    """A small model in mT5's manner: byte fallback, and sentinels as user-defined symbols."""
    text = folder / "text.txt"
    text.write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "m"), vocab_size=2000, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, byte_fallback=True,
        hard_vocab_limit=False, minloglevel=2, **options)
    return folder / "m.model"


def t5_tokenizer(folder, lines):
    return T5Tokenizer.from_pretrained(SPIECE.parent)


def with_added_tokens(folder, lines):
    tokenizer = t5_tokenizer(folder, lines)
    tokenizer.add_tokens([AddedToken("<sep>", special=True, lstrip=True), AddedToken("xyz", normalized=True)])
    return tokenizer


def mt5_folder(folder, lines):
    """spiece.model and no tokenizer.json, as mT5 is published."""
    sentinels = [f"▁<extra_id_{i}>" for i in reversed(range(100))]
    shutil.copy(train_spiece(folder, lines, user_defined_symbols=sentinels), folder / "spiece.model")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer", "extra_ids": 0}')


def plain_folder(folder, lines):
    shutil.copy(SPIECE, folder / "spiece.model")


def umt5_tokenizer(folder, lines):
    """tokenizer.json with byte fallback, as transformers 4 converts UMT5's model file."""
    proto = spm.ModelProto()
    proto.ParseFromString(train_spiece(folder, lines).read_bytes())
    backend = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=2, byte_fallback=True))
    backend.normalizer = normalizers.Sequence([
        normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Strip(left=False, right=True),
        normalizers.Replace(Regex(" {2,}"), "▁")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(replacement="▁", prepend_scheme="always")])
    backend.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], pair=["$A", "</s>", "$B", "</s>"], special_tokens=[("</s>", 1)])
    backend.add_tokens([AddedToken(t, normalized=False, special=True) for t in ("<pad>", "</s>", "<unk>")])
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def byt5_tokenizer(folder, lines):
    return ByT5Tokenizer()


# name, family, what its config has, stored type, what makes the tokenizer
VARIANTS = [
    ("t5_1.0", "T5", dict(feed_forward_proj="relu"), torch.float32, t5_tokenizer),
    ("t5_1.1_sharded", "T5", dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False), torch.float32, plain_folder),
    ("flan_added_tokens", "T5", dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False), torch.bfloat16, with_added_tokens),
    ("gelu_f16", "T5", dict(feed_forward_proj="gelu"), torch.float16, plain_folder),
    ("gated_silu_deep_decoder", "T5", dict(feed_forward_proj="gated-silu", num_decoder_layers=3), torch.float32, t5_tokenizer),
    ("mt5", "MT5", dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False), torch.float32, mt5_folder),
    ("umt5", "UMT5", dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False), torch.float32, umt5_tokenizer),
    ("byt5", "T5", dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False), torch.bfloat16, byt5_tokenizer),
]


def make(folder, family, options, dtype, tokenizer_of, lines):
    """Writes a folder as transformers does."""
    made = tokenizer_of(folder, lines)
    if made is not None:
        made.save_pretrained(folder)
    sizes = dict(d_model=32, d_kv=8, d_ff=48, num_heads=4, num_layers=2, vocab_size=32128, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)
    config = getattr(transformers, family + "Config")(**{**sizes, **options})
    model = getattr(transformers, family + "ForConditionalGeneration")(config)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.1) + (1 if p.dim() == 1 else 0))
    model.to(dtype).save_pretrained(folder, max_shard_size="500KB" if "shard" in folder.name else "5GB")


def opened(folder, **options):
    """The model of a folder in float32, and what is stored."""
    with silence():
        model, info = AutoModelForSeq2SeqLM.from_pretrained(folder, output_loading_info=True, **options)
    problems = {k: v for k, v in info.items() if v}
    assert not problems, f"{folder}: from_pretrained says: {problems}"
    return model.eval()


def same_text(binary, folder, texts, tokenizer):
    """Ids and decoded text of t5train and of AutoTokenizer."""
    ours = [json.loads(l) for l in run(binary, "tokenizer", "encode", "--tokenizer", folder, "--json", "--input", texts).splitlines()]
    wanted = [tokenizer(o["text"]).input_ids for o in ours]
    bad = [(o["text"], o["ids"], w) for o, w in zip(ours, wanted, strict=True) if o["ids"] != w and o["ids"][:-1] != w] # ByT5 adds no second </s>
    assert not bad, f"{folder}: {len(bad)} of {len(ours)} lines have other ids, for example {bad[0]}"
    ids = folder.parent / "ids.txt"
    ids.write_text("\n".join(" ".join(map(str, w)) for w in wanted) + "\n")
    for flags, skip in (((), False), (("--skip-special",), True)):
        texts = [json.loads(l)["text"] for l in run(binary, "tokenizer", "decode", "--tokenizer", folder, "--json", "--input", ids, *flags).splitlines()]
        for w, text in zip(wanted, texts, strict=True):
            expected = tokenizer.decode(w, skip_special_tokens=skip, clean_up_tokenization_spaces=False)
            assert text == expected, f"{folder}: {w} decodes to {text!r}, want {expected!r}"
    return len(wanted)


def same_loss(binary, folder, pairs, model, tokenizer):
    flags = ("--task", "seq2seq", "--prefix", "", "--text-column", "text", "--target-column", "target")
    got = json.loads(run(binary, "evaluate", "--model", folder, "--input", pairs, *flags))["loss"]
    total = count = 0.0
    for row in pyarrow.parquet.read_table(pairs).to_pylist():
        inputs, labels = tokenizer(row["text"], return_tensors="pt"), tokenizer(row["target"], return_tensors="pt").input_ids
        with torch.no_grad():
            total += float(model(input_ids=inputs.input_ids, attention_mask=inputs.attention_mask, labels=labels).loss) * labels.numel()
        count += labels.numel()
    want = total / count
    assert abs(got - want) < 1e-5 * want, f"{folder}: loss {got}, want {want}"
    return abs(got - want) / want


def logits(model):
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 380, (2, 20), generator=generator)
    with torch.no_grad():
        return model(input_ids=ids, decoder_input_ids=ids[:, :7]).logits


def same_weights(converted, original, dtype):
    """The tensors of a converted folder are those of the original, rounded by torch."""
    stored = opened(converted, dtype="auto")
    rounded = {name: p.to(dtype) for name, p in original.state_dict().items()}
    for name, p in stored.state_dict().items():
        assert torch.equal(p.float(), rounded[name].float()), f"{converted}: {name} differs"
    original.load_state_dict(rounded)
    a, b = logits(stored.float()), logits(original)
    difference = float((a - b).abs().max() / b.abs().max())
    assert difference < 1e-5, f"{converted}: logits differ by {difference}"
    return difference


def new_vocabulary(folder, lines):
    """A vocabulary as t5train or spm_train make it for T5, of these lines and of the words of other languages."""
    folder.mkdir()
    (folder / "text.txt").write_text("\n".join(lines + ["Die Kinder läuft über die große Straße zur Brücke", "дети идут через мост"] * 60))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "spiece"), vocab_size=1500, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        hard_vocab_limit=False, minloglevel=2)
    return T5Tokenizer.from_pretrained(folder)


def origin(piece, old, vocabulary):
    """The ids of the pieces that an old tokenizer has for the text of a new one."""
    if isinstance(old, ByT5Tokenizer): # in its vocabulary "é" is a byte
        return [b + 3 for b in piece.replace("▁", " ").encode()]
    if piece in vocabulary:
        return [vocabulary[piece]]
    backend = old.backend_tokenizer
    text = backend.normalizer.normalize_str(piece) if backend.normalizer else piece # its rules make a blank of ▁
    return [t.id for t in backend.model.tokenize(text.replace(" ", "▁")) if t.id != old.unk_token_id]


def carried_rows(matrix, old, new, rows):
    """A matrix with a row for each token of a new tokenizer, the mean of the rows of what it comes from."""
    vocabulary = old.get_vocab()
    sentinel = lambda n: vocabulary.get(f"<extra_id_{n}>", vocabulary.get(f"▁<extra_id_{n}>"))
    special = {new.pad_token_id: old.pad_token_id, new.eos_token_id: old.eos_token_id, new.unk_token_id: old.unk_token_id}
    special |= {new.convert_tokens_to_ids(f"<extra_id_{n}>"): sentinel(n) for n in range(100)}
    out = torch.empty(rows, matrix.shape[1], dtype=torch.float64)
    for id in range(len(new)):
        ids = [special[id]] if id in special else origin(new.convert_ids_to_tokens(id), old, vocabulary)
        ids = [i for i in ids if i is not None] or list(range(len(old)))
        out[id] = matrix[ids].double().mean(0)
    out[len(new) :] = out[: len(new)].mean(0)
    return out


def same_carried(binary, folder, vocabulary, texts, old):
    """t5train and this script carry a model to the same vocabulary."""
    out, new = folder.parent / f"{folder.name}_carried", T5Tokenizer.from_pretrained(vocabulary)
    run(binary, "convert", "--model", folder, "--output", out, "--tokenizer", vocabulary / "spiece.model", "--dtype", "float32")
    with silence():
        tokenizer = AutoTokenizer.from_pretrained(out)
    assert len(tokenizer) == len(new) and tokenizer.get_vocab() == new.get_vocab(), f"{out}: another vocabulary"
    same_text(binary, out, texts, tokenizer)
    carried, expected = opened(out), opened(folder, dtype=torch.float32)
    rows = carried.config.vocab_size
    assert rows == -(-len(new) // 128) * 128, f"{out}: {rows} rows for {len(new)} tokens"
    state = expected.state_dict()
    head, shared = state["lm_head.weight"], state["shared.weight"]
    wanted = {"lm_head.weight": carried_rows(head, old, new, rows), "shared.weight": carried_rows(shared, old, new, rows)}
    expected.resize_token_embeddings(rows, mean_resizing=False)
    with torch.no_grad():
        expected.get_output_embeddings().weight.copy_(wanted["lm_head.weight"])
        expected.get_input_embeddings().weight.copy_(wanted["shared.weight"])
    a, b = logits(carried), logits(expected)
    difference = float((a - b).abs().max() / b.abs().max())
    assert torch.isfinite(a).all() and difference < 1e-5, f"{out}: logits differ by {difference}"
    return difference


def check(binary, name, family, options, dtype, tokenizer_of, lines, work):
    folder = work / name
    folder.mkdir()
    make(folder, family, options, dtype, tokenizer_of, lines)
    texts, pairs = work / "texts.parquet", work / "pairs.parquet"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    read = same_text(binary, folder, texts, tokenizer)
    loss = same_loss(binary, folder, pairs, opened(folder, dtype=torch.float32), tokenizer)
    worst = 0.0
    for kind in ("float32", "bfloat16", "float16"):
        out = work / f"{name}_{kind}"
        run(binary, "convert", "--model", folder, "--output", out, "--dtype", kind, "--max-shard-size", "300KB")
        assert (out / "model.safetensors.index.json").exists() and (out / "tokenizer_config.json").exists()
        worst = max(worst, same_weights(out, opened(folder, dtype=torch.float32), getattr(torch, kind)))
        with silence():
            again = AutoTokenizer.from_pretrained(out)
        for line in ODD + lines[:200]:
            assert again(line).input_ids == tokenizer(line).input_ids, f"{out}: AutoTokenizer gives other ids for {line!r}"
    padded, rows = work / f"{name}_padded", 32256
    run(binary, "convert", "--model", folder, "--output", padded, "--vocab-size", rows)
    a, b = logits(opened(padded, dtype=torch.float32)), logits(opened(folder, dtype=torch.float32))
    assert a.shape[-1] == rows and torch.equal(a.argmax(-1), b.argmax(-1)), f"{padded}: an added row wins"
    assert (a[..., : b.shape[-1]] - b).abs().max() < 1e-5 * b.abs().max()
    carried = same_carried(binary, folder, work / "vocabulary", texts, tokenizer)
    print(f"{name}: {read} texts with the same ids and decoded text, loss differs by {loss:.1g}, logits of converted weights by {worst:.1g}, "
          f"with another vocabulary by {carried:.1g}")


def main():
    binary, source, column = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], (sys.argv[3:] or ["text"])[0]
    torch.manual_seed(0)
    transformers.utils.logging.disable_progress_bar()
    rows = pyarrow.parquet.read_table(source, columns=[column]).column(column).to_pylist()
    lines = [l for row in rows for l in (row or "").split("\n") if l.strip()][:LINES]
    assert len(lines) == LINES, f"{source} has {len(lines)} lines, want {LINES}"
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        pyarrow.parquet.write_table(pyarrow.table({"text": ODD + lines}), work / "texts.parquet")
        pyarrow.parquet.write_table(pyarrow.table({"text": [l[:200].strip() for l in lines[:20]], "target": [l[:60].strip() for l in lines[20:40]]}), work / "pairs.parquet")
        new_vocabulary(work / "vocabulary", lines)
        for variant in VARIANTS:
            check(binary, *variant, lines, work)


main()
