#!/usr/bin/env python3
"""Write what spm_train makes of testdata/sms_spam: spm_train.json.

  pip install sentencepiece==0.2.3 pyarrow
  data/tokenizer/vocabulary/testdata/spm_train.py
"""
import json, pathlib, tempfile

import pyarrow.parquet, sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

here = pathlib.Path(__file__).parent
rows = pyarrow.parquet.read_table(here / "../../../../testdata/sms_spam/train-00000-of-00001.parquet")["sms"].to_pylist()
cases = {
    "unigram": {"vocab_size": 600},
    "unigram, other options": {"vocab_size": 400, "normalization_rule_name": "nfkc_cf", "max_sentencepiece_length": 5,
                               "split_by_number": False, "character_coverage": 0.99, "user_defined_symbols": ["lol", ":)"]},
    "bpe": {"vocab_size": 600, "model_type": "bpe"},
    "bpe, other options": {"vocab_size": 600, "model_type": "bpe", "normalization_rule_name": "nfkc_cf", "split_digits": True,
                           "split_by_unicode_script": False, "byte_fallback": True, "control_symbols": ["<c>"]},
    "bpe of lines": {"vocab_size": 400, "model_type": "bpe", "split_by_whitespace": False},
}
golden = {}
with tempfile.TemporaryDirectory() as temp:
    text = pathlib.Path(temp) / "text.txt"
    text.write_text("".join(row.rstrip("\n") + "\n" for row in rows))
    for name, options in cases.items():
        sentencepiece.SentencePieceTrainer.train(input=str(text), model_prefix=temp + "/m", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
                                                 minloglevel=2, **options)
        m = proto.ModelProto()
        m.ParseFromString(open(temp + "/m.model", "rb").read())
        golden[name] = [[p.piece, round(p.score, 4)] for p in m.pieces if p.type != 6]
lines = ["%s: [\n%s]" % (json.dumps(name), ",\n".join(json.dumps(p, ensure_ascii=False) for p in pieces)) for name, pieces in golden.items()]
(here / "spm_train.json").write_text("{" + ",\n".join(lines) + "}\n")
