package parquetio

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Types of values that can be read. Columns of any other type (timestamp, decimal, ...) are listed under a name that
// says what they are, and cannot be read.
const (
	TypeString = "string"
	TypeInt    = "int"
	TypeFloat  = "float"
	TypeBool   = "bool"
)

// Readable says whether [Dataset.Scan] can read the column.
func (c Column) Readable() bool {
	switch c.Type {
	case TypeString, TypeInt, TypeFloat, TypeBool:
		return true
	}
	return false
}

// leafType names the type of the values of a schema element that has no children.
func leafType(e *format.SchemaElement) (name string, unsigned bool) {
	annotation := annotationOf(e)
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
