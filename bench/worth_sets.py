"""Sets of worth.py: folders of parquet, and what t5train finds in their schema (data/task/infer*.go)."""
import argparse, glob, json, os, random, re, shlex

PAIRS = [("sentence1", "sentence2"), ("question1", "question2"), ("hypothesis", "premise"), ("question", "sentence"),
         ("passage", "question"), ("text1", "text2"), ("text_a", "text_b")]
TEXTS = ["text", "sentence", "sms", "content", "review", "comment", "message", "tweet", "document", "question", "query",
         "body"]
SUMMARIES = [("document", "summary"), ("article", "highlights"), ("article", "summary"), ("text", "summary"),
             ("dialogue", "summary"), ("source", "target")]
TARGETS = [("input", "target"), ("inputs", "targets"), ("input", "output"), ("prompt", "completion"),
           ("input_text", "target_text"), ("question", "answer"), ("word", "phonemes")]
NUMBERS = ["label", "labels", "score", "similarity_score", "rating", "stars"]
LABELS = ["label", "labels", "coarse_label", "intent", "category", "class", "sentiment"]


def flat(schema):
    """The columns: name with the structs that it lies in -> type."""
    found = {}
    for field in schema:
        if str(field.type).startswith("struct"):
            found |= {f"{field.name}.{f.name}": f.type for f in field.type}
        else:
            found[field.name] = field.type
    return found


def class_names(schema):
    """Names of classes of the columns that have them, from the metadata of Hugging Face data sets."""
    features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    found = {}
    for name, feature in features.items():
        item = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
        if isinstance(item, dict) and item.get("names"):
            found[name] = item["names"]
    return found


def describe(schema, flags):
    """The task, its columns and the flags of finetune. Columns of flags are taken as they are."""
    columns, classes = flat(schema), class_names(schema)
    strings = [n for n, t in columns.items() if str(t) in ("string", "large_string") and not re.search(
        r"^(id|idx|index|guid|uuid|key|url|hash)$|[_-](id|idx|uuid)$", n.split(".")[-1], re.I)]
    lists = [n for n, t in columns.items() if "list" in str(t)]
    numbers = [n for n, t in columns.items() if str(t) in ("float", "double", "halffloat")]
    p = argparse.ArgumentParser(add_help=False)
    for name in ("task", "label-column", "target-column"):
        p.add_argument("--" + name)
    p.add_argument("--text-column", action="append")
    given, _ = p.parse_known_args(shlex.split(flags))
    has = lambda names, among: next((n for n in names if n in among), None)
    more = []

    question, context = has(["question", "query"], strings), has(["context", "passage", "paragraph"], strings)
    answers = has(["answers.text", "answers", "answer", "answer_text"], columns)
    tokens, tags = has(["tokens", "words"], lists), has(["ner_tags", "tags", "ner", "labels"], lists)
    single = [n for n in classes if n in columns and n not in lists]
    label = given.label_column or has(LABELS, single) or (single or [None])[0] or has(LABELS, set(columns) - set(lists))
    languages = [n for n in strings if re.fullmatch("[a-z]{2,3}", n.split(".")[-1])]
    none = (None, None)
    summary = next((pair for pair in SUMMARIES if set(pair) <= set(columns)), none)
    pair = next((pair for pair in TARGETS + SUMMARIES if set(pair) <= set(columns)), none)
    task = given.task
    if not task:
        if tokens and tags:
            task = "ner"
        elif question and context and answers:
            task = "question_answering"
        elif label:
            task = "regression" if label in numbers else "classification"
        elif len(languages) == 2:
            task = "translation"
        elif pair != none:
            task = "summarization" if summary != none else "seq2seq"
        elif len(numbers) == 1:
            task = "regression"
        else:
            raise ValueError(f"no task fits the columns {', '.join(columns)}: name it with --flags '... --task ...'")
        more = ["--task", task]
    if task in ("classification", "regression"):
        if task == "regression" and not given.label_column:
            label = numbers[0] if len(numbers) == 1 else has(NUMBERS, columns)
        elif not given.label_column and len(single) != 1 and label not in ("label", "labels"):
            more += ["--label-column", label]
        texts = [n for n in strings if n != label]
        known = [list(p) for p in PAIRS if set(p) <= set(texts)] or [[n] for n in texts if n in TEXTS]
        texts = texts if len(texts) == 1 or not known else known[0]
        target = label
    else:
        texts, target = {"ner": ([tokens], given.label_column or tags),
                         "question_answering": ([question, context], answers),
                         "translation": (languages[:1], languages[-1] if len(languages) == 2 else None),
                         "summarization": (summary[:1], summary[-1]), "seq2seq": (pair[:1], pair[-1])}[task]
    texts, target = given.text_column or list(texts), given.target_column or target
    return task, texts, target, more + shlex.split(flags)


