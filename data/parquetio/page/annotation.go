package page

import (
	"cmp"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Annotation names the logical type, or the converted type that older writers use in its place; "" where a schema
// element has neither.
func Annotation(e *format.SchemaElement) string {
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
	return cmp.Or(converted[e.ConvertedType.V], "unknown")
}

var converted = map[deprecated.ConvertedType]string{
	deprecated.UTF8: "string", deprecated.Enum: "string", deprecated.Json: "string", deprecated.Bson: "bson",
	deprecated.Int8: "int", deprecated.Int16: "int", deprecated.Int32: "int", deprecated.Int64: "int",
	deprecated.Uint8: "uint", deprecated.Uint16: "uint", deprecated.Uint32: "uint", deprecated.Uint64: "uint",
	deprecated.List: "list", deprecated.Map: "map", deprecated.MapKeyValue: "map", deprecated.Decimal: "decimal",
	deprecated.Date: "date", deprecated.TimeMillis: "time", deprecated.TimeMicros: "time",
	deprecated.TimestampMillis: "timestamp", deprecated.TimestampMicros: "timestamp", deprecated.Interval: "interval",
}
