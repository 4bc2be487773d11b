"""Holds the metrics of this package and of texts to the tools that they follow, on thousands of random texts, words, numbers and tags.

The script records what the tools say, in the layout of the golden values, and the golden tests read it:

    pip install sacrebleu==2.6.0 rouge_score==0.1.2 nltk seqeval==1.2.2 scipy scikit-learn
    python trainer/metric/testdata/check_metrics.py ../golden 1 texts.txt ...
    T5_GOLDEN=../golden go test ./trainer/metric/... -run Golden

The arguments are the folder to write to, the seed, and any text files, whose lines are among the texts: take many
languages. Another seed makes other cases.
"""

import collections
import json
import os
import random
import re
import string
import sys
import unicodedata
import warnings

import numpy
import scipy.stats
import sklearn.metrics
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.bleu import _get_tokenizer
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2

warnings.filterwarnings("ignore")

SCRIPTS = [
    (0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x5D0, 0x5EA),
    (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F),
    (0x20A0, 0x20BF), (0x2100, 0x21FF), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x2600, 0x27BF), (0x2E80, 0x2FFF),
    (0x3000, 0x30FF), (0x3100, 0x33FF), (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xF900, 0xFAFF), (0xFE10, 0xFE6F), (0xFF00, 0xFFEF),
    (0x1F300, 0x1F5FF), (0x1D400, 0x1D7FF), (0x20000, 0x200FF), (0x2F800, 0x2FA1F),
]
AWKWARD = ["1,000.5", "U.S.", "a-b-1-2", "don't", "&quot;", "&amp;lt;", "<skipped>", "-\n", "\n", "\t", "\x1c", "\x1f", "\x85", "\u2028",
           "\u00a0", "ΣΑΣ", "ΑΣ'Σ", "İstanbul", "ﬀ", "“x”", "the", "A", "an", "the-cat", "a’s", "...", "$5", "50%", "x_y", "½", "٣.٤", "1.", ".5",
           "(hi)", "!", "-", "5-6", "C++", "語", "😀😀", "#tag", "@me"]


def character(rng):
    while True:
        c = chr(rng.randint(*rng.choice(SCRIPTS)))
        if unicodedata.category(c) != "Cn":  # tables of other versions of Unicode differ
            return c


def text(rng, lines, longest=30):
    """A line of a file, or words of all kinds."""
    if lines and rng.random() < 0.5:
        return rng.choice(lines)
    words = []
    for _ in range(rng.randint(0, longest)):
        kind = rng.random()
        if kind < 0.4:
            words.append(rng.choice("the cat sat on a mat and dog runs running quickly generously cities".split()))
        elif kind < 0.7:
            words.append(rng.choice(AWKWARD))
        else:
            script = rng.choice(SCRIPTS)
            word = (chr(rng.randint(*script)) for _ in range(rng.randint(1, 6)))
            words.append("".join(c for c in word if unicodedata.category(c) != "Cn"))
    return rng.choice([" ", " ", " ", ""]).join(words) + rng.choice(["", "", ".", " .", " ", "\n"])


def changed(rng, reference):
    """A text that a model might have written for another."""
    words = reference.split(" ")
    for _ in range(rng.randint(0, 6)):
        if not words:
            break
        i, j = rng.randrange(len(words)), rng.randrange(len(words))
        kind = rng.randrange(7)
        if kind == 0:
            del words[i]
        elif kind == 1:
            words.insert(i, words[j])
        elif kind == 2:
            words[i], words[j] = words[j], words[i]
        elif kind == 3:
            i, j = min(i, j), max(i, j)
            run, words = words[i:j], words[:i] + words[j:]
            at = rng.randint(0, len(words))
            words[at:at] = run
        elif kind == 4:
            words[i] = rng.choice([words[i].upper(), words[i].title(), words[i] + rng.choice(".,!?-'s")])
        elif kind == 5:
            words[i] = "".join(rng.sample(words[i], len(words[i])))
        else:
            words[i] = "".join(character(rng) for _ in range(rng.randint(1, 4)))
    return " ".join(words)


def corpora(rng, lines, count):
    """Corpora of hypotheses and lists of references, one for each reference of an example."""
    for n in range(count):
        size, references = rng.choice([1, 1, 2, 5, 40]), rng.choice([1, 1, 2, 3])
        longest = rng.choice([2, 6, 30])
        streams = [[text(rng, lines, longest) for _ in range(size)]]
        while len(streams) < references:
            streams.append([changed(rng, r) for r in streams[0]])
        hypotheses = [changed(rng, rng.choice(streams)[i]) for i in range(size)]
        if rng.random() < 0.1:
            hypotheses = ["" for _ in hypotheses]
        yield f"random_{n}", hypotheses, streams


