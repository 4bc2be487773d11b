"""What a user would otherwise take, for each task: simple methods in scikit-learn and numpy, in seconds of CPU.

A baseline gets rows of training and development as (texts, target) and texts to answer, and returns the answers. What
it chooses is chosen on the development rows, by the metric that decides.
"""
import collections, re

import numpy as np

from worth_metrics import decisive


def best(task, candidates, dev, texts):
    """The answers to texts of the function that is best on the development rows."""
    inputs, refs = zip(*dev)
    return max(candidates, key=lambda f: decisive(task, f(inputs), refs))(texts)


def constant(task, train, texts):
    """The answer that suits most rows without a look at the input."""
    if task == "ner":
        return [[]] * len(texts)
    if task == "regression":
        return [float(np.mean([y for _, y in train]))] * len(texts)
    targets = collections.Counter(y if task == "classification" else y[0] for _, y in train)
    return [targets.most_common(1)[0][0]] * len(texts)


def vectors():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    return make_union(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                      TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=100000))


def joined(inputs):
    return [" [SEP] ".join(texts) for texts in inputs]


def classification(train, dev, texts):
    """TF-IDF of words (1-2) and characters (2-5, inside words), logistic regression, C of 1, 4, 16, 64."""
    from sklearn.linear_model import LogisticRegression
    inputs, labels = zip(*train)
    if len(set(labels)) < 2:
        return constant("classification", train, texts)
    features = vectors()
    x = features.fit_transform(joined(inputs))
    models = [LogisticRegression(C=c, max_iter=1000).fit(x, labels) for c in (1, 4, 16, 64)]
    candidates = [lambda t, m=m: m.predict(features.transform(joined(t))).tolist() for m in models]
    return best("classification", candidates, dev, texts)


def regression(train, dev, texts):
    """Ridge over TF-IDF; of pairs over both, over what they share and over how alike they are."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import Ridge
    inputs, targets = zip(*train)
    features = vectors().fit([t for texts in inputs for t in texts])

    def likeness(a, b):
        a, b = (set(re.findall(r"\w+", t.lower())) for t in (a, b))
        both, least, most = len(a & b), min(len(a), len(b)), max(len(a), len(b), 1)
        return [both / max(1, len(a | b)), both / max(1, least), both / most, least / most]

    def matrix(inputs):
        parts = [features.transform(column) for column in zip(*inputs)]
        if len(parts) != 2:
            return hstack(parts).tocsr()
        a, b = parts
        shared = a.multiply(b)
        alike = np.array([likeness(*pair) for pair in inputs])
        return hstack([a, b, shared, csr_matrix(np.hstack([shared.sum(1), alike, alike ** 2]))]).tocsr()

    x = matrix(inputs)
    models = [Ridge(alpha=a).fit(x, targets) for a in (0.01, 0.1, 1, 10, 100)]
    return best("regression", [lambda t, m=m: m.predict(matrix(t)).tolist() for m in models], dev, texts)


def ner(train, dev, texts):
    """Logistic regression over a word, its two neighbours on each side and their shapes; C of 1, 10."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    def shape(word):
        word = re.sub(r"[A-Z]", "X", re.sub(r"[a-z]", "x", re.sub(r"\d", "0", word)))
        return re.sub(r"(.)\1+", r"\1\1", word)

    def features(words, i):
        found = {"bias": 1}
        for at in range(-2, 3):
            word = words[i + at] if 0 <= i + at < len(words) else "<none>"
            found[f"word{at}={word.lower()}"] = found[f"shape{at}={shape(word)}"] = 1
        word = words[i].lower()
        return found | {f"start={word[:3]}": 1, f"end={word[-3:]}": 1}

    def rows(lists):
        return [features(words, i) for words in lists for i in range(len(words))]

    def tags(words, entities):
        found = ["O"] * len(words)
        for kind, start, end in entities:
            found[start:end] = ["B-" + kind] + ["I-" + kind] * (end - start - 1)
        return found

    inputs = [words for (words,), _ in train]
    labels = [t for (words,), entities in train for t in tags(words, entities)]
    if len(set(labels)) < 2:
        return constant("ner", train, texts)
    vectorizer = DictVectorizer()
    x = vectorizer.fit_transform(rows(inputs))

    def answer(model):
        def answers(inputs):
            lists = [words for words, in inputs]
            found = iter(model.predict(vectorizer.transform(rows(lists))))
            return [entities_of([next(found) for _ in words]) for words in lists]
        return answers

    return best("ner", [answer(LogisticRegression(C=c, max_iter=200).fit(x, labels)) for c in (1, 10)], dev, texts)


