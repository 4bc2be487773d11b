"""Metrics of worth.py, in points (0 to 100): one code for the answers of every model and baseline.

A metric is a sum over rows of a vector of counts and a function of the sum, so that an interval by bootstrap costs a
product of matrices. Definitions are those of scikit-learn, scipy, sacrebleu, rouge_score, SQuAD and seqeval, as in
`t5train evaluate`.
"""
import collections, html, re, string

import numpy as np


def counts(answers, refs):
    """For each label right answers, answers and references: [rows, 3 labels]."""
    index = {label: i for i, label in enumerate(sorted({str(v) for v in [*answers, *refs]}))}
    rows = np.zeros((len(refs), 3, len(index)))
    for row, answer, ref in zip(rows, answers, refs):
        row[0, index[str(ref)]] = answer == ref
        row[1, index[str(answer)]] = row[2, index[str(ref)]] = 1
    return rows.reshape(len(refs), -1)


def accuracy(total):
    right, _, refs = total.reshape(3, -1)
    return right.sum() / refs.sum()


def macro_f1(total):
    right, answers, refs = total.reshape(3, -1)
    seen = answers + refs > 0
    return np.mean(2 * right[seen] / (answers + refs)[seen])


def matthews(total):
    right, answers, refs = total.reshape(3, -1)
    n = refs.sum()
    scale = np.sqrt((n * n - answers @ answers) * (n * n - refs @ refs))
    return (right.sum() * n - answers @ refs) / scale if scale else 0


def moments(answers, refs):
    x, y = np.asarray(answers, float), np.asarray(refs, float)
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], 1)


def rank_moments(answers, refs):
    import scipy.stats
    return moments(scipy.stats.rankdata(answers), scipy.stats.rankdata(refs))


def correlation(total):
    n, x, y, xx, yy, xy = total
    scale = np.sqrt(max(0, n * xx - x * x) * max(0, n * yy - y * y))
    return (n * xy - x * y) / scale if scale > 1e-9 * n * n else 0


def entity_counts(answers, refs):
    return np.array([[len(set(a) & set(r)), len(set(a)), len(set(r))] for a, r in zip(answers, refs)], float)


def f1(total):
    right, answers, refs = total
    return 2 * right / (answers + refs) if right else 0


def mean(score):
    """The mean over rows of a score, the best over the references of a row."""
    def rows(answers, refs):
        return np.array([[max(score(a, r) for r in rs), 1] for a, rs in zip(answers, refs)], float)
    return rows, lambda total: total[0] / total[1]


def squad_words(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def overlap_f1(a, b):
    """F1 of two multisets, which are Counters."""
    return f1((sum((a & b).values()), sum(a.values()), sum(b.values())))


def answer_f1(answer, ref):
    a, b = squad_words(answer), squad_words(ref)
    return overlap_f1(collections.Counter(a), collections.Counter(b)) if a and b else float(a == b)


def exact(answer, ref):
    return float(squad_words(answer) == squad_words(ref))


def ngrams(words, n):
    return collections.Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))


def rouge_words(text):
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).split()


def rouge(n):
    return lambda answer, ref: overlap_f1(ngrams(rouge_words(answer), n), ngrams(rouge_words(ref), n))


def rouge_l(answer, ref):
    a, b = rouge_words(answer), rouge_words(ref)
    row = [0] * (len(b) + 1)
    for word in a:
        before = row
        row = [0]
        for j, other in enumerate(b):
            row.append(before[j] + 1 if word == other else max(before[j + 1], row[j]))
    return f1((row[-1], len(a), len(b)))


def bleu_words(text):
    """sacrebleu's tokenizer 13a."""
    text = f" {html.unescape(text) if '&' in text else text} ".replace("\n", " ")
    text = re.sub(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 ", text)
    text = re.sub(r"([^0-9])([\.,])", r"\1 \2 ", text)
    text = re.sub(r"([\.,])([^0-9])", r" \1 \2", text)
    return re.sub(r"([0-9])(-)", r"\1 \2 ", text).split()


def bleu_counts(answers, refs):
    rows = []
    for answer, texts in zip(answers, refs):
        words, others = bleu_words(answer), [bleu_words(t) for t in texts]
        row = [len(words), min((abs(len(o) - len(words)), len(o)) for o in others)[1]]
        for n in range(1, 5):
            best = collections.Counter()
            for o in others:
                best |= ngrams(o, n)
            row += [sum((ngrams(words, n) & best).values()), max(0, len(words) - n + 1)]
        rows.append(row)
    return np.array(rows, float)


def bleu(total):
    length, ref_length, *rest = total
    logs, smooth = 0, 1
    for right, all_of_them in zip(rest[::2], rest[1::2]):
        if not all_of_them:
            return 0
        if not right:  # exponential smoothing
            smooth *= 2
        logs += np.log((right or 1 / smooth) / all_of_them) / 4
    return np.exp(logs + min(0, 1 - ref_length / length)) if rest[0] else 0


def chrf_counts(answers, refs):
    """Of the best reference of each row: for n-grams of 1 to 6 characters answers, references and what they share."""
    def row(answer, ref):
        a, b = "".join(answer.split()), "".join(ref.split())
        pairs = [(ngrams(a, n), ngrams(b, n)) for n in range(1, 7)]
        return np.array([v for x, y in pairs for v in (sum(x.values()), sum(y.values()), sum((x & y).values()))], float)
    return np.array([max((row(a, r) for r in rs), key=chrf) for a, rs in zip(answers, refs)])


def chrf(total):
    answers, refs, both = total.reshape(6, 3).T
    seen = (answers > 0) & (refs > 0)
    if not both.any():
        return 0
    precision, recall = np.mean(both[seen] / answers[seen]), np.mean(both[seen] / refs[seen])
    return 5 * precision * recall / (4 * precision + recall)


# The metrics of a task, that which decides first: name, counts of rows, value of their sum.
METRICS = {
    "classification": [("accuracy", counts, accuracy), ("f1_macro", counts, macro_f1),
                       ("matthews_correlation", counts, matthews)],
    "regression": [("pearson", moments, correlation), ("spearman", rank_moments, correlation)],
    "ner": [("f1", entity_counts, f1)],
    "translation": [("bleu", bleu_counts, bleu), ("chrf", chrf_counts, chrf)],
    "summarization": [("rouge1", *mean(rouge(1))), ("rouge2", *mean(rouge(2))), ("rougeL", *mean(rouge_l))],
    "question_answering": [("f1", *mean(answer_f1)), ("exact_match", *mean(exact))],
    "seq2seq": [("exact_match", *mean(lambda answer, ref: float(answer.strip() == ref.strip())))],
}


def decisive(task, answers, refs):
    """The metric that decides, for a choice."""
    _, rows, value = METRICS[task][0]
    return value(rows(answers, refs).sum(0))


def score(task, answers, refs, samples=1000):
    """All metrics of a task, and the 95 % interval (bootstrap over rows) of the first, in points."""
    values, interval = {}, None
    for name, rows, value in METRICS[task]:
        r = rows(answers, refs)
        values[name] = 100 * float(value(r.sum(0)))
        if interval is None:
            weights = np.random.default_rng(1).multinomial(len(r), np.full(len(r), 1 / len(r)), samples)
            interval = [100 * float(v) for v in np.percentile([value(w @ r) for w in weights], [2.5, 97.5])]
    return values, interval