def bleu(rng, lines):
    corpus = []
    for name, hypotheses, references in corpora(rng, lines, 600):
        options = {}
        if rng.random() < 0.3:
            options["lowercase"] = True
        if rng.random() < 0.7:
            options["tokenize"] = rng.choice(["13a", "intl", "char", "zh", "none"])
        if rng.random() < 0.6:
            options["smooth_method"] = rng.choice(["exp", "floor", "add-k", "none"])
        metric = BLEU(**options)
        score = metric.corpus_score(hypotheses, references)
        corpus.append(dict(name=name, hypotheses=hypotheses, references=references, options=options, score=score.score,
                           counts=score.counts, totals=score.totals, precisions=score.precisions, bp=score.bp,
                           sys_len=score.sys_len, ref_len=score.ref_len, signature=str(metric.get_signature())))
    sentences = []
    for _ in range(1000):
        reference = text(rng, lines)
        hypothesis = changed(rng, reference)
        sentences.append(dict(hypothesis=hypothesis, reference=reference,
                              score=BLEU(effective_order=True).sentence_score(hypothesis, [reference]).score))
    tokenizers = {name: _get_tokenizer(name)() for name in ["13a", "intl", "char", "zh", "none"]}
    split = []
    for _ in range(4000):
        line = changed(rng, text(rng, lines))
        split.append(dict(text=line, **{name: t(line.rstrip()) for name, t in tokenizers.items()}))
    return dict(corpus=corpus, sentence_default=sentences, tokenizers=split)


def chrf(rng, lines):
    cases = []
    for name, hypotheses, references in corpora(rng, lines, 400):
        options = {}
        if rng.random() < 0.5:
            options["word_order"] = rng.choice([1, 2])
        if rng.random() < 0.3:
            options["char_order"], options["beta"] = rng.randint(1, 8), rng.randint(1, 3)
        for switch in ["lowercase", "whitespace", "eps_smoothing"]:
            if rng.random() < 0.3:
                options[switch] = True
        metric = CHRF(**options)
        score = metric.corpus_score(hypotheses, references)
        cases.append(dict(name=name, options=options, hypotheses=hypotheses, references=references, score=score.score,
                          signature=str(metric.get_signature())))
    return cases


def ter(rng, lines):
    cases = []
    for name, hypotheses, references in corpora(rng, lines, 200):
        cases.append(dict(name=name, hypotheses=hypotheses, references=references,
                          score=TER().corpus_score(hypotheses, references).score))
    few = "a b c d".split()  # words that could move to many places
    for n in range(300):
        reference = " ".join(rng.choice(few) for _ in range(rng.randint(0, 14)))
        hypothesis = " ".join(rng.choice(few) for _ in range(rng.randint(0, 14)))
        cases.append(dict(name=f"few_words_{n}", hypotheses=[hypothesis], references=[[reference]],
                          score=TER().corpus_score([hypothesis], [[reference]]).score))
    for n in range(30):  # lengths beyond the beam, and more candidates than are tried
        vocabulary = [str(i) for i in range(rng.choice([3, 30, 300]))]
        reference = " ".join(rng.choice(vocabulary) for _ in range(rng.choice([1, 40, 200])))
        hypothesis = " ".join(rng.choice(vocabulary) for _ in range(rng.choice([1, 40, 200])))
        if rng.random() < 0.5:
            hypothesis = changed(rng, reference)
        cases.append(dict(name=f"long_{n}", hypotheses=[hypothesis], references=[[reference]],
                          score=TER().corpus_score([hypothesis], [[reference]]).score))
    return cases


def rouge(rng, lines):
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    cases = []
    for _ in range(2000):
        stemmer = rng.random() < 0.5
        target = "\n".join(text(rng, lines, rng.choice([1, 10])) for _ in range(rng.randint(1, 4)))
        prediction = changed(rng, target)
        if rng.random() < 0.5:
            parts = prediction.split("\n")
            rng.shuffle(parts)
            prediction = "\n".join(parts)
        scores = RougeScorer(types, use_stemmer=stemmer).score(target, prediction)
        cases.append(dict(stemmer=stemmer, prediction=prediction, target=target, **{t: list(scores[t]) for t in types}))
    return cases


def stems(rng, lines):
    suffixes = """s es ies sses ss ed eed ied ing y ational tional enci anci izer bli abli alli entli eli ousli ization ation ator
        alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able
        ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize e ll at bl iz""".split()
    words = {w for line in lines for w in re.findall("[a-z0-9]+", line.lower())}
    words.update("sky skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed".split())
    for _ in range(20000):
        word = "".join(rng.choice("aeiouybcdlstxz") for _ in range(rng.randint(0, 6)))
        for _ in range(rng.randint(0, 3)):
            word += rng.choice(suffixes)
        if word:
            words.add(word)
    stemmer = PorterStemmer()
    return {w: stemmer.stem(w) for w in sorted(words)}


