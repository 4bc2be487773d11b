#!/usr/bin/env python3
"""Open vocabularies that t5train has trained in sentencepiece and in transformers.

  pip install transformers sentencepiece protobuf tokenizers
  bench/check_vocabulary.py T5TRAIN_BINARY TEXT [TEXT...]

t5train and sentencepiece train vocabularies of many kinds on the lines of the text files and on made up ones of several
scripts. 3,000 lines must get the same ids and texts from t5train and from sentencepiece, and from t5train and from
transformers' AutoTokenizer on the folder, but for lines that the tokenizers library normalises in its own way; the vocabularies of both must agree: BPE in every piece and score, unigram in nine
of ten pieces (more than 99 % in ordinary text). All characters of Unicode, alone and in strings, must be normalised in the same way.
"""
import json, os, pathlib, random, subprocess, sys, tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from transformers import AutoTokenizer

LINES = 3000
SCRIPTS = [(0x61, 0x7A), (0xC0, 0x17F), (0x3B1, 0x3C9), (0x430, 0x44F), (0x5D0, 0x5EA), (0x627, 0x64A), (0x905, 0x939), (0xE01, 0xE3A),
           (0x10D0, 0x10F0), (0x1200, 0x1240), (0x3041, 0x3093), (0x30A1, 0x30F6), (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0x300, 0x310),
           (0xFF10, 0xFF5A), (0x1F600, 0x1F640), (0x30, 0x39)]
SYMBOLS = ["<sep>", "[X]", "<ctl>"]
KINDS = {
    "unigram": {}, "unigram-nfkc": {"normalization": "nfkc"}, "unigram-cf": {"normalization": "nmt_nfkc_cf"},
    "unigram-identity": {"normalization": "identity"}, "unigram-nfkc-cf": {"normalization": "nfkc_cf"},
    "unigram-bytes": {"byte-fallback": True}, "unigram-digits": {"split-digits": True, "max-piece-length": 6},
    "unigram-numbers": {"split-by-number": False, "split-by-unicode-script": False}, "unigram-lines": {"split-by-whitespace": False},
    "unigram-symbols": {"user-symbols": "<sep>,[X]", "control-symbols": "<ctl>"}, "unigram-all": {"character-coverage": 1.0},
    "bpe": {"type": "bpe"}, "bpe-bytes": {"type": "bpe", "byte-fallback": True}, "bpe-lines": {"type": "bpe", "split-by-whitespace": False},
    "bpe-symbols": {"type": "bpe", "user-symbols": "<sep>,[X]", "control-symbols": "<ctl>"},
    "bpe-nfkc": {"type": "bpe", "normalization": "nfkc", "split-digits": True},
}
NAMES = {"type": "model_type", "normalization": "normalization_rule_name", "max-piece-length": "max_sentencepiece_length",
         "user-symbols": "user_defined_symbols"}


def run(binary, *arguments, **options):
    out = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, **options)
    if out.returncode != 0:
        sys.exit(f"{arguments}: {out.stderr}")
    return out.stdout


def encode(binary, folder, lines, *options):
    """The ids and texts that t5train gives."""
    text = "".join(json.dumps({"text": line}) + "\n" for line in lines)
    path = folder / "lines.jsonl"
    path.write_text(text)
    out = run(binary, "tokenizer", "encode", "--tokenizer", folder, "--json", "--eos=false", "--input", path, *options).split("\n")[:-1]
    ids = [json.loads(line)["ids"] for line in out]
    path.write_text("".join(" ".join(map(str, i)) + "\n" for i in ids))
    out = run(binary, "tokenizer", "decode", "--tokenizer", folder, "--json", "--input", path).split("\n")[:-1]
    return ids, [json.loads(line)["text"] for line in out]


def differ(what, lines, got, want):
    bad = [(line, g, w) for line, g, w in zip(lines, got, want, strict=True) if g != w]
    for line, g, w in bad[:3]:
        print(f"    {what}: {line!r}: t5train {g}, other {w}")
    if bad:
        sys.exit(f"{what}: {len(bad)} of {len(lines)} lines differ")