def column(table, path):
    first, *rest = path.split(".") if path not in table.column_names else [path]
    values = table.column(first).to_pylist()
    for name in rest:
        values = [v and v[name] for v in values]
    return values


def read(folder, split):
    import pyarrow.parquet as pq
    files = sorted(glob.glob(os.path.join(folder, split + "-*.parquet")))
    return pq.read_table(files) if files else None


def with_names(tables, name):
    """Gives a column of labels without class names those of all splits: a sample of rows may lack some of them."""
    import pyarrow as pa
    values = [column(t, name) for t in tables]
    inner = [v for c in values for row in c for v in (row if isinstance(row, list) else [row])]
    names = sorted({str(v) for v in inner if v is not None and v != -1})
    place = {n: i for i, n in enumerate(names)}
    number = lambda v: [number(x) for x in v] if isinstance(v, list) else place.get(str(v), -1)
    lists = any(isinstance(v, list) for v in values[0])
    feature = {"names": names, "_type": "ClassLabel"}
    for t, c in zip(tables, values):
        info = json.loads((t.schema.metadata or {}).get(b"huggingface", b'{"info": {"features": {}}}'))
        info["info"]["features"][name] = {"feature": feature, "_type": "List"} if lists else feature
        numbers = pa.array([number(v) for v in c], pa.list_(pa.int64()) if lists else pa.int64())
        t = t.set_column(t.column_names.index(name), name, numbers)
        yield t.replace_schema_metadata({**(t.schema.metadata or {}), b"huggingface": json.dumps(info)})


class Set:
    """Rows of a folder: train, those that choices use, those that give the figure, and what the task is."""

    def __init__(self, folder, flags):
        train, validation, test = (read(folder, s) for s in ("train", "validation", "test"))
        if train is None:
            raise ValueError(f"no train-*.parquet in {folder}")
        self.task, self.texts, self.target, self.flags = describe(train.schema, flags)
        names = class_names(train.schema).get(self.target)
        if self.task in ("classification", "ner") and not names:
            splits = [t for t in (train, validation, test) if t is not None]
            named = dict(zip(map(id, splits), with_names(splits, self.target)))
            train, validation, test = (named.get(id(t)) for t in (train, validation, test))
            names = class_names(train.schema)[self.target]
        self.names = names
        train, validation, test = (self.complete(t) for t in (train, validation, test))
        self.scored_on, self.chosen_on = ("test", "validation") if test is not None else ("validation", "train")
        if test is None and validation is None:
            raise ValueError(f"neither validation-*.parquet nor test-*.parquet with labels in {folder}")
        if test is None or validation is None:  # choices use rows that no sample has
            order = list(range(train.num_rows))
            random.Random(0).shuffle(order)
            held = min(1000, len(order) // 10)
            test = validation if test is None else test
            validation, train = train.take(order[:held]), train.take(sorted(order[held:]))
            self.chosen_on = "train"
        self.train, self.dev, self.test = train, validation, test

    def complete(self, table):
        """The rows that have a target, or None."""
        if table is None:
            return None
        keep = [i for i, v in enumerate(column(table, self.target)) if v is not None and v != -1]
        return table.take(keep) if keep else None

    def sample(self, rows, seed):
        order = list(range(self.train.num_rows))
        random.Random(seed).shuffle(order)
        return self.train.take(order if rows == "all" else order[:int(rows)])

    def examples(self, table):
        """Texts and target of each row: a label, a number, entities, or the texts that are right."""
        texts = [[" ".join(v) if isinstance(v, list) and self.task != "ner" else v or "" for v in row]
                 for row in zip(*(column(table, c) for c in self.texts))]
        return list(zip(texts, map(self.answer, column(table, self.target))))

    def answer(self, value):
        if self.task == "classification":
            return self.names[value]
        if self.task == "regression":
            return float(value)
        if self.task == "ner":
            from worth_baselines import entities_of
            return entities_of([self.names[v] for v in value])
        return (value or ["unanswerable"]) if isinstance(value, list) else [value]
