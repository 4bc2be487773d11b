package table

// Column describes a leaf of the schema: the columns of a flat file are its leaves. A leaf inside of structs, lists and
// maps is named by its path, without the levels that Parquet puts between a list and its items:
//
//	translation: struct{en, de: string}          translation.en, translation.de
//	tokens: list of string                       tokens (Lists 1)
//	answers: list of struct{text, start}         answers.text, answers.start (Lists 1 each, equally long)
//	m: map of string to list of int              m.key (Lists 1), m.value (Lists 2)
//
// Bytes of a name that are no UTF-8 are escaped: caf\xe9.
type Column struct {
	Name        string
	Type        string   // of a single value: TypeString, TypeInt, ... or the name of a type that cannot be read
	Lists       int      // 0: a row holds a value, 1: a list of them, 2: a list of lists, ...
	Nullable    bool     // a row may hold null in some shard; items of a list always may
	ClassLabels []string // names of the classes 0, 1, ... when the schema declares a ClassLabel, else nil
}

// FullType returns the type with its lists: "list of list of int".
func (c Column) FullType() string {
	name := c.Type
	for range c.Lists {
		name = "list of " + name
	}
	return name
}

// Types of values that can be read. Columns of any other type (interval, fixed-length bytes, ...) are listed under a
// name that says what they are, and cannot be read.
const (
	TypeString    = "string" // text, and bytes without an annotation
	TypeInt       = "int"
	TypeFloat     = "float"
	TypeBool      = "bool"
	TypeDate      = "date"      // cells are strings: 2024-02-29
	TypeTime      = "time"      // cells are strings: 23:59:59.25
	TypeTimestamp = "timestamp" // cells are strings: 2024-02-29T23:59:59.25, with a Z behind where the schema says UTC
	TypeDecimal   = "decimal"   // cells are strings with all digits of the scale: -12.50
	TypeNull      = "null"      // there are only null cells
)

// Readable says whether [parquetio.Dataset.Scan] can read the column.
func (c Column) Readable() bool {
	switch c.Type {
	case TypeString, TypeInt, TypeFloat, TypeBool, TypeDate, TypeTime, TypeTimestamp, TypeDecimal, TypeNull:
		return true
	}
	return false
}

// ReadableTypes lists the types of readable columns, for messages.
const ReadableTypes = "string, int, float, bool, date, time, timestamp, decimal and null"
