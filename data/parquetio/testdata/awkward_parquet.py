#!/usr/bin/env python3
"""Write parquet files as awkward as pyarrow, polars and duckdb can, and beside each what pyarrow reads from it.

  python3 -m venv ../awkward-venv && ../awkward-venv/bin/pip install pyarrow polars duckdb pandas
  ../awkward-venv/bin/python data/parquetio/testdata/awkward_parquet.py ../awkward
  T5_AWKWARD=$PWD/../awkward go test -run Awkward ./data/parquetio

With --small it writes the few small ones, which lie in the folder `awkward` beside this script and are read by each test:

  ../awkward-venv/bin/python data/parquetio/testdata/awkward_parquet.py --small data/parquetio/testdata/awkward

NAME.json describes NAME.parquet, or the shards in the folder NAME: all columns in their order with the type that t5train
gives them and the text of each value, or why the file cannot be read.
"""
import argparse, base64, datetime, decimal, json, math, pathlib, random

import duckdb, pandas, polars
import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1)
UNITS = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}


class Refused(Exception):
    """A type that t5train does not read, by the name that it has there."""


def leaves(kind, path=(), steps=()):
    """The leaves of an arrow type: path, steps from a row's value to the leaf's, type."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_struct(kind):
        for field in kind:
            yield from leaves(field.type, (*path, field.name), (*steps, field.name))
    elif pa.types.is_map(kind):
        for i, (name, inner) in enumerate((("key", kind.key_type), ("value", kind.item_type))):
            yield from leaves(inner, (*path, name), (*steps, None, i))
    elif hasattr(kind, "value_type") and not pa.types.is_dictionary(kind):
        yield from leaves(kind.value_type, path, (*steps, None))
    else:
        yield ".".join(path), steps, kind.value_type if pa.types.is_dictionary(kind) else kind


def pick(value, steps):
    """The leaf's value or lists of values in a row's value. A step of None goes into a list."""
    if value is None or not steps:
        return value
    if steps[0] is None:
        return [pick(item, steps[1:]) for item in value]
    return pick(value[steps[0]], steps[1:])


def fraction(ticks, unit):
    text = f"{ticks:0{len(str(UNITS[unit])) - 1}d}".rstrip("0") if ticks else ""
    return "." + text if text else ""


def describe(kind):
    """What t5train calls an arrow type, and the function that makes the text of a value."""
    t = pa.types
    if t.is_null(kind):
        return "null", str
    if t.is_boolean(kind):
        return "bool", lambda v: str(v).lower()
    if t.is_integer(kind):
        return "int", str
    if t.is_floating(kind):
        return "float", repr
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return "string", str
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind):
        return "string", lambda v: v  # bytes
    if t.is_decimal(kind):
        return "decimal", lambda v: format(v, "f")
    if t.is_date(kind):
        return "date", lambda v: v.isoformat()
    if t.is_duration(kind):
        return "int", lambda v: str((v.value if isinstance(v, pandas.Timedelta) else v // datetime.timedelta(microseconds=1) * 1000)
                                    * UNITS[kind.unit] // 10**9)
    if t.is_time(kind):
        def clock(v):
            return v.replace(microsecond=0).isoformat() + fraction(v.microsecond, "us")
        return "time", clock
    if t.is_timestamp(kind):
        def stamp(v):
            nanos = v.nanosecond if isinstance(v, pandas.Timestamp) else 0
            v = (v.to_pydatetime(warn=False) if isinstance(v, pandas.Timestamp) else v)
            if v.tzinfo:
                v = v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
            whole = v.replace(microsecond=0).isoformat()
            return whole + fraction(v.microsecond * 1000 + nanos, "ns") + ("Z" if kind.tz else "")
        return "timestamp", stamp
    raise Refused("fixed-length bytes" if t.is_fixed_size_binary(kind) else str(kind))


def texts(value, text):
    if isinstance(value, list):
        return [texts(item, text) for item in value]
    return None if value is None else text(value)


def expected(table):
    columns = []
    for field in table.schema:
        rows = table.column(field.name).to_pylist()
        for name, steps, kind in leaves(field.type, (field.name,)):
            column = {"name": name}
            columns.append(column)
            try:
                column["type"], text = describe(kind)
            except Refused as refused:
                column["type"], column["refused"] = str(refused), True
            lists = steps.count(None)
            column["type"] = "list of " * lists + column["type"]
            if "refused" in column:
                continue
            values = [texts(pick(row, steps), text) for row in rows]
            if "binary" in str(kind):
                column["base64"] = True
                values = [texts(v, lambda b: base64.b64encode(b).decode()) for v in values]
            column["values"] = values
    return {"rows": table.num_rows, "columns": columns}


class Folder:
    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def note(self, name, **what):
        (self.path / (name + ".json")).write_text(json.dumps(what, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")

    def file(self, name):
        return str(self.path / (name + ".parquet"))

    def read(self, name, error="", refused=()):
        """Note what pyarrow reads from a file that is there; refused are columns that t5train reads in no way."""
        if error:
            return self.note(name, error=error)
        what = expected(pq.ParquetFile(self.file(name)).read())
        for column in what["columns"]:
            if column["name"] in refused:
                column.update(refused=True, type=refused[column["name"]])
                column.pop("values", None)
        self.note(name, **what)

    def write(self, name, table, error="", refused=(), **options):
        pq.write_table(table, self.file(name), **options)
        self.read(name, error, refused)

    def shards(self, name, *tables, error=""):
        """error names columns that only t5train's rules refuse, and why: {column: part of the error}."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        for i, table in enumerate(tables):
            pq.write_table(table, folder / f"train-{i:05d}.parquet")
        shared = [n for n in tables[0].column_names if n not in (error or {}) and all(n in t.column_names for t in tables)]
        whole = pa.concat_tables([t.select(shared) for t in tables], promote_options="permissive")
        what = expected(whole)
        what["errors"] = error or {}
        self.note(name, **what)


