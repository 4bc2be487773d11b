package parquetio

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

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
