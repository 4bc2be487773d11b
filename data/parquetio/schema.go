package parquetio

import (
	"fmt"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Types of columns that can be read. Columns of any other type (list, struct, map, timestamp, ...) are listed
// under a name that says what they are, and cannot be read.
const (
	TypeString = "string"
	TypeInt    = "int"
	TypeFloat  = "float"
	TypeBool   = "bool"
)

// Column describes a top-level column.
type Column struct {
	Name        string
	Type        string   // TypeString, TypeInt, ... or the name of a type that cannot be read
	Nullable    bool     // in any shard
	ClassLabels []string // names of the classes 0, 1, ... when the schema declares a ClassLabel, else nil
}

// Readable says whether [Dataset.Scan] can read the column.
func (c Column) Readable() bool {
	switch c.Type {
	case TypeString, TypeInt, TypeFloat, TypeBool:
		return true
	}
	return false
}

// shardColumn is a column as one file stores it.
type shardColumn struct {
	Column
	leaf     int // index among a row group's column chunks; -1 for a group, which has several
	physical format.Type
	unsigned bool
}

// schemaColumns lists the top-level columns of a schema, which Parquet stores as a tree in depth-first order:
//
//	root(2 children)  sms  answers(1)  list(1)  element
//	  -> sms: leaf 0, answers: a group over leaf 1
//
// leaves is the number of column chunks that each row group must have.
func schemaColumns(schema []format.SchemaElement) (columns []shardColumn, leaves int, err error) {
	if len(schema) == 0 {
		return nil, 0, fmt.Errorf("schema is empty")
	}
	seen := map[string]bool{}
	for at := 1; at < len(schema); {
		element := &schema[at]
		next, under, err := skipSubtree(schema, at)
		if err != nil {
			return nil, 0, err
		}
		if seen[element.Name] {
			return nil, 0, fmt.Errorf("schema has two columns named %q", element.Name)
		}
		seen[element.Name] = true
		column := shardColumn{leaf: -1}
		column.Name = element.Name
		column.Nullable = element.RepetitionType.Valid && element.RepetitionType.V == format.Optional
		column.Type, column.unsigned = columnType(element)
		if column.Readable() {
			column.leaf, column.physical = leaves, element.Type.V
		}
		columns = append(columns, column)
		leaves += under
		at = next
	}
	return columns, leaves, nil
}

// skipSubtree returns the index behind the subtree at schema[at] and the number of its leaves.
func skipSubtree(schema []format.SchemaElement, at int) (next, leaves int, err error) {
	for pending := 1; pending > 0; at++ {
		if at >= len(schema) {
			return 0, 0, fmt.Errorf("schema ends inside column %q", schema[len(schema)-1].Name)
		}
		pending--
		if schema[at].Type.Valid {
			leaves++
			continue
		}
		children := int(schema[at].NumChildren.V)
		if children < 0 || children > len(schema) {
			return 0, 0, fmt.Errorf("column %q claims %d children in a schema of %d elements", schema[at].Name, children, len(schema))
		}
		pending += children
	}
	return at, leaves, nil
}

// columnType names the type of a top-level schema element.
func columnType(e *format.SchemaElement) (name string, unsigned bool) {
	annotation := annotationOf(e)
	if !e.Type.Valid {
		if annotation == "" {
			annotation = "struct"
		}
		return annotation, false
	}
	if e.RepetitionType.Valid && e.RepetitionType.V == format.Repeated {
		return "list", false
	}
	switch e.Type.V {
	case format.Boolean:
		return TypeBool, false
	case format.Float, format.Double:
		return TypeFloat, false
	case format.Int32, format.Int64:
		switch annotation {
		case "", "int":
			return TypeInt, false
		case "uint":
			return TypeInt, true
		}
		return annotation, false
	case format.Int96:
		return "timestamp", false
	case format.ByteArray:
		if annotation == "" {
			return TypeString, false // writers before 2014, and some since, leave out the UTF8 annotation
		}
		return annotation, false
	}
	if annotation == "" {
		annotation = "fixed-length bytes"
	}
	return annotation, false
}

// annotationOf names the logical type, or the converted type that older writers use in its place.
func annotationOf(e *format.SchemaElement) string {
	switch logical := e.LogicalType.Value.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return "string"
	case *format.IntType:
		if !logical.IsSigned {
			return "uint"
		}
		return "int"
	case *format.ListType:
		return "list"
	case *format.MapType:
		return "map"
	case *format.DecimalType:
		return "decimal"
	case *format.DateType:
		return "date"
	case *format.TimeType:
		return "time"
	case *format.TimestampType:
		return "timestamp"
	case *format.NullType:
		return "null"
	case *format.BsonType:
		return "bson"
	case *format.UUIDType:
		return "uuid"
	case *format.Float16Type:
		return "float16"
	case nil:
	default:
		return "unknown"
	}
	if !e.ConvertedType.Valid {
		return ""
	}
	switch e.ConvertedType.V {
	case deprecated.UTF8, deprecated.Enum, deprecated.Json:
		return "string"
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return "int"
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return "uint"
	case deprecated.List:
		return "list"
	case deprecated.Map, deprecated.MapKeyValue:
		return "map"
	case deprecated.Decimal:
		return "decimal"
	case deprecated.Date:
		return "date"
	case deprecated.TimeMillis, deprecated.TimeMicros:
		return "time"
	case deprecated.TimestampMillis, deprecated.TimestampMicros:
		return "timestamp"
	case deprecated.Bson:
		return "bson"
	case deprecated.Interval:
		return "interval"
	}
	return "unknown"
}