def nothing_sometimes(rng, value, share=0.15):
    return None if rng.random() < share else value


WORDS = ["", "a", "the quick brown fox", "naïve", "日本語", "\U0001F600 grin", "tab\tnewline\n", "nul\0byte", "x" * 300, "\ufeffbom", "a.b", '"quoted"']


def flat(rows, seed=0):
    """A column of each type that holds single values, with nulls."""
    rng = random.Random(seed)
    def column(kind, value):
        return pa.array([nothing_sometimes(rng, value(i)) for i in range(rows)], kind)
    def moment(i):
        return EPOCH + datetime.timedelta(seconds=rng.randrange(-10**9, 3 * 10**9), milliseconds=rng.randrange(1000))
    def number(digits):
        return lambda i: decimal.Decimal(rng.randrange(-10**digits + 1, 10**digits)).scaleb(-(digits // 2), decimal.Context(prec=90))
    table = {
        "string": column(pa.string(), lambda i: rng.choice(WORDS)),
        "large_string": column(pa.large_string(), lambda i: rng.choice(WORDS) * (i % 3)),
        "string_view": column(pa.string_view(), lambda i: rng.choice(WORDS)),
        "binary": column(pa.binary(), lambda i: rng.randbytes(i % 20)),
        "large_binary": column(pa.large_binary(), lambda i: rng.randbytes(i % 5)),
        "dictionary": column(pa.string(), lambda i: rng.choice(WORDS)).dictionary_encode(),
        "bool": column(pa.bool_(), lambda i: rng.random() < 0.5),
        "decimal32": column(pa.decimal32(7, 3), number(7)).cast(pa.decimal32(7, 3)),
        "decimal64": column(pa.decimal64(17, 8), number(17)),
        "decimal128": column(pa.decimal128(37, 18), number(37)),
        "decimal256": column(pa.decimal256(76, 38), number(76)),
        "decimal_whole": column(pa.decimal128(5, 0), lambda i: decimal.Decimal(i - 3)),
        "date32": column(pa.date32(), lambda i: moment(i).date()),
        "date64": column(pa.date64(), lambda i: moment(i).date()),
        "time32_s": column(pa.time32("s"), lambda i: moment(i).time().replace(microsecond=0)),
        "time32_ms": column(pa.time32("ms"), lambda i: moment(i).time()),
        "time64_us": column(pa.time64("us"), lambda i: moment(i).time().replace(microsecond=rng.randrange(10**6))),
        "time64_ns": column(pa.time64("ns"), lambda i: moment(i).time()),
        "float16": column(pa.float16(), lambda i: rng.choice([0.0, -0.0, 1.5, 65504.0, 6e-8, math.inf, -math.inf, math.nan])),
        "float32": column(pa.float32(), lambda i: rng.choice([rng.uniform(-1e30, 1e30), math.nan, math.inf, -0.0])),
        "float64": column(pa.float64(), lambda i: rng.choice([rng.uniform(-1e300, 1e300), math.nan, -math.inf, 5e-324])),
        "null": pa.nulls(rows),
        "all_null_strings": pa.nulls(rows, pa.string()),
        "constant": pa.array(["same"] * rows),
        "duration": column(pa.duration("us"), lambda i: datetime.timedelta(microseconds=i * 12345678901)),
        "fixed": column(pa.binary(3), lambda i: rng.randbytes(3)),
        "json": column(pa.json_(pa.string()), lambda i: '{"a": %d}' % i),
    }
    for bits in 8, 16, 32, 64:
        table[f"int{bits}"] = column(getattr(pa, f"int{bits}")(), lambda i: rng.randrange(-2 ** (bits - 1), 2 ** (bits - 1)))
        table[f"uint{bits}"] = column(getattr(pa, f"uint{bits}")(), lambda i: rng.randrange(2 ** min(bits, 63)))
    for unit in "s", "ms", "us", "ns":
        for zone in None, "UTC", "Asia/Kolkata":
            table[f"timestamp_{unit}_{zone}"] = column(pa.timestamp(unit, zone), lambda i: moment(i).replace(microsecond=0) if unit == "s" else moment(i))
    # Values that are there in each row have no null markers.
    fields = [pa.field(n, a.type) for n, a in table.items()] + [pa.field("required", pa.int64(), nullable=False), pa.field("required text", pa.string(), nullable=False)]
    arrays = [*table.values(), pa.array(range(rows), pa.int64()), pa.array([rng.choice(WORDS) for _ in range(rows)])]
    return pa.table(arrays, schema=pa.schema(fields))


SHAPES = {
    "strings": pa.list_(pa.string()),
    "large_list": pa.large_list(pa.large_string()),
    "lists": pa.list_(pa.list_(pa.int32())),
    "deep": pa.list_(pa.list_(pa.list_(pa.list_(pa.bool_())))),
    "fixed_list": pa.list_(pa.int16(), 3),
    "struct": pa.struct([("en", pa.string()), ("de", pa.string())]),
    "structs": pa.struct([("inner", pa.struct([("x", pa.float32()), ("more", pa.struct([("y", pa.date32())]))])), ("z", pa.int8())]),
    "answers": pa.struct([("text", pa.list_(pa.string())), ("answer_start", pa.list_(pa.int32()))]),
    "list_of_structs": pa.list_(pa.struct([("text", pa.string()), ("score", pa.float64()), ("tags", pa.list_(pa.string()))])),
    "struct_of_lists_of_structs": pa.struct([("a", pa.list_(pa.struct([("b", pa.list_(pa.struct([("c", pa.int64())])))])))]),
    "map": pa.map_(pa.string(), pa.int32()),
    "map_to_lists": pa.map_(pa.int64(), pa.list_(pa.struct([("x", pa.string())]))),
    "list_of_maps": pa.list_(pa.map_(pa.string(), pa.string())),
    "list": pa.struct([("element", pa.list_(pa.string())), ("list", pa.list_(pa.int32())), ("array", pa.string())]),
    "key_value": pa.struct([("key", pa.string()), ("value", pa.list_(pa.string()))]),
    "one field": pa.list_(pa.struct([("element", pa.string())])),
    "nulls": pa.list_(pa.null()),
    "decimals": pa.list_(pa.decimal128(9, 2)),
    "times": pa.list_(pa.timestamp("ms", "UTC")),
    "halves": pa.list_(pa.float16()),
    "fixed": pa.list_(pa.binary(2)),
}


def sample(rng, kind, size=4, nullable=True):
    """A random value of an arrow type; each level is null at times."""
    if nullable and rng.random() < 0.12:
        return None
    t = pa.types
    if t.is_struct(kind):
        return {f.name: sample(rng, f.type, size, f.nullable) for f in kind}
    if t.is_map(kind):
        return [(sample(rng, kind.key_type, size, False), sample(rng, kind.item_type, size)) for _ in range(rng.randrange(size))]
    if t.is_fixed_size_list(kind):
        return [sample(rng, kind.value_type, size) for _ in range(kind.list_size)]
    if t.is_list(kind) or t.is_large_list(kind):
        return [sample(rng, kind.value_type, size, kind.value_field.nullable) for _ in range(rng.randrange(size))]
    if t.is_boolean(kind):
        return rng.random() < 0.5
    if t.is_integer(kind):
        return rng.randrange(-100, 100)
    if t.is_floating(kind):
        return float(rng.randrange(-8, 8)) / 4
    if t.is_date(kind):
        return datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randrange(400))
    if t.is_timestamp(kind):
        return EPOCH + datetime.timedelta(milliseconds=rng.randrange(2 * 10**12))
    if t.is_decimal(kind):
        return decimal.Decimal(rng.randrange(-10**6, 10**6)).scaleb(-2)
    if t.is_fixed_size_binary(kind):
        return rng.randbytes(kind.byte_width)
    return None if t.is_null(kind) else rng.choice(WORDS)


def nested(rows, seed=0, size=4):
    rng = random.Random(seed)
    return pa.table({name: pa.array([sample(rng, kind, size) for _ in range(rows)], kind) for name, kind in SHAPES.items()})


def with_features(table):
    names = {"names": ["O", "B-x", "I-x"], "_type": "ClassLabel"}
    features = {
        "label": names, "tags": {"feature": names, "_type": "List"}, "old_tags": [names], "turns": {"act": names, "text": {"dtype": "string", "_type": "Value"}},
        "spans": {"feature": {"kind": names, "at": {"dtype": "int32", "_type": "Value"}}, "length": -1, "_type": "Sequence"},
    }
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def small(out):
    """Each concept once, in files of a few kilobytes."""
    lean = {"store_schema": False, "write_statistics": False}
    out.write("nested", nested(8), compression="zstd", **lean)
    paged = nested(14, 1).select(["strings", "deep", "answers", "list_of_structs", "map_to_lists"])
    out.write("nested_pages", paged, data_page_size=50, write_batch_size=3, use_dictionary=False, compression="snappy", **lean)
    out.write("flat", flat(8), refused={"fixed": "fixed-length bytes"}, compression="zstd", **lean)
    lists = pa.table({"tokens": [["w"] * 150, [], None, [str(i % 9) for i in range(150)], ["end"]], "ids": [[], list(range(150)), [None], None, [7]]})
    out.write("long_lists", lists, data_page_size=100, write_batch_size=64, use_dictionary=False, compression="zstd")
    typed = {"label": pa.array([0, 2, None]), "tags": pa.array([[0, 1], [], None]), "old_tags": pa.array([[2], [1, 1], [0]]),
             "turns": pa.array([{"act": 1, "text": "hi"}, None, {"act": None, "text": "b"}]),
             "spans": pa.array([{"kind": [1, 2], "at": [3, 4]}, {"kind": [], "at": []}, None])}
    out.write("features", with_features(pa.table(typed)))
    tagged = json.loads((out.path / "features.json").read_text())
    for column in tagged["columns"]:
        if column["name"] in ("label", "tags", "old_tags", "turns.act", "spans.kind"):
            column["labels"] = ["O", "B-x", "I-x"]
    out.note("features", **tagged)
    encodings(out, 12, ["string", "decimal128", "int32", "int64", "float16", "float32", "float64", "bool"])
    out.write("names", pa.table({"a.dotted.name": [1, 2], "": ["x", None], "with space": [[1], []], "ünï": [{"é.è": 1}, None]}))
    out.write("lz4", pa.table({"x": ["a", "b"] * 40, "y": [[1, 2], None] * 40}), compression="lz4")
    first = pa.table({"text": ["a", "b"], "n": pa.array([1, 2], pa.int32()), "tags": [["x"], []], "odd": [b"a", b"b"], "only": [1, 2]})
    second = pa.table({"odd": [{"x": 1}], "tags": pa.nulls(1), "n": pa.array([3], pa.int64()), "text": pa.array(["c"], pa.large_string()), "extra": [1.5]})
    third = pa.table({"text": pa.nulls(1), "n": pa.array([4], pa.uint8()), "tags": pa.array([[None]], pa.list_(pa.null())), "odd": [1]})
    out.shards("shards", first, second, third.slice(0, 0), third, error={"odd": "", "only": "missing in"})
    groups = pq.ParquetWriter(out.file("row_groups"), lists.schema)
    for table in lists.slice(0, 0), lists.slice(0, 1), lists.slice(0, 0), lists.slice(1, 3), lists.slice(4):
        groups.write_table(table)
    groups.close()
    out.read("row_groups")
    polars.DataFrame(POLARS).write_parquet(out.file("polars"), compression="snappy", row_group_size=3, statistics=False)
    out.read("polars")
    sql(out, "duckdb", 7, "(FORMAT parquet, COMPRESSION gzip)")


POLARS = {
    "list": [["a", None], [], None, ["b"]],
    "struct": [{"x": 1, "y": [1.5]}, None, {"x": None, "y": None}, {"x": 2, "y": []}],
    "structs": [[{"k": "a", "v": [1]}], [], None, [{"k": None, "v": None}, {"k": "b", "v": []}]],
    "array": polars.Series([[1, 2], [3, 4], None, [5, None]], dtype=polars.Array(polars.Int32, 2)),
    "category": polars.Series(["x", "y", None, "x"], dtype=polars.Categorical),
    "enum": polars.Series(["x", "y", None, "x"], dtype=polars.Enum(["y", "x"])),
    "decimal": polars.Series([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25"), decimal.Decimal(0)], dtype=polars.Decimal(20, 2)),
    "date": [datetime.date(2024, 2, 29), None, datetime.date(1900, 1, 1), datetime.date(9999, 12, 31)],
    "time": [datetime.time(1, 2, 3, 4), None, datetime.time(0), datetime.time(23, 59, 59, 999999)],
    "datetime": [datetime.datetime(2024, 2, 29, 1, 2, 3, 4), None, datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31)],
    "nothing": polars.Series([None] * 4, dtype=polars.Null),
    "binary": [b"\xff", None, b"", b"ab"],
    "bool": [True, None, False, True],
    "small": polars.Series([1, None, -128, 127], dtype=polars.Int8),
    "unsigned": polars.Series([1, None, 2**32 - 1, 0], dtype=polars.UInt32),
}


def sql(out, name, rows, options, version=""):
    """Columns of duckdb's types, nested and not, of which an interval and a UUID are refused."""
    duckdb.sql(f"""COPY (SELECT i, CASE WHEN i % 3 > 0 THEN [i, NULL, i * 2] END AS list, {{'a': i::VARCHAR, 'b': [[i], [], NULL]}} AS struct,
        MAP {{'k' || i: [i]}} AS map, [{{'x': i, 'y': NULL}}] AS structs, i::DECIMAL(20, 3) / 4 AS decimal, i::DECIMAL(38, 10) AS wide,
        DATE '2024-01-31' + i::INT AS date, TIME '12:34:56.789' AS time, TIMESTAMP '2024-01-31 12:34:56.789012' AS stamp,
        TIMESTAMP_NS '2024-01-31 12:34:56.789012345' AS nanos, TIMESTAMPTZ '2024-01-31 12:34:56+02' AS zoned,
        'k' || (i % 3)::VARCHAR AS text, encode('b' || i) AS blob, i % 2 = 0 AS bool, i::FLOAT / 3 AS real, (i % 100)::TINYINT AS tiny, i::UBIGINT AS big,
        ('x' || (i % 2))::ENUM('x0', 'x1') AS enum, '{{"j": 1}}'::JSON AS json, '6f2d3c1e-0000-4000-8000-00000000000a'::UUID AS uuid, INTERVAL 1 DAY AS interval
        FROM range({rows}) t(i)) TO '{out.file(name)}' {options}""")
    out.read(name, refused={"uuid": "uuid", "interval": "interval"})


def encodings(out, rows, names):
    table = flat(rows, 5).select(names)
    for encoding, kinds in {
        "PLAIN": names, "DELTA_BINARY_PACKED": ["int32", "int64"], "DELTA_LENGTH_BYTE_ARRAY": ["string"],
        "DELTA_BYTE_ARRAY": ["string", "decimal128"], "BYTE_STREAM_SPLIT": ["float16", "float32", "float64", "int32", "int64", "decimal128"], "RLE": ["bool"],
    }.items():
        chosen = table.select([n for n in names if n in kinds])
        for version in ("1.0", "2.0") if rows > 100 else ("1.0",):
            out.write(f"encoding_{encoding}_{version}", chosen, column_encoding={n: encoding for n in chosen.column_names},
                      use_dictionary=False, data_page_version=version, data_page_size=2000, compression="zstd")


def large(out):
    """What the small ones leave out: every combination, many rows, many row groups, many columns."""
    for version in "1.0", "2.0":
        for codec in "none", "snappy", "gzip", "brotli", "zstd":
            out.write(f"flat_{version}_{codec}", flat(3000, 2), refused={"fixed": "fixed-length bytes"}, data_page_version=version, compression=codec, data_page_size=3000)
            out.write(f"nested_{version}_{codec}", nested(3000, 3), data_page_version=version, compression=codec, data_page_size=1000, write_batch_size=17)
        out.write(f"checksums_{version}", nested(500, 4), data_page_version=version, write_page_checksum=True, write_page_index=True)
        out.write(f"long_rows_{version}", nested(60, 5, 60).select(["strings", "lists", "list_of_structs", "map"]), data_page_version=version, data_page_size=500, write_batch_size=11)
        rng = random.Random(8)
        huge = pa.table({"n": [list(range(rng.randrange(200000))) for _ in range(6)], "t": [["x" * rng.randrange(30)] * rng.randrange(90000) for _ in range(6)]})
        out.write(f"huge_lists_{version}", huge, data_page_version=version, data_page_size=4000)
    for version in "1.0", "2.4", "2.6":
        kept = [n for n in flat(1).column_names if version != "1.0" or "time" not in n]
        out.write(f"format_{version}", flat(300, 6).select(kept), refused={"fixed": "fixed-length bytes"}, version=version)
    encodings(out, 5000, flat(1).column_names)
    out.write("no_arrow_schema", nested(300, 7), store_schema=False)
    out.write("old_lists", nested(300, 7), use_compliant_nested_type=False)
    stamps = [n for n in flat(1).column_names if n.startswith("timestamp")]
    out.write("int96", flat(300, 8).select(stamps), use_deprecated_int96_timestamps=True, store_schema=False)
    out.write("coerced", flat(300, 8).select(stamps), coerce_timestamps="ms", allow_truncated_timestamps=True)
    out.write("decimals_as_integers", flat(300, 9).select(["decimal32", "decimal64", "decimal128", "decimal256"]), store_decimal_as_integer=True)
    out.write("dictionary_overflow", pa.table({"x": [f"word {i % 5000}" for i in range(30000)], "y": [[i % 700] for i in range(30000)]}),
              dictionary_pagesize_limit=2000, data_page_size=5000)
    out.write("groups_of_one", nested(200, 10), row_group_size=1)
    out.write("no_rows", nested(0))
    pq.ParquetWriter(out.file("no_groups"), nested(0).schema).close()
    out.read("no_groups")
    out.write("no_columns", pa.table({}))
    out.write("wide", pa.table({f"c{i}": [i, None] if i % 2 else [[i], None] for i in range(3000)}))
    out.write("large_strings", pa.table({"x": ["é" * 3_000_000, "", "y" * 5_000_000], "l": [["z" * 2_000_000] * 3, None, []]}))
    out.write("codec_each", pa.table({"a": ["x"], "b": [1]}), compression={"a": "lz4", "b": "snappy"})
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a.b", "a.b", "c"])
    for name, table in {"one_name_twice": twice, "one_path_twice": pa.table({"a": [{"b": 1}], "a.b": [2], "c": [3]})}.items():
        pq.write_table(table, out.file(name))
        out.note(name, rows=1, columns=[{"name": "c", "type": "int", "values": ["3"]}], errors={"a.b": "twice"})
    for codec in "uncompressed", "snappy", "gzip", "brotli", "zstd":
        name = f"polars_{codec}"
        frame = polars.concat([polars.DataFrame(POLARS)] * 300)
        frame.write_parquet(out.file(name), compression=codec, row_group_size=333, data_page_size=500, statistics="full")
        out.read(name)
    polars.DataFrame(POLARS).write_parquet(out.file("polars_lz4"), compression="lz4")
    out.read("polars_lz4")
    for version in "V1", "V2":
        sql(out, f"duckdb_{version}", 10000, f"(FORMAT parquet, PARQUET_VERSION {version}, ROW_GROUP_SIZE 3000)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="only the files that the project keeps")
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.folder.exists() and any(arguments.folder.iterdir()):
        parser.error(f"{arguments.folder} is not empty: remove it, or give another folder")
    folder = Folder(arguments.folder)
    small(folder)
    if not arguments.small:
        large(folder)
    print(f"{len(list(folder.path.glob('*.json')))} files in {folder.path}")