def made_up(draw):
    """Words of each script, the short ones and the first ones more often, and between them what is rare in text."""
    words = []
    for low, high in SCRIPTS:
        for _ in range(60):
            words.append("".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 7))))
    odd = ["  ", "\t", "\u00a0", "\u3000", "\u200b", "\u200d", "ﬁ", "½", "①", "ｶﾞ", "…", "!?", "3.14", "x2", "ÅÅ", "\u1100\u1161\u11a8", "<b>", "▁"]
    odd += [f"{before}{symbol}{after}" for symbol in SYMBOLS for before in ("", " ") for after in ("", " ")]  # within words, and at both of their ends
    lines = []
    for _ in range(LINES // 2):
        line = []
        for _ in range(draw.randint(1, 14)):
            line.append(odd[draw.randrange(len(odd))] if draw.random() < 0.1 else words[int(len(words) * draw.random() ** 3)])
        lines.append(" ".join(line) if draw.random() < 0.8 else "".join(line))
    draw.shuffle(words)
    return lines


def main():
    binary, *files = sys.argv[1:]
    binary = os.path.realpath(binary)
    draw = random.Random(1)
    lines = [line for f in files for line in pathlib.Path(f).read_text().split("\n")]
    draw.shuffle(lines)
    lines = [line for line in made_up(draw) + lines if line.strip(" \t\u00a0\u3000\u200b\u200d\u2581")][:LINES]
    assert len(lines) == LINES, f"{len(lines)} lines, want {LINES}"
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        text = temp / "text.txt"
        text.write_text("\n".join(lines) + "\n")
        for kind, options in KINDS.items():
            check(binary, temp, text, kind, options, lines)
        for rules in ["nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"]:
            check_rules(binary, temp, text, rules, draw)


def train(binary, temp, text, kind, options, size):
    folder = temp / kind
    flags = [f"--{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in options.items()]
    run(binary, "tokenizer", "train", "--input", text, "--vocab-size", size, "--output", folder, *flags)
    return folder


def check(binary, temp, text, kind, options, lines):
    size = 3500 if "coverage" not in str(options) else 4000
    folder = train(binary, temp, text, kind, options, size)
    names = {NAMES.get(k, k.replace("-", "_")): v for k, v in options.items()}
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(temp / "other"), vocab_size=size, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2, **names)
    ours, others = proto.ModelProto(), proto.ModelProto()
    ours.ParseFromString((folder / "spiece.model").read_bytes())
    others.ParseFromString((temp / "other.model").read_bytes())
    assert ours.normalizer_spec.precompiled_charsmap == others.normalizer_spec.precompiled_charsmap
    a, b = [{p.piece: p.score for p in m.pieces} for m in (ours, others)]
    common = len(a.keys() & b.keys()) / len(b)
    assert common > 0.9, f"{kind}: {common:.1%} of the pieces in common"
    if options.get("type") == "bpe":
        assert a == b, f"{kind}: pieces or scores differ"

    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    ids, texts = encode(binary, folder, lines, "--special", "seqio")
    want = processor.encode(lines)
    differ(f"{kind}, sentencepiece", lines, ids, want)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    if config["t5train_rules"] == "sentencepiece":
        differ(f"{kind}, decoded by sentencepiece", lines, texts, processor.decode(want))

    other = AutoTokenizer.from_pretrained(folder)
    ids, texts = encode(binary, folder, lines)
    want = other(lines, add_special_tokens=False)["input_ids"]
    assert len(other) == size + 100, f"{kind}: {len(other)} tokens in transformers"
    same = range(len(lines))
    if config["t5train_rules"] == "sentencepiece":
        # The tokenizers library normalises some clusters of characters in its own way, and looks for symbols before.
        normalize = other.backend_tokenizer.normalizer.normalize_str
        symbols = SYMBOLS if "user-symbols" in options else ["<pad>", "</s>", "<unk>"]
        same = [i for i, line in enumerate(lines) if "▁" + normalize(line).replace(" ", "▁").lstrip("▁") == processor.normalize(line)
                and not any(s in line for s in symbols)
                and (ids[i] == want[i] or sorted(ids[i]) != sorted(want[i]))]  # as probable: sentencepiece adds up in 32 bits, it in 64
    differ(f"{kind}, transformers", *[[x[i] for i in same] for x in (lines, ids, want)])
    n = sum(a != b for a, b in zip(ids, want, strict=True))
    print(f"{kind}: {len(lines)} lines as in sentencepiece, {len(lines) - n} as in transformers; {common:.2%} of the pieces are those of spm_train")


def check_rules(binary, temp, text, rules, draw):
    """Bytes tell every normalised character apart."""
    folder = train(binary, temp, text, "rules-" + rules, {"normalization": rules, "byte-fallback": True}, 3500)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    points = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and c not in (0x0A, 0x0D)]
    lines = [f"a{chr(c)}b" for c in points]
    for _ in range(50000):
        lines.append("".join(chr(draw.choice(points[:0x3200])) for _ in range(draw.randint(1, 12))))
    ids, _ = encode(binary, folder, lines, "--special", "seqio")
    differ(f"rules {rules}", lines, ids, processor.encode(lines))
    print(f"rules {rules}: {len(points)} characters and 50000 strings as in sentencepiece")


main()