def entities_of(tags):
    """Entities (type, start, end) of tags in any of the IOB schemes, as conlleval finds them."""
    found, kind, start = [], None, 0
    for i, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if kind is not None and (mark in "OBSU" or name != kind):
            found.append((kind, start, i))
            kind = None
        if mark != "O" and kind is None:
            kind, start = name, i
        if mark in "ELSU" and mark != "O":
            found.append((kind, start, i + 1))
            kind = None
    return found


def sentences(text):
    return [s for line in text.splitlines() for s in re.split(r"(?<=[.!?])\s+", line.strip()) if s] or [""]


def summarization(train, dev, texts):
    """The first 1, 2 or 3 sentences."""
    candidates = [lambda t, k=k: [" ".join(sentences(text)[:k]) for text, in t] for k in (1, 2, 3)]
    return best("summarization", candidates, dev, texts)


def question_answering(train, dev, texts):
    """The sentence of the context that has most words of the question."""
    def words(text):
        return set(re.findall(r"\w+", text.lower()))
    return [max(sentences(context), key=lambda s: len(words(s) & words(question))) for question, context in texts]


def translation(train, dev, texts):
    """The input itself, or word by word by a dictionary from co-occurrence: IBM model 1, with the NULL word."""
    def words(text):
        return re.findall(r"\w+|[^\w\s]", text)
    ids = [{None: 0}, {}]  # the NULL word is 0
    number = lambda side, text: [ids[side].setdefault(w, len(ids[side])) for w in words(text)]
    source, target, places, place = [], [], [], 0  # a source word, a target word and which of all target words it is
    for (text,), refs in train:
        s, w = [0, *number(0, text.lower())], number(1, refs[0])
        source.append(np.tile(s, len(w)))
        target.append(np.repeat(w, len(s)))
        places.append(np.repeat(np.arange(place, place + len(w)), len(s)))
        place += len(w)
    source, target, places = (np.concatenate(parts).astype(int) for parts in (source, target, places))
    keys, cell = np.unique(source * len(ids[1]) + target, return_inverse=True)
    of = keys // len(ids[1])  # the source word of each cell
    t = np.ones(len(keys))
    for _ in range(8):
        share = t[cell]
        share /= np.bincount(places, share)[places]
        t = np.bincount(cell, share)
        t /= np.bincount(of, t)[of]
    written = list(ids[1])
    likely = {}
    for i in np.argsort(t):  # the last one, which is the most probable, stays
        likely[of[i]] = written[keys[i] % len(written)]
    known = {w: likely[i] for w, i in ids[0].items() if i in likely}

    def word_by_word(inputs):
        found = [" ".join(known.get(w.lower(), w) for w in words(text)) for text, in inputs]
        return [re.sub(r"\s+([.,;:!?])", r"\1", text) for text in found]

    return best("translation", [word_by_word, lambda t: [text for text, in t]], dev, texts)


def seq2seq(train, dev, texts):
    """The target of the nearest training input, or the input itself."""
    inputs, refs = zip(*train)
    features = vectors()
    x = features.fit_transform(joined(inputs))

    def nearest(t):
        return [refs[int(i)][0] for i in np.asarray((features.transform(joined(t)) @ x.T).argmax(1)).ravel()]

    return best("seq2seq", [nearest, joined], dev, texts)


BASELINES = {f.__name__: f for f in (classification, regression, ner, summarization, question_answering, translation,
                                     seq2seq)}