def classification(rng):
    cases = []
    for _ in range(200):
        classes = rng.randint(1, 6)
        labels = [rng.randrange(classes) for _ in range(rng.randint(1, 60))]
        predictions = [l if rng.random() < 0.6 else rng.randrange(classes + rng.randint(0, 1)) for l in labels]
        average = lambda f, a: float(f(labels, predictions, average=a, zero_division=0))
        two = set(labels) | set(predictions) <= {0, 1}
        cases.append(dict(labels=labels, predictions=predictions,
                          accuracy=float(sklearn.metrics.accuracy_score(labels, predictions)),
                          f1_macro=average(sklearn.metrics.f1_score, "macro"), f1_micro=average(sklearn.metrics.f1_score, "micro"),
                          f1_weighted=average(sklearn.metrics.f1_score, "weighted"),
                          precision_macro=average(sklearn.metrics.precision_score, "macro"),
                          recall_macro=average(sklearn.metrics.recall_score, "macro"),
                          f1_binary=average(sklearn.metrics.f1_score, "binary") if two else None,
                          mcc=float(sklearn.metrics.matthews_corrcoef(labels, predictions))))
    return cases


def regression(rng):
    cases = []
    while len(cases) < 200:
        size = rng.randint(2, 200)
        x = [rng.gauss(rng.choice([0, 1e4]), 1) for _ in range(size)]
        y = [v * rng.choice([1, -1]) + rng.gauss(0, 1) for v in x]
        if rng.random() < 0.6:
            x, y = [round(v, 1) for v in x], [round(v * 2) / 2 for v in y]
        if len(set(x)) > 1 and len(set(y)) > 1:  # scipy has NaN for lists that are constant
            cases.append(dict(x=x, y=y, pearson=float(scipy.stats.pearsonr(x, y)[0]), spearman=float(scipy.stats.spearmanr(x, y)[0]),
                              kendall=float(scipy.stats.kendalltau(x, y)[0]), mse=float(numpy.mean((numpy.array(x) - numpy.array(y)) ** 2))))
    return cases


def normalize_answer(s):
    """SQuAD's evaluation has no package: its definition is a chain of four steps."""
    s = "".join(c for c in s.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())


def answer_f1(prediction, answer):
    p, a = normalize_answer(prediction).split(), normalize_answer(answer).split()
    same = sum((collections.Counter(p) & collections.Counter(a)).values())
    return 2 * same / (len(p) + len(a)) if same else 0.0


def squad(rng, lines):
    cases = []
    for _ in range(4000):
        answers = [text(rng, lines, rng.choice([1, 3, 10]))]
        answers += [changed(rng, answers[0]) for _ in range(rng.randint(0, 2))]
        prediction = changed(rng, answers[0])
        normalized = normalize_answer(prediction)
        f1 = max(answer_f1(prediction, a) for a in answers)
        same = any(normalize_answer(a) == normalized for a in answers)
        cases.append(dict(prediction=prediction, answers=answers, normalized=normalized, exact=float(same), f1=f1,
                          f1_v2_empty_rule=1.0 if same and not normalized else f1))
    return cases


def seqeval(rng):
    cases = []
    for _ in range(1000):
        letters = rng.choice(["BIO", "BIO", "BIESO", "IO"])

        def tag():
            letter = rng.choice(letters)
            if letter == "O":
                return letter
            return letter + rng.choice(["-PER", "-LOC", "-ORG", "-creative-work", "", "-"])

        labels = [[tag() for _ in range(rng.randint(1, 15))] for _ in range(rng.randint(1, 6))]
        predictions = [[t if rng.random() < 0.7 else tag() for t in sentence] for sentence in labels]
        if not get_entities(labels) and not get_entities(predictions):
            continue  # there is no mean of no types
        case = dict(labels=labels, predictions=predictions, entities_labels=[list(e) for e in get_entities(labels)],
                    precision=float(precision_score(labels, predictions)), recall=float(recall_score(labels, predictions)),
                    f1=float(f1_score(labels, predictions)), f1_macro=float(f1_score(labels, predictions, average="macro")),
                    f1_weighted=float(f1_score(labels, predictions, average="weighted")), accuracy=accuracy_score(labels, predictions))
        if "E" not in letters:
            strict = dict(mode="strict", scheme=IOB2)
            case["strict_iob2"] = dict(precision=float(precision_score(labels, predictions, **strict)),
                                       recall=float(recall_score(labels, predictions, **strict)),
                                       f1=float(f1_score(labels, predictions, **strict)))
        cases.append(case)
    return cases


def main():
    folder, seed, files = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    lines = [line.rstrip("\n") for name in files for line in open(name, encoding="utf-8") if line.strip()]
    rng = random.Random(seed)
    case = dict(bleu=bleu(rng, lines), chrf=chrf(rng, lines), ter=ter(rng, lines), rouge=rouge(rng, lines),
                porter_stemmer_nltk_default=stems(rng, lines), classification=classification(rng), regression=regression(rng),
                squad=squad(rng, lines), seqeval=seqeval(rng))
    os.makedirs(os.path.join(folder, "metrics"), exist_ok=True)
    with open(os.path.join(folder, "metrics", "case.json"), "w", encoding="utf-8") as f:
        json.dump(case, f, ensure_ascii=False)


main()
